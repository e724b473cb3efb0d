//! The channel: what publishers and subscribers must agree on, named once.

use crate::Codec;

/// What goes through a kind of channels, and how it is written. Implement it in a crate that both ends share; its
/// value names one channel. What such a channel does not have is [`Nothing`](crate::Nothing), which can't be sent.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use rejoin_codec::{Channel, Json, Nothing};
///
/// struct Room(u32);
/// impl Channel for Room {
///     type Entry = String;
///     type Volatile = Nothing;
///     type Presence = Nothing;
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
    /// What is sent to those who follow the channel, and may be lost.
    type Volatile;
    /// What those who follow it are listed with.
    type Presence;
    /// How all of these are written.
    type Codec: Codec;

    /// The channel's name, of at most 255 bytes.
    fn name(&self) -> String;
}
