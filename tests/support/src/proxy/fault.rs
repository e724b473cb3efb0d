//! The faults: what a network, or whoever stands in it, does to connections.

use std::time::Duration;

/// What is done to the connections that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Both ends get a reset.
    Reset,
    /// For so long bytes are taken from both ends and dropped; then both get a reset.
    Swallow(Duration),
    /// The client gets a reset. The server's connection lives: what it sends is taken and dropped until it closes.
    ClientDies,
    /// The server gets a reset. The client's connection lives: what it sends is taken and dropped until it closes.
    ServerDies,
    /// For so long nothing is forwarded; then all is.
    Stall(Duration),
    /// For so long each direction passes so many bytes a second, at least [`Fault::LEAST_RATE`].
    Throttle(usize, Duration),
    /// Both ends get a reset, and for so long so does whoever connects anew.
    Refuse(Duration),
}

impl Fault {
    /// The fewest bytes a second that a throttled direction passes.
    pub const LEAST_RATE: usize = super::connection::GRANTS;

    /// How long it is at work; afterwards the proxy takes and forwards as before.
    #[must_use]
    pub fn duration(self) -> Duration {
        match self {
            Self::Reset | Self::ClientDies | Self::ServerDies => Duration::ZERO,
            Self::Swallow(time) | Self::Stall(time) | Self::Throttle(_, time) | Self::Refuse(time) => time,
        }
    }

    /// Whether it ends connections.
    #[must_use]
    pub fn cuts(self) -> bool {
        !matches!(self, Self::Stall(_) | Self::Throttle(..))
    }

    /// A fault by its name, as the control port knows it.
    ///
    /// # Errors
    /// Says which names there are.
    pub fn named(name: &str, time: Duration, rate: usize) -> Result<Self, String> {
        match name {
            "reset" => Ok(Self::Reset),
            "swallow" => Ok(Self::Swallow(time)),
            "client-dies" => Ok(Self::ClientDies),
            "server-dies" => Ok(Self::ServerDies),
            "stall" => Ok(Self::Stall(time)),
            "throttle" => Ok(Self::Throttle(rate, time)),
            "refuse" => Ok(Self::Refuse(time)),
            other => Err(format!(
                "kind={other}: use reset, swallow, client-dies, server-dies, stall, throttle or refuse"
            )),
        }
    }
}
