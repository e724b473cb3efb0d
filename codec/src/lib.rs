//! Typed messages for both ends of a WebSocket connection.
//!
//! A [`Codec`] turns values into frames and frames into values; an [`Endpoint`] names a path, a subprotocol,
//! a codec and both message types once, so that client and server can't disagree about them. A [`Channel`] does so
//! for what goes through a session's channel: entries, volatile messages and presence.
//!
//! ```
//! use rejoin_codec::{Codec, Decode, Encode, Frame, FrameRef};
//! # #[cfg(feature = "json")] {
//! use rejoin_codec::Json;
//!
//! #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
//! struct Greeting { text: String }
//!
//! let frame = Json::encode(&Greeting { text: "hello".into() })?;
//! assert_eq!(frame, Frame::Text(r#"{"text":"hello"}"#.into()));
//! let back: Greeting = Json::decode(frame.as_ref())?;
//! assert_eq!(back.text, "hello");
//! # }
//! # Ok::<(), rejoin_codec::CodecError>(())
//! ```
//!
//! | feature | codec | messages | default |
//! |---|---|---|---|
//! | `json` | [`Json`] | text | yes |
//! | `msgpack` | `MsgPack` | binary, with field names | no |
//! | `postcard` | `Postcard` | binary, without field names | no |
//! | - | [`Raw`] | whatever the value is: text or bytes | always |

mod bytes;
mod channel;
mod codec;
mod endpoint;
mod error;
mod frame;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "msgpack")]
mod msgpack;
mod nothing;
#[cfg(feature = "postcard")]
mod postcard;
mod raw;

pub use bytes::{from_bytes, to_bytes};
pub use channel::Channel;
pub use codec::{Codec, Decode, Encode};
pub use endpoint::Endpoint;
pub use error::CodecError;
pub use frame::{Frame, FrameRef};
#[cfg(feature = "json")]
pub use json::Json;
#[cfg(feature = "msgpack")]
pub use msgpack::MsgPack;
pub use nothing::Nothing;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;
pub use raw::Raw;
