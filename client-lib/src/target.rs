//! Where to connect: fixed, or from a provider that each attempt calls.

use std::fmt;
use std::future::Future;
use std::rc::Rc;

use rejoin_protocol::check_subprotocols;

use crate::asking::Asking;
use crate::{Message, OpenError};
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::{slim_cell::SlimCell, transport::WebSocket};

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

/// What to do with the answer of a source.
pub(crate) type Answer = Box<dyn FnOnce(Result<Target, TargetError>)>;

/// Where targets come from. A trait object rather than an enum, so that a client with a fixed target does not
/// carry the code of the others.
pub(crate) trait Source {
    /// Gives a target that has been checked for an attempt, now or later. Dropping what it returns drops what is still being asked.
    fn target(&self, attempt: u32, answer: Answer) -> Option<Asking>;

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

pub(crate) struct Fixed(pub(crate) Target);

impl Source for Fixed {
    fn target(&self, _: u32, answer: Answer) -> Option<Asking> {
        answer(Ok(self.0.clone()));
        None
    }

    fn fixed(&self) -> Option<&Target> {
        Some(&self.0)
    }
}

pub(crate) struct Asked<F>(pub(crate) Rc<F>);

impl<F, Fut> Source for Asked<F>
where
    F: Fn(u32) -> Fut + 'static,
    Fut: Future<Output = Result<Target, TargetError>> + 'static,
{
    fn target(&self, attempt: u32, answer: Answer) -> Option<Asking> {
        let provider = self.0.clone();
        let call = Box::pin(async move {
            let target = provider(attempt).await?;
            target.check().map_err(|error| TargetError(error.to_string()))?;
            Ok(target)
        });
        Some(Asking::begin(call, answer))
    }
}

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
pub(crate) struct Adopted {
    pub(crate) socket: SlimCell<Option<WebSocket>>,
    pub(crate) target: Target,
}

#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
impl Source for Adopted {
    fn target(&self, _: u32, answer: Answer) -> Option<Asking> {
        answer(Ok(self.target.clone()));
        None
    }

    fn fixed(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn existing(&self) -> Option<WebSocket> {
        self.socket.take()
    }
}
