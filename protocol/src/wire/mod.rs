//! The wire format of `rejoin.v1`: frames to bytes and back.

mod body;
mod frame;

pub use body::Body;
pub use frame::{
    Ack, Alias, Answer, Bye, Data, Denial, Epoch, Event, Frame, GapReason, Hello, Member, Missing, Outcome,
    Position, Presence, Publish, Pulse, Resume, SessionId, Since, Standing, SubOutcome, Subscribe, Target,
    Token, Welcome,
};
