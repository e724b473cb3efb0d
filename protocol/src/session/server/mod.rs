//! The server's end of a session: what it keeps of the session, and of each of its connections.

mod calling;
mod connection;
mod feed;
mod greeting;
mod outgoing;
mod request;
mod session;

pub use connection::{ServerConnection, Timing};
pub use feed::{FeedEntry, FeedStart};
pub use greeting::{Claim, HelloRefusal, Judgement};
pub use request::{Request, Task};
pub use session::{Greeting, ServerSession};
