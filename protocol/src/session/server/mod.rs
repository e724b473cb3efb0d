//! The server's end of a session: what it keeps of the session, and of each of its connections.

mod calling;
mod connection;
mod feed;
mod greeting;
mod outgoing;
mod request;
mod session;

pub use connection::ServerConnection;
pub use feed::{FeedEntry, FeedStart};
pub use greeting::{Claim, HelloRefusal, Judgement};
pub use request::{Request, Task, Timing};
pub use session::{Greeting, ServerSession};
