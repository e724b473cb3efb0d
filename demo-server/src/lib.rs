//! The demo's native server: it serves the built app, an echo, a chat and a speed test.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! println!("listening on http://{}", listener.local_addr()?);
//! demo_server::run(listener, demo_server::Config::default(), std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Addresses
//! | address | what |
//! |---|---|
//! | `/`, `/chat`, `/speed`, `/lab` | the app |
//! | `/health` | JSON: status, connections, uptime |
//! | `/api/info` | JSON: version, addresses of the sockets, limits |
//! | `/api/sessions` | JSON: what the sessions' hub has counted |
//! | `/api/file` | 10,000,000 bytes over plain HTTP |
//! | `/ws/echo` | sends each message back, text as text and binary as binary |
//! | `/ws/chat` | the coursework's chat, without a subprotocol |
//! | `/ws/session` | sessions by `rejoin.v1`: the chat's rooms as channels `room/NAME`, an echo of session messages |
//! | `/ws/speed` | the streamed test with subprotocol `speed.rejoin.v1`, the coursework's without |
//! | `/ws` | with `--classic`: the coursework's chat or speed test |
//!
//! The coursework's chat and the rooms are separate worlds: neither hears the other.
//!
//! # Close codes
//! Beside those of [`rejoin_server`] and of `rejoin.v1`:
//!
//! | what came | code | why this one |
//! |---|---|---|
//! | binary in the coursework's chat, or in the coursework's speed test | 1003 | RFC 6455: a type of data that the endpoint can't accept |
//! | text of a typed subprotocol that is no request of it | 4400 | 1007 is for data that does not fit its WebSocket type, and text that is not JSON is still text; codes from 4000 on are for what two ends agree on by their subprotocol |
//! | more messages in rooms than `--chat-rate` allows | none: the session tries again later | an eager person is no attacker |
//! | ten times more than that in the coursework's chat | 1008 | RFC 6455: a message that violates a policy |
//! | a reader of the coursework's chat with more than `--send-queue-bytes` waiting | 1013 | it may come back |

mod chat;
mod config;
mod csp;
mod echo;
mod error;
mod files;
mod page;
mod rooms;
mod router;
mod server;
mod session;
mod signal;
mod speed;

use std::future::Future;

use rejoin_server::{Close, CloseCode, CodecError, Endpoint};
use tokio::net::TcpListener;

pub use config::{Classic, Config};
pub use error::RunError;
pub use server::Server;
pub use signal::stop_signal;

/// Serves on a listener until `shutdown` resolves; then closes every WebSocket with 1012 and returns.
///
/// # Errors
/// When the configuration can't be used, before anything is served.
pub async fn run(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    Server::new(config)?.run(listener, shutdown).await
}

/// The code for a text of a typed subprotocol that is no request of it.
const UNDECODABLE: u16 = 4400;

/// How a connection is closed on which such a text came.
fn undecodable<E: Endpoint>(error: &CodecError) -> Close {
    let subprotocol = E::SUBPROTOCOL.unwrap_or(E::PATH);
    let code = CloseCode::own(UNDECODABLE).unwrap_or(CloseCode::POLICY);
    Close::new(code, format!("no request of {subprotocol}: {error}"))
}
