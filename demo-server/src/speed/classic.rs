//! The coursework's speed test: any text is answered with the whole file as one binary message.

use rejoin_server::{Close, CloseCode, Connection, Message};

use super::file::File;

/// Serves one connection. The message shares the file's buffer and goes out in fragments, and the next
/// request waits until there is room for the next answer; so a stalled client costs next to nothing.
pub(crate) async fn serve(file: &File, mut connection: Connection) {
    let id = connection.info().id;
    while let Some(message) = connection.recv().await {
        if let Message::Binary(_) = message {
            let reason = "this speed test takes text messages, not binary ones";
            connection.close(Close::new(CloseCode::UNSUPPORTED, reason));
            break;
        }
        tracing::info!(id, "classic speed test: file asked for");
        if connection.send(file.whole()).await.is_err() {
            break;
        }
    }
}
