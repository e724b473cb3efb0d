//! The endpoint: what both ends must agree on, named once.

use crate::Codec;

/// Path, subprotocol, codec and both message types of a connection. Implement it for a unit type in a crate
/// that client and server share.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use rejoin_codec::{Endpoint, Json};
///
/// struct Clock;
/// impl Endpoint for Clock {
///     const PATH: &'static str = "/ws/clock";
///     const SUBPROTOCOL: Option<&'static str> = Some("clock.v1");
///     type Codec = Json;
///     type ToServer = String;
///     type ToClient = u64;
/// }
/// # }
/// ```
pub trait Endpoint: 'static {
    /// The path of the URL, beginning with a slash.
    const PATH: &'static str;
    /// The subprotocol to offer and to insist on (RFC 6455, section 1.9), or none.
    const SUBPROTOCOL: Option<&'static str>;
    /// How messages are written.
    type Codec: Codec;
    /// What the client sends.
    type ToServer;
    /// What the server sends.
    type ToClient;
}
