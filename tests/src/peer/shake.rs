//! The handshake, answered by hand so that it can be wrong.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::act;
use super::ledger::Visit;
use super::routes::{self, Answer};
use rejoin_test_support::request::RequestHead;

/// Answers an upgrade request and serves what follows. A failure of the connection ends it, which the ledger shows.
pub(super) async fn serve(mut stream: TcpStream, head: &RequestHead, visit: &Visit) {
    visit.asked(
        head.header("sec-websocket-protocol").unwrap_or_default(),
        head.text("tag").unwrap_or_default(),
    );
    let answer = match routes::read(head, visit.number) {
        Ok(answer) => answer,
        Err(what) => return refuse(stream, 400, &what).await,
    };
    match answer {
        Answer::Refuse { status } => refuse(stream, status, "refused as asked for").await,
        Answer::Silent => {
            // Until the client goes.
            let mut rest = [0; 1024];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
        Answer::Accept { protocol, route } => {
            let Some(key) = head.header("sec-websocket-key") else {
                return refuse(stream, 400, "there is no Sec-WebSocket-Key").await;
            };
            let accept = derive_accept_key(key.as_bytes());
            let protocol =
                protocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
            let response = format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {accept}\r\n{protocol}\r\n"
            );
            let page = Arc::clone(&visit.page);
            // Before the answer, or a client that opens at once could command what nobody hears yet.
            let commands = page.commands();
            // So is the count, or a client could ask for it before it is right.
            page.note(|record| {
                record.opened += 1;
                record.open_now += 1;
            });
            if stream.write_all(response.as_bytes()).await.is_ok() {
                act::serve(stream, route, &page, commands).await;
            }
            page.note(|record| record.open_now -= 1);
        }
    }
}

async fn refuse(mut stream: TcpStream, status: u16, what: &str) {
    let response = format!(
        "HTTP/1.1 {status} Refused\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{what}",
        what.len()
    );
    // A client that went meanwhile needs no answer.
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}
