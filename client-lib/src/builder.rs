//! The builder: settings in, a connection out.

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use rejoin_codec::Endpoint;
use rejoin_protocol::{Backoff, Closed, ClosedBy, LinkConfig, QueueLimits, Watermarks, check_subprotocols};

use crate::asking::Asked;
use crate::driver::Driver;
use crate::line::WaitLimits;
use crate::log::Hook;
use crate::options::Options;
use crate::target::TargetError;
use crate::telling::Decides;
use crate::transport::BinaryType;
use crate::{KeepAlive, LogRecord, Message, OpenError, ReceiveLimits, Socket, State, Target};
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::{options::Adopts, slim_cell::SlimCell, transport::WebSocket};

/// Settings of a connection, each with a default; [`open`](Self::open) and [`connect`](Self::connect) make one.
///
/// ```no_run
/// use rejoin::{Backoff, KeepAlive, Socket};
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), rejoin::OpenError> {
/// let socket = Socket::builder("wss://example.org/feed")
///     .protocol("feed.v1")
///     .reconnect(Backoff::default().with_cap(Duration::from_secs(5)))
///     .keep_alive(KeepAlive::text("ping", "pong"))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
pub struct Builder {
    /// To be changed by [`link_mut`](Self::link_mut), but for what needs no check.
    pub(crate) link: LinkConfig,
    pub(crate) options: Options,
    seed: Option<u64>,
    /// Looks for settings that can't work. A pointer, so that a client which sets nothing does not carry the code.
    check: fn(&Self) -> Result<(), OpenError>,
}

/// Long enough for a person to sign in.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(60);

impl Builder {
    fn with(target: Target) -> Self {
        let mut link = LinkConfig::default();
        link.provider_timeout = Some(PROVIDER_TIMEOUT);
        let options = Options {
            target,
            source: None,
            #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
            adopts: SlimCell::default(),
            binary_type: BinaryType::Arraybuffer,
            waiting: WaitLimits::default(),
            receive: ReceiveLimits::default(),
            decider: None,
            first: None,
            log: None,
            rider: None,
            pauses: None,
            close_on_page_hide: true,
            greet: None,
            insist: None,
        };
        Self { link, options, seed: None, check: Self::check_url }
    }

    /// The URL to connect to, as it was given; `None` if it is [asked for](Self::asking).
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.options.source.is_none().then_some(&self.options.target.url)
    }

    /// The subprotocols to offer; none if they are [asked for](Self::asking).
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.options.target.protocols
    }

    /// The link's settings to be changed, and then checked before a connection is made of them.
    pub(crate) fn link_mut(&mut self) -> &mut LinkConfig {
        self.check = Self::check_all;
        &mut self.link
    }

    fn check_url(&self) -> Result<(), OpenError> {
        if self.options.source.is_none() {
            crate::url::check(&self.options.target.url)?;
        }
        Ok(())
    }

    fn check_all(&self) -> Result<(), OpenError> {
        self.link.check()?;
        self.options.receive.check()?;
        self.check_url()?;
        check_subprotocols(&self.options.target.protocols)?;
        Ok(())
    }

    /// A connection to one place.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self::with(Target::new(url))
    }

    /// A connection to an endpoint below `base`, `ws://host` or `wss://host` without a path: its path is appended,
    /// its subprotocol offered and insisted on.
    #[must_use]
    pub fn endpoint<E: Endpoint>(base: &str) -> Self {
        let url = format!("{}{}", base.trim_end_matches('/'), E::PATH);
        let mut builder = Self::new(url);
        if let Some(name) = E::SUBPROTOCOL {
            builder = builder.protocol(name).insist_on_protocol();
        }
        builder
    }

    /// Calls `provider` for URL, subprotocols and first messages with each attempt, whose number it is given: for tokens
    /// that expire and servers that move. A failure counts as a failed attempt.
    ///
    /// One call runs at a time. An attempt whose call takes longer than [`provider_timeout`](Self::provider_timeout)
    /// fails with [`ClosedBy::ProviderTimeout`], and the call goes on: its answer is used when it comes, by the attempt
    /// that waits for it then, or by the next one, which begins at once. A call that outlasts a second attempt as well is
    /// dropped, and the attempt after that calls again. Closing, reconnecting and dropping the connection drop the call.
    ///
    /// ```no_run
    /// # use rejoin::{Builder, Target, TargetError};
    /// # async fn fetch_token() -> Result<String, String> { Ok(String::new()) }
    /// let socket = Builder::asking(|_attempt| async {
    ///     let token = fetch_token().await.map_err(TargetError)?;
    ///     Ok(Target::new("wss://example.org/feed").first(token))
    /// })
    /// .open()?;
    /// # Ok::<(), rejoin::OpenError>(())
    /// ```
    #[must_use]
    pub fn asking<F, Fut>(provider: F) -> Self
    where
        F: Fn(u32) -> Fut + 'static,
        Fut: Future<Output = Result<Target, TargetError>> + 'static,
    {
        let mut builder = Self::with(Target::default());
        let provider = Rc::new(provider);
        builder.options.greet = Some(Driver::greet);
        builder.options.source = Some(Rc::new(Asked::new(move |attempt| {
            let provider = provider.clone();
            Box::pin(async move {
                let target = provider(attempt).await?;
                target.check().map_err(|error| TargetError(error.to_string()))?;
                Ok(target)
            })
        })));
        builder
    }

    /// Takes over a socket that exists already, in whatever state it is; reconnecting goes to its URL, offering the
    /// subprotocol that was agreed; one that is still connecting has agreed to none, so that
    /// [`protocol`](Self::protocol) must name it. What it received before is not seen, and its `binaryType` is set.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    #[must_use]
    pub fn adopt(socket: WebSocket) -> Self {
        let mut target = Target::new(socket.url());
        let agreed = socket.protocol();
        if !agreed.is_empty() {
            target = target.protocol(agreed);
        }
        let mut builder = Self::with(target);
        builder.check = Self::check_all;
        let adopts: Adopts = Box::new(|driver, generation| driver.adopt(generation, socket));
        builder.options.adopts.replace(Some(adopts));
        builder
    }

    /// Offers one more subprotocol (RFC 6455, section 1.9), after those offered already. What the server picked is
    /// told by [`Socket::protocol`](crate::Handle::protocol). With [`asking`](Self::asking) the [`Target`] names
    /// them, and this does nothing.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        if self.options.source.is_none() {
            self.options.target.protocols.push(name.into());
            self.check = Self::check_all;
        }
        self
    }

    /// Fails the attempt with [`ClosedBy::Refused`] if the server picks none of the subprotocols offered. Chromium
    /// does so in any case, Firefox opens the connection. Default off, but on for endpoints.
    ///
    /// Another attempt follows as after any that failed. Chromium does not tell a server that speaks none of them from
    /// one that can't be reached, so that no browser is treated otherwise; where the browser told it, [`Closed::reason`]
    /// says so. Who wants no further attempt decides by [`should_reconnect`](Self::should_reconnect), or limits them
    /// ([`Backoff::with_max_attempts`]).
    #[must_use]
    pub fn insist_on_protocol(mut self) -> Self {
        self.options.insist = Some(Driver::refuse_disagreed);
        self
    }

    /// When to reconnect; `None` never does. Default: [`Backoff::default`].
    #[must_use]
    pub fn reconnect(mut self, backoff: impl Into<Option<Backoff>>) -> Self {
        self.link_mut().reconnect = backoff.into();
        self
    }

    /// Decides after each end whether another attempt follows, instead of [`Closed::is_retryable`], and is asked
    /// after a provider's failure too. What this end closed stays closed. It may call back into the connection.
    #[must_use]
    pub fn should_reconnect(mut self, decide: impl Fn(&Closed) -> bool + 'static) -> Self {
        self.options.decider = Some(Rc::new(Decides(decide)));
        self
    }

    /// How long a provider ([`asking`](Self::asking)) may take before its attempt fails. Default 60 s.
    #[must_use]
    pub fn provider_timeout(mut self, timeout: Duration) -> Self {
        self.link_mut().provider_timeout = Some(timeout);
        self
    }

    /// How long a socket may take to open; what a provider takes does not count. Default 10 s.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.link_mut().connect_timeout = timeout;
        self
    }

    /// How long the close handshake may take before the connection is left. Default 5 s.
    #[must_use]
    pub fn close_timeout(mut self, timeout: Duration) -> Self {
        self.link_mut().close_timeout = timeout;
        self
    }

    /// Pings of the application's own. Default none.
    #[must_use]
    pub fn keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.link_mut().keep_alive = Some(keep_alive.timing);
        self.options.rider = Some(Box::new(keep_alive));
        self
    }

    /// The bounds of the queue while away. Default: [`QueueLimits::default`].
    #[must_use]
    pub fn queue(mut self, limits: QueueLimits) -> Self {
        self.link_mut().queue = limits;
        self
    }

    /// How many calls of [`send`](crate::Handle::send) may wait for room in the queue, and the bytes of their messages. Beyond it they
    /// fail with [`SendError::Full`](crate::SendError::Full). Default 4,096 and 16 MiB.
    #[must_use]
    pub fn max_waiting(mut self, count: usize, bytes: usize) -> Self {
        self.options.waiting = WaitLimits { count, bytes };
        self
    }

    /// How much may be received and not taken. Default: [`ReceiveLimits::default`], 64 MiB. Outside of a browser, with
    /// the feature `native`, a single message that is larger ends the connection as well, with 1009.
    #[must_use]
    pub fn receive(mut self, limits: ReceiveLimits) -> Self {
        self.options.receive = limits;
        self.check = Self::check_all;
        self
    }

    /// How much the browser's own buffer may hold before messages wait in the queue. Default:
    /// [`Watermarks::default`].
    #[must_use]
    pub fn watermarks(mut self, watermarks: Watermarks) -> Self {
        self.link_mut().watermarks = watermarks;
        self
    }

    /// How binary messages are received. Default `Arraybuffer`, other than a browser's own, which is `Blob`.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    #[must_use]
    pub fn binary_type(mut self, binary_type: BinaryType) -> Self {
        self.options.binary_type = binary_type;
        self
    }

    /// What to send first on each connection, before anything queued: a greeting, a token, what to subscribe to. It
    /// is asked at each opening.
    #[must_use]
    pub fn first(mut self, messages: impl Fn() -> Vec<Message> + 'static) -> Self {
        self.options.first = Some(Rc::new(messages));
        self.options.greet = Some(Driver::greet);
        self
    }

    /// Calls `hook` with a record of whatever the connection does: states, attempts, delays, how connections ended, sizes of
    /// messages, what the page says, pings. A record never has payloads, tokens, nor a URL's query, fragment or user info.
    /// The hook may call back in, by a [`WeakHandle`](crate::WeakHandle); what it sends itself is not recorded. Default:
    /// none.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), rejoin::OpenError> {
    /// let socket = rejoin::Socket::builder("wss://example.org/feed")
    ///     .log(|record| println!("{record}"))
    ///     .open()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn log(mut self, hook: impl Fn(&LogRecord) + 'static) -> Self {
        self.options.log = Some(Rc::new(Hook::new(hook)));
        self
    }

    /// The seed of the back-off's jitter, for tests. Default: drawn at random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Begins to connect and returns at once; the state is `Connecting` and messages are queued. A server that can't
    /// be reached is tried again as [`reconnect`](Self::reconnect) says.
    ///
    /// # Errors
    /// What can't become right by trying again: a bad URL, subprotocol or setting, and what the browser itself refuses.
    ///
    /// # Panics
    /// Never in a browser. With the feature `native` elsewhere, outside of a `tokio::task::LocalSet`.
    pub fn open(self) -> Result<Socket, OpenError> {
        let (link, options) = self.prepare()?;
        let driver = Driver::new(link, options);
        begin(&driver)?;
        Ok(Socket::new(driver))
    }

    /// The settings, checked.
    pub(crate) fn prepare(self) -> Result<(LinkConfig, Options), OpenError> {
        (self.check)(&self)?;
        let Self { mut link, options, seed, .. } = self;
        if options.source.is_none() {
            link.provider_timeout = None;
        }
        link.seed = seed.unwrap_or_else(crate::random::seed);
        Ok((link, options))
    }

    /// Connects: resolves when the first attempt has succeeded or failed. Dropping the future closes the attempt.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`OpenError::Failed`] when the first attempt fails, which a dead server makes it
    /// do at once and a silent one after the connect time-out.
    pub async fn connect(self) -> Result<Socket, OpenError> {
        let socket = self.open()?;
        match socket.settled().await {
            State::Open => Ok(socket),
            State::Waiting { last, .. } | State::Closed(Some(last)) => Err(OpenError::Failed(last)),
            _ => Err(OpenError::Failed(Closed::abnormal(ClosedBy::Caller, false, ""))),
        }
    }
}

/// Begins to connect.
pub(crate) fn begin(driver: &Driver) -> Result<(), OpenError> {
    driver.step(rejoin_protocol::Link::open);
    match driver.watch.get() {
        State::Closed(Some(Closed { by: ClosedBy::Provider, reason, .. })) => {
            Err(OpenError::Rejected(reason))
        }
        _ => Ok(()),
    }
}
