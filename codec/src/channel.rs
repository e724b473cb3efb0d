//! The channel: what publishers and subscribers must agree on, named once.

use crate::Codec;

/// The entries of a kind of channels, and how they are written. Implement it in a crate that both ends share; its
/// value names one channel.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use rejoin_codec::{Channel, Json};
///
/// struct Room(u32);
/// impl Channel for Room {
///     type Entry = String;
///     type Codec = Json;
///     fn name(&self) -> String {
///         format!("room/{}", self.0)
///     }
/// }
/// assert_eq!(Room(7).name(), "room/7");
/// # }
/// ```
pub trait Channel: 'static {
    /// What is published.
    type Entry;
    /// How it is written.
    type Codec: Codec;

    /// The channel's name, of at most 255 bytes.
    fn name(&self) -> String;
}
