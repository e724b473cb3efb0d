//! Settings of the connection below a session that concern providers and the page, and the check of all settings.

use std::time::Duration;

use super::{ConnectError, SessionBuilder};
use crate::LogRecord;

/// The most subprotocols of the application's own, and their bytes: HELLO has 4,096 besides the token.
const MAX_PROTOCOLS: usize = 32;
const MAX_PROTOCOL_BYTES: usize = 1_024;

impl SessionBuilder {
    /// Looks for settings that can't work.
    pub(super) fn check_all(&self) -> Result<(), ConnectError> {
        self.machine.check()?;
        if self.max_disagreed == Some(0) {
            let error = rejoin_protocol::InvalidConfig::Zero { setting: "max_disagreed" };
            return Err(crate::OpenError::from(error).into());
        }
        rejoin_protocol::check_subprotocols(&self.machine.protocols).map_err(crate::OpenError::from)?;
        let names = self.machine.protocols.iter();
        if names.len() > MAX_PROTOCOLS || names.map(|name| name.len() + 1).sum::<usize>() > MAX_PROTOCOL_BYTES
        {
            return Err(ConnectError::ProtocolsTooLarge { names: MAX_PROTOCOLS, bytes: MAX_PROTOCOL_BYTES });
        }
        Ok(())
    }

    /// How long a provider ([`asking`](Self::asking), [`auth_from`](Self::auth_from)) may take before its attempt fails
    /// with [`ClosedBy::ProviderTimeout`](crate::ClosedBy::ProviderTimeout). Default 60 s.
    #[must_use]
    pub fn provider_timeout(mut self, timeout: Duration) -> Self {
        self.link = self.link.provider_timeout(timeout);
        self
    }

    /// How long the page may be hidden before attempts pause; see [`Builder::pause_hidden_after`](crate::Builder::pause_hidden_after). Default `None`.
    #[must_use]
    pub fn pause_hidden_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.link = self.link.pause_hidden_after(time);
        self
    }

    /// How long the page may be hidden before the connection is closed; see [`Builder::close_hidden_after`](crate::Builder::close_hidden_after). Default
    /// `None`.
    #[must_use]
    pub fn close_hidden_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.link = self.link.close_hidden_after(time);
        self
    }

    /// Whether the connection is closed when the page goes into the back-forward cache; see
    /// [`Builder::close_on_page_hide`](crate::Builder::close_on_page_hide). Default true.
    #[must_use]
    pub fn close_on_page_hide(mut self, close: bool) -> Self {
        self.link = self.link.close_on_page_hide(close);
        self
    }

    /// Calls `hook` with a record of whatever the session and its connection do; see
    /// [`Builder::log`](crate::Builder::log). What the hook sends is recorded when it goes out, so that it should not send
    /// for each [`LogRecord::Sent`]. Default: none.
    ///
    /// ```no_run
    /// # fn example() -> Result<(), rejoin::session::ConnectError> {
    /// let session = rejoin::Session::builder("wss://example.org/session").log(|record| println!("{record}")).open()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn log(mut self, hook: impl Fn(&LogRecord) + 'static) -> Self {
        self.link = self.link.log(hook);
        self
    }
}
