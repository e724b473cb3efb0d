//! What the two ends say first: who they are and where they stand.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Alias, Body};

/// A session's identity: when it was born, and 96 random bits. It is not shown to other clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// Milliseconds since the Unix epoch, by the clock of the server that issued it.
    pub born: u64,
    /// Random bits.
    pub random: [u8; 12],
}

/// What proves a session's identity to every instance of a server: a MAC of the id and its principal.
pub type Token = [u8; 32];

/// Which session a client resumes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: Token,
    /// The incarnation of its numbering, or `None` where only the identity is kept.
    pub incarnation: Option<u64>,
}

/// Without the token.
impl fmt::Debug for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Resume");
        shown.field("id", &self.id).field("incarnation", &self.incarnation).finish_non_exhaustive()
    }
}

/// Where an end stands with the numbered frames of both directions, said in HELLO and WELCOME.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The next frame that it expects.
    pub received: u64,
    /// The byte position of that frame.
    pub position: u64,
    /// Up to which byte position the other end may send.
    pub credit: u64,
    /// The credit that it gives where its receiving begins anew at 0.
    pub window: u64,
    /// The first frame that it still holds.
    pub send_first: u64,
    /// The number of the next new frame that it will send.
    pub send_next: u64,
}

/// The first frame of a client, alone in its message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hello {
    /// Features that the client knows, as bits. Unknown ones are ignored.
    pub features: u64,
    /// The session to resume, if there is one.
    pub resume: Option<Resume>,
    /// Grows with every connection of a session.
    pub attempt: u64,
    /// Where the client stands.
    pub standing: Standing,
    /// What authenticates the client beside a cookie: a token of the application's.
    pub auth: Option<Body>,
    /// The application's own subprotocols, the preferred first.
    pub protocols: Vec<String>,
    /// The largest message that the client takes, in bytes.
    pub max_message: u64,
    /// Name and version of the client, for logs.
    pub client: String,
}

/// What became of a HELLO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The same session, with its messages.
    Resumed,
    /// The same identity; its session messages are lost, its publications go on.
    Kept,
    /// A new session.
    Fresh,
}

/// The server's answer to HELLO.
#[derive(Clone, PartialEq, Eq)]
pub struct Welcome {
    /// What became of the HELLO.
    pub outcome: Outcome,
    /// Features that both ends know.
    pub features: u64,
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: Token,
    /// The incarnation of its numbering.
    pub incarnation: u64,
    /// The client's own name as others see it.
    pub alias: Alias,
    /// Where the server stands.
    pub standing: Standing,
    /// The application's subprotocol that was chosen.
    pub protocol: Option<String>,
    /// The largest message that the server takes, in bytes.
    pub max_message: u64,
    /// The largest publication that the server takes, in bytes.
    pub max_publication: u64,
    /// Publications that may be without an answer on this connection.
    pub max_publications: u64,
    /// Channels in which publications may be without an answer on this connection.
    pub max_channels: u64,
    /// The largest token that the server takes in HELLO and AUTH, in bytes.
    pub max_auth: u64,
    /// The time between two PINGs of the server, in milliseconds.
    pub ping_interval: u64,
    /// How long the session outlives its connection, in milliseconds.
    pub ttl: u64,
    /// The name of the server's instance, for logs.
    pub instance: String,
}

/// Without the token.
impl fmt::Debug for Welcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Welcome");
        shown.field("outcome", &self.outcome);
        shown.field("features", &self.features);
        shown.field("id", &self.id);
        shown.field("incarnation", &self.incarnation);
        shown.field("alias", &self.alias);
        shown.field("standing", &self.standing);
        shown.field("protocol", &self.protocol);
        shown.field("max_message", &self.max_message);
        shown.field("max_publication", &self.max_publication);
        shown.field("max_publications", &self.max_publications);
        shown.field("max_channels", &self.max_channels);
        shown.field("max_auth", &self.max_auth);
        shown.field("ping_interval", &self.ping_interval);
        shown.field("ttl", &self.ttl);
        shown.field("instance", &self.instance);
        shown.finish_non_exhaustive()
    }
}
