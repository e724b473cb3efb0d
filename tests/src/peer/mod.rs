//! A WebSocket server for tests of clients: what it does to a connection is said by the URL's path and query.
//!
//! Each test uses a `key` of its own (`?key=…`), under which the peer counts what it sees and takes commands:
//! `GET /stats?key=…` tells the counts, `GET /stats?key=…&until=open_now.le.0` once they are so,
//! `GET /command?key=…&do=cut` acts on the key's open connections. See [`help`] for all of it.

mod act;
mod control;
mod ledger;
mod routes;
mod session;
mod shake;
mod sink;
mod throttled;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use ledger::Ledger;
use rejoin_test_support::request::RequestHead;

pub use control::help;

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves for ever, at most so many connections at once; what comes beyond is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, connections: usize) -> io::Result<()> {
    let ledger = Arc::new(Ledger::default());
    let slots = Arc::new(Semaphore::new(connections));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // The client went before it was accepted, or descriptors are short: neither is the listener's end.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else { continue };
        let ledger = ledger.clone();
        tokio::spawn(async move {
            serve_one(stream, &ledger).await;
            drop(slot);
        });
    }
}

async fn serve_one(mut stream: TcpStream, ledger: &Arc<Ledger>) {
    let Ok(Ok(head)) = tokio::time::timeout(HEAD_TIMEOUT, RequestHead::read(&mut stream)).await else {
        return;
    };
    // Small messages shall not wait for one another: tests measure order and counts, and some of them time.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    if head.is_upgrade() {
        let visit = ledger.visit(head.key());
        tokio::select! {
            () = shake::serve(stream, &head, &visit) => {}
            () = visit.page.over() => {}
        }
    } else {
        control::serve(stream, &head, ledger).await;
    }
}
