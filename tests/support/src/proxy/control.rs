//! The proxy's control port: commands by HTTP, which any page may give.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::{Fault, Shared};
use crate::request::RequestHead;

/// How long a client may take for its request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a fault lasts and how much it lets through, where the request does not say.
const TIME_MS: u64 = 500;
const RATE: usize = 20_000;

/// What the control port can do, for a person.
#[must_use]
pub fn help() -> &'static str {
    "/strike?kind=KIND&ms=&rate=   does this to all connections that are open; answers how many they were
  KIND: reset | swallow (for ms, then reset) | client-dies | server-dies (the other end's connection lives)
        | stall (for ms) | throttle (to rate bytes a second, for ms) | refuse (new connections too, for ms)
/connections                  how many are open
"
}

pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                // Whoever is slower gets no answer.
                tokio::spawn(
                    async move { drop(tokio::time::timeout(PATIENCE, answer(stream, &shared)).await) },
                );
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, shared: &Shared) {
    let Ok(head) = RequestHead::read(&mut stream).await else { return };
    let (status, body) = match head.path.as_str() {
        "/" => ("200 OK", help().to_owned()),
        "/connections" => ("200 OK", shared.faults.receiver_count().to_string()),
        "/strike" => match fault(&head) {
            Ok(fault) => ("200 OK", shared.strike(fault).to_string()),
            Err(what) => ("400 Bad Request", what),
        },
        path => ("404 Not Found", format!("there is no {path}: GET / lists what is")),
    };
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nAccess-Control-Allow-Origin: *\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    // A client that went meanwhile needs no answer.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn fault(head: &RequestHead) -> Result<Fault, String> {
    let time = Duration::from_millis(head.number("ms", TIME_MS)?);
    Fault::named(head.text("kind").unwrap_or_default(), time, head.number("rate", RATE)?)
}
