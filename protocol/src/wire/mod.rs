//! The wire format of `rejoin.v1`: frames to bytes and back.
//!
//! The normative text is `docs/protocol.md`; its test vectors are held against this code.
//!
//! ```
//! use rejoin_protocol::wire::{Body, Data, Frame, WireLimits, decode};
//!
//! let frame = Frame::Data(Data { binary: false, first: true, last: true, ack: None, payload: "hello".into() });
//! let mut message = Vec::new();
//! frame.encode(&mut message);
//! assert_eq!(message, b"\x16hello");
//!
//! let frames: Result<Vec<_>, _> = decode(&Body::from(message), &WireLimits::default()).collect();
//! assert_eq!(frames?, [frame]);
//! # Ok::<(), rejoin_protocol::wire::WireError>(())
//! ```

mod batch;
mod body;
mod channel;
mod decode;
mod encode;
mod error;
mod frame;
mod hello;
mod kind;
mod limits;
mod varint;

pub use batch::BatchWriter;
pub use body::Body;
pub use channel::{
    Answer, Epoch, Event, GapReason, Member, Missing, Position, Presence, Publish, Since, SubOutcome,
    Subscribe,
};
pub use decode::{Frames, ServerFrames, decode, decode_from_server};
pub use error::{Fault, Unreadable, WireError};
pub use frame::{Ack, Alias, Bye, Data, Denial, Frame, Pulse, Target};
pub use hello::{Hello, Outcome, Resume, SessionId, Standing, Token, Welcome};
pub use limits::WireLimits;
pub use varint::MAX_INTEGER;
