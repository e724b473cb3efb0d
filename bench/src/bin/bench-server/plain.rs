//! The other end of plain WebSockets: sends so many messages, takes so many, or sends back.

use std::error::Error;

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

pub(crate) async fn upgrade(mut request: Request) -> Result<Response, StatusCode> {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).ok_or(StatusCode::BAD_REQUEST)?;
    let accept = derive_accept_key(key.as_bytes());
    let upgrading = hyper_upgrade(&mut request);
    tokio::spawn(async move {
        if let Some(socket) = upgrading.await {
            // A page that leaves in the middle is reported by the page itself.
            let _ = serve(socket).await;
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .body(axum::body::Body::empty())
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

type Socket = WebSocketStream<hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>>;

fn hyper_upgrade(request: &mut Request) -> impl Future<Output = Option<Socket>> + use<> {
    let upgrade = hyper::upgrade::on(request);
    async move {
        let upgraded = hyper_util::rt::TokioIo::new(upgrade.await.ok()?);
        let config = WebSocketConfig::default().read_buffer_size(64 << 10);
        Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await)
    }
}

async fn serve(mut socket: Socket) -> Result<(), Box<dyn Error + Send + Sync>> {
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["send", "me", count, size] => {
                let payload = Bytes::from(vec![7; size.parse()?]);
                for _ in 0..count.parse::<u64>()? {
                    socket.feed(Message::Binary(payload.clone())).await?;
                }
                socket.flush().await?;
            }
            ["take", count] => {
                let mut missing: u64 = count.parse()?;
                while missing > 0 {
                    let message = socket.next().await.ok_or("the page left")??;
                    if message.is_binary() {
                        missing -= 1;
                    }
                }
                socket.send(Message::text("taken")).await?;
            }
            _ => socket.send(Message::Text(text)).await?,
        }
    }
    Ok(())
}
