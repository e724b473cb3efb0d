//! The builder: settings in, a session out.

use std::future::{Future, poll_fn};
use std::rc::{Rc, Weak};
use std::task::Poll;
use std::time::Duration;

use rejoin_protocol::session::{ClientConfig, ClientSession, SessionLimits, code};
use rejoin_protocol::wire::Body;
use rejoin_protocol::{Backoff, Closed, ClosedBy, KeepAlive, Watermarks};

use super::core::{Core, Setup};
use super::keeper::Kept;
use super::source::{Asks, Credentials, provider};
use super::{Attempt, ConnectError, SUBPROTOCOL, Session, SessionHandle, SessionState, SessionTarget};
use crate::attempt::disagreed;
use crate::driver::Driver;
use crate::options::Decider;
use crate::{Builder, Handle, Socket, Target, TargetError};

/// How many attempts in a row may reach a server that does not speak the protocol.
const MAX_DISAGREED: u32 = 8;

/// What a server made of an attempt that prefers a session and takes less.
pub enum Connected {
    /// It speaks `rejoin.v1`.
    Session(Session),
    /// It does not: a plain connection, without any of a session's promises.
    Plain(Socket),
}

/// Settings of a session, each with a default; [`open`](Self::open) and [`connect`](Self::connect) make one.
///
/// ```no_run
/// use rejoin::{Backoff, Session, TargetError};
/// use std::time::Duration;
///
/// # async fn fetch_token(cached: bool) -> Result<String, String> { Ok(String::new()) }
/// # async fn example() -> Result<(), rejoin::session::ConnectError> {
/// let session = Session::builder("wss://example.org/session")
///     .auth_from(|attempt| async move { fetch_token(!attempt.fresh_auth).await.map_err(TargetError) })
///     .protocol("chat.v2")
///     .reconnect(Backoff::default().with_cap(Duration::from_secs(5)))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct SessionBuilder {
    pub(super) target: SessionTarget,
    /// Who is asked for the target, instead of the fixed one.
    asks: Option<Asks>,
    pub(super) machine: ClientConfig,
    pub(super) link: Builder,
    drain_timeout: Duration,
    pub(super) max_disagreed: Option<u32>,
    /// Looks for settings that can't work. A pointer, so that a client which sets nothing does not carry the code.
    check: fn(&Self) -> Result<(), ConnectError>,
}

impl SessionBuilder {
    fn with(target: SessionTarget, asks: Option<Asks>) -> Self {
        let mut machine = ClientConfig::default();
        machine.client = concat!("rejoin ", env!("CARGO_PKG_VERSION")).into();
        let mut link = Builder::new("").insist_on_protocol();
        // A default needs no check.
        link.link.keep_alive = Some(KeepAlive::default());
        // The machine decides over each end, by a close code policy of its own.
        link.options.decider = Some(Rc::new(Always));
        Self {
            target,
            asks,
            machine,
            link,
            drain_timeout: Duration::from_secs(10),
            max_disagreed: Some(MAX_DISAGREED),
            check: |_| Ok(()),
        }
    }

    /// A session at one place.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self::with(SessionTarget::new(url), None)
    }

    /// Calls `ask` for URL and token with each attempt. A failure counts as a failed attempt. One call runs at a time; what
    /// becomes of one that takes long is said at [`Builder::asking`].
    #[must_use]
    pub fn asking<F, Fut>(ask: F) -> Self
    where
        F: Fn(Attempt) -> Fut + 'static,
        Fut: Future<Output = Result<SessionTarget, TargetError>> + 'static,
    {
        Self::with(SessionTarget::default(), Some(Asks::new(provider(ask))))
    }

    /// What authenticates the client, the same for every attempt: a token of at most [`max_auth`](SessionLimits::max_auth)
    /// bytes, 16 KiB unless it is set, which travels in the first frame and never in the URL. A larger one ends in
    /// [`ConnectError::AuthTooLarge`]; so does one that is larger than the server takes. With [`asking`](Self::asking) the [`SessionTarget`] has it, and this does
    /// nothing.
    #[must_use]
    pub fn auth(mut self, token: impl Into<Body>) -> Self {
        self.target.auth = Some(token.into());
        self
    }

    /// Asks for the token anew with each attempt; after the server refused one, once more and with
    /// [`Attempt::fresh_auth`]. With [`asking`](Self::asking) this does nothing.
    #[must_use]
    pub fn auth_from<F, Fut, T>(mut self, ask: F) -> Self
    where
        F: Fn(Attempt) -> Fut + 'static,
        Fut: Future<Output = Result<T, TargetError>> + 'static,
        T: Into<Body>,
    {
        if self.asks.is_none() {
            let url = self.target.url.clone();
            self.asks = Some(Asks::new(provider(move |attempt| {
                let (url, token) = (url.clone(), ask(attempt));
                async move { Ok(SessionTarget::new(url).auth(token.await?)) }
            })));
        }
        self
    }

    /// Offers one more subprotocol of the application's own, after those offered already. They are offered inside the
    /// session, of which [`SessionEvent::Live`](super::SessionEvent::Live) tells the one chosen.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.machine.protocols.push(name.into());
        self.check = Self::check_all;
        self
    }

    /// The session's limits, all of them: set the fields of a default value. What can't work is refused by
    /// [`open`](Self::open). Default: [`SessionLimits::default`].
    ///
    /// ```
    /// use rejoin::session::SessionLimits;
    ///
    /// let mut limits = SessionLimits::default();
    /// limits.subscriptions = 1_000;
    /// limits.channels = 1_000;
    /// let builder = rejoin::Session::builder("wss://example.org/session").limits(limits);
    /// ```
    #[must_use]
    pub fn limits(mut self, limits: SessionLimits) -> Self {
        self.machine.limits = limits;
        self.check = Self::check_all;
        self
    }

    /// How many calls of [`send`](SessionHandle::send) may wait for room, and how many bytes their messages may have, each 32 more;
    /// and as many of [`publish`](SessionHandle::publish). Beyond it they fail with
    /// [`Refusal::Full`](super::Refusal::Full). Default 4,096 and 16 MiB.
    #[must_use]
    pub fn max_waiting(mut self, count: usize, bytes: usize) -> Self {
        self.link = self.link.max_waiting(count, bytes);
        self
    }

    /// Leaves it to the application to say when the server may forget a message
    /// ([`SessionHandle::release`]), once it has stored it, rather than when it takes it. Then receiving is exactly once
    /// over a reload as well, if the application stores what it took together with that.
    #[must_use]
    pub fn release_by_hand(mut self) -> Self {
        self.machine.release_by_hand = true;
        self
    }

    /// How long the server may take to answer HELLO, above 0. Default 10 s.
    #[must_use]
    pub fn greeting_timeout(mut self, timeout: Duration) -> Self {
        self.machine.greeting_timeout = timeout;
        self.check = Self::check_all;
        self
    }

    /// How long closing waits for what is under way. Default 10 s.
    #[must_use]
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// When to reconnect; `None` never does. Default: [`Backoff::default`].
    #[must_use]
    pub fn reconnect(mut self, backoff: impl Into<Option<Backoff>>) -> Self {
        self.link = self.link.reconnect(backoff);
        self
    }

    /// How many attempts in a row may reach a server that opens the connection and does not speak `rejoin.v1`; then the session
    /// is over, for [`ConnectError::NotAgreed`]; above 0. One such answer need not be the last word: while a service is deployed,
    /// some of its servers may be older ones. `None` tries for ever. Default 8, about half a minute with the default back-off.
    ///
    /// In Chromium this is never known: the browser itself fails such a connection as one to a dead server, with 1006 and
    /// without a reason, and it is tried again as [`reconnect`](Self::reconnect) says.
    #[must_use]
    pub fn max_disagreed(mut self, most: impl Into<Option<u32>>) -> Self {
        self.max_disagreed = most.into();
        self.check = Self::check_all;
        self
    }

    /// How long a socket may take to open; what a provider takes does not count. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.link = self.link.connect_timeout(timeout);
        self
    }

    /// How long the close handshake may take before the connection is left. Default 5 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.link = self.link.close_timeout(timeout);
        self
    }

    /// When to ping, and when silence means that the connection is dead; `None` leaves it to the server to find out.
    /// Default: [`KeepAlive::default`], every 25 s, with 10 s for an answer.
    #[must_use]
    pub fn keep_alive(mut self, timing: impl Into<Option<KeepAlive>>) -> Self {
        self.link.link_mut().keep_alive = timing.into();
        self
    }

    /// How much the browser's own buffer may hold before what is to go waits in the session, where a cut does not lose
    /// it. Default: [`Watermarks::default`].
    #[must_use]
    pub fn watermarks(mut self, watermarks: Watermarks) -> Self {
        self.link = self.link.watermarks(watermarks);
        self
    }

    /// The seed of the back-off's jitter, for tests. Default: drawn at random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.link = self.link.seed(seed);
        self
    }

    /// Begins to connect and returns at once; what is sent waits. A server that can't be reached is tried again as
    /// [`reconnect`](Self::reconnect) says.
    ///
    /// # Errors
    /// What can't become right by trying again: a bad URL, subprotocol or setting, and what the browser itself refuses.
    pub fn open(self) -> Result<Session, ConnectError> {
        self.open_with(None, |_| ())
    }

    /// Opens a session that may be kept, and prepares its machine.
    pub(crate) fn open_with(
        mut self,
        keeper: Option<Kept>,
        prepares: impl FnOnce(&mut ClientSession),
    ) -> Result<Session, ConnectError> {
        self.machine.persistent = keeper.is_some();
        (self.check)(&self)?;
        let max_auth = self.machine.limits.max_auth;
        let credentials = Rc::new(Credentials { max_auth, ..Credentials::default() });
        let mut link = self.link;
        match self.asks {
            Some(asks) => link.options.source = Some((asks.source)(asks.provider, credentials.clone())),
            None => link.options.target = fixed(self.target, &credentials)?,
        }
        let lost_bytes = self.machine.limits.queue_bytes;
        let mut machine = ClientSession::new(self.machine);
        prepares(&mut machine);
        let setup = Setup {
            machine,
            credentials,
            keeper,
            drain_timeout: self.drain_timeout,
            lost_bytes,
            max_disagreed: self.max_disagreed,
        };
        let core = prepare(link, setup)?;
        core.listen();
        core.drive();
        crate::builder::begin(core.socket.driver())?;
        Ok(Session::new(SessionHandle(core)))
    }

    /// Connects: resolves when the server has welcomed this end, or the first attempt has failed; one that the server
    /// refuses to authenticate is followed by one more. An attempt takes at most the
    /// [connect time-out](Self::connect_timeout) and the [greeting time-out](Self::greeting_timeout). Dropping the future closes the attempt.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when the first attempt fails; [`ConnectError::is_retryable`] says whether it is
    /// worth another try.
    pub async fn connect(self) -> Result<Session, ConnectError> {
        let session = self.open()?;
        greeted(&session).await?;
        Ok(session)
    }

    /// Connects as [`connect`](Self::connect) does and, where the attempt fails as it does with a server that does not
    /// speak `rejoin.v1`, connects to the same place without it. A page can't tell such a server from a dead one, so that
    /// a dead one is tried twice. The plain connection has the settings of the session's, none of its promises, and
    /// does not send what authenticates the client, for which a plain server has no place; it offers the application's
    /// own subprotocols. It stays plain when it reconnects.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), rejoin::session::ConnectError> {
    /// use rejoin::session::Connected;
    ///
    /// match rejoin::Session::builder("wss://example.org/feed").connect_or_plain().await? {
    ///     Connected::Session(session) => println!("{:?}", session.state()),
    ///     Connected::Plain(socket) => println!("without promises: {}", socket.url()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect); of the plain attempt if that was the last one.
    pub async fn connect_or_plain(self) -> Result<Connected, ConnectError> {
        let plain = self.plain();
        match self.connect().await {
            Ok(session) => Ok(Connected::Session(session)),
            Err(error) if may_be_plain(&error) => Ok(Connected::Plain(plain.connect().await?)),
            Err(error) => Err(error),
        }
    }

    /// The settings of a plain connection to the same place.
    fn plain(&self) -> Builder {
        let protocols = self.machine.protocols.clone();
        let mut plain = match &self.asks {
            Some(asks) => asks.plain(protocols.clone()),
            None => Builder::new(self.target.url.clone()),
        };
        plain = protocols.into_iter().fold(plain, Builder::protocol);
        *plain.link_mut() = self.link.link.clone();
        // Without a session's pings there is nothing to ask a plain server with.
        plain.link_mut().keep_alive = None;
        plain
    }
}

struct Always;

impl Decider for Always {
    fn wants(&self, _: &Closed) -> bool {
        true
    }
}

/// Whether an attempt failed as it does with a server that knows nothing of sessions.
fn may_be_plain(error: &ConnectError) -> bool {
    match error {
        ConnectError::NotAgreed => true,
        ConnectError::Open(crate::OpenError::Failed(closed)) => closed.by == ClosedBy::Refused,
        _ => false,
    }
}

fn fixed(target: SessionTarget, credentials: &Credentials) -> Result<Target, ConnectError> {
    let SessionTarget { url, auth } = target;
    let limit = credentials.max_auth;
    if let Some(length) = auth.as_ref().map(|auth| auth.len()).filter(|length| *length > limit) {
        return Err(ConnectError::AuthTooLarge { length, limit });
    }
    let target = Target::new(url).protocol(SUBPROTOCOL);
    credentials.auth.replace(auth);
    Ok(target)
}

/// A core over a connection that has not begun to connect.
fn prepare(link: Builder, setup: Setup) -> Result<Rc<Core>, ConnectError> {
    let (link, mut options) = link.prepare()?;
    Ok(Rc::new_cyclic(|this: &Weak<Core>| {
        options.rider = Some(Box::new(this.clone()));
        Core::new(this, Handle::new(Driver::new(link, options)), setup)
    }))
}

/// Waits for the server's welcome.
async fn greeted(session: &SessionHandle) -> Result<(), ConnectError> {
    poll_fn(|context| match session.state() {
        SessionState::Live => Poll::Ready(Ok(())),
        SessionState::Waiting { last, .. } if disagreed(&last) => Poll::Ready(Err(ConnectError::NotAgreed)),
        SessionState::Waiting { last, .. } if last.code != code::UNAUTHENTICATED => {
            Poll::Ready(Err(ConnectError::failed(last)))
        }
        SessionState::Ended(denial) => Poll::Ready(Err(session.0.why_ended(denial))),
        _ => {
            session.0.register(context);
            Poll::Pending
        }
    })
    .await
}
