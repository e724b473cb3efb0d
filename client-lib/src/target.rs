//! Where to connect: fixed, or from a provider that each attempt calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};

use rejoin_protocol::check_subprotocols;

use crate::asking::Asking;
use crate::slim_cell::SlimCell;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::transport::WebSocket;
use crate::{Message, OpenError};

/// Where one attempt connects, what it offers, and what it says first.
#[derive(Debug, Clone, Default)]
pub struct Target {
    pub(crate) url: String,
    pub(crate) protocols: Vec<String>,
    pub(crate) first: Vec<Message>,
}

impl Target {
    /// A `ws:`, `wss:`, `http:` or `https:` URL, or a path of the page's own host.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Offers one more subprotocol, after those offered already.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocols.push(name.into());
        self
    }

    /// One more message to send as soon as the connection is open, before anything queued: the place for a token,
    /// which does not belong in a URL, since URLs are logged.
    #[must_use]
    pub fn first(mut self, message: impl Into<Message>) -> Self {
        self.first.push(message.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        crate::url::check(&self.url)?;
        check_subprotocols(&self.protocols)?;
        Ok(())
    }
}

/// Why a [`Target`] could not be had, in words for a person. It counts as a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError(pub String);

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TargetError {}

pub(crate) type Answer = Result<Target, TargetError>;
pub(crate) type Provided = Pin<Box<dyn Future<Output = Answer>>>;

/// What makes connections to targets.
pub(crate) trait Dialer {
    /// The source has an answer to take, for the attempt that waits or for the next; `ok`: it is a target.
    fn answered(&self, ok: bool);
}

/// Where targets come from. A trait object rather than an enum, so that a client with a fixed target does not
/// carry the code of the others.
pub(crate) trait Source {
    /// The target, checked, if it is known: what an earlier call has answered, or a fixed one.
    fn take(&self) -> Option<Answer>;

    /// Calls the provider, unless a call runs; `dialer` is told of the answer.
    fn seek(&self, _attempt: u32, _dialer: Weak<dyn Dialer>) {}

    /// An attempt has ended; `late`: because the answer was.
    fn ended(&self, _late: bool) {}

    /// The target, if it is the same for every attempt: what is wrong with it will not mend itself.
    fn fixed(&self) -> Option<&Target> {
        None
    }

    /// A socket that exists already, for the first attempt.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    fn existing(&self) -> Option<WebSocket> {
        None
    }
}

/// The calls of a provider: at most one runs at a time.
#[derive(Default)]
pub(crate) struct Calls {
    running: SlimCell<Option<Asking>>,
    answer: SlimCell<Option<Answer>>,
}

impl Calls {
    pub(crate) fn take(&self) -> Option<Answer> {
        self.answer.take()
    }

    pub(crate) fn begin(self: &Rc<Self>, dialer: Weak<dyn Dialer>, call: impl FnOnce() -> Provided) {
        if self.running.borrow().is_some() {
            return;
        }
        let calls = Rc::downgrade(self);
        let asking = Asking::begin(
            call(),
            Box::new(move |answer: Answer| {
                let (Some(calls), Some(dialer)) = (calls.upgrade(), dialer.upgrade()) else { return };
                calls.running.take();
                let ok = answer.is_ok();
                calls.answer.replace(Some(answer));
                dialer.answered(ok);
            }),
        );
        self.running.replace(Some(asking));
    }

    /// A call goes on for one more attempt if its answer is late, and is dropped after any other end.
    pub(crate) fn ended(&self, late: bool) {
        if !late || !self.running.borrow().as_ref().is_some_and(Asking::may_be_late) {
            self.running.take();
            self.answer.take();
        }
    }
}

pub(crate) struct Fixed(pub(crate) Target);

impl Source for Fixed {
    fn take(&self) -> Option<Answer> {
        Some(Ok(self.0.clone()))
    }

    fn fixed(&self) -> Option<&Target> {
        Some(&self.0)
    }
}

pub(crate) struct Asked<F> {
    pub(crate) provider: Rc<F>,
    pub(crate) calls: Rc<Calls>,
}

impl<F, Fut> Source for Asked<F>
where
    F: Fn(u32) -> Fut + 'static,
    Fut: Future<Output = Result<Target, TargetError>> + 'static,
{
    fn take(&self) -> Option<Answer> {
        self.calls.take()
    }

    fn seek(&self, attempt: u32, dialer: Weak<dyn Dialer>) {
        let provider = self.provider.clone();
        self.calls.begin(dialer, || {
            Box::pin(async move {
                let target = provider(attempt).await?;
                target.check().map_err(|error| TargetError(error.to_string()))?;
                Ok(target)
            })
        });
    }

    fn ended(&self, late: bool) {
        self.calls.ended(late);
    }
}

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
pub(crate) struct Adopted {
    pub(crate) socket: SlimCell<Option<WebSocket>>,
    pub(crate) target: Target,
}

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
impl Source for Adopted {
    fn take(&self) -> Option<Answer> {
        Some(Ok(self.target.clone()))
    }

    fn fixed(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn existing(&self) -> Option<WebSocket> {
        self.socket.take()
    }
}
