//! The coursework's speed test: any text is answered with the whole file as one binary message.

use rejoin_server::{Close, CloseCode, Connection};

use super::file::File;
use super::transfers::{Tagged, Transfers};

/// Serves one connection. The message shares the file's buffer and goes out in fragments, and the next
/// request waits until there is room for the next answer; so a stalled client costs next to nothing.
pub(crate) async fn serve(file: &File, transfers: &Transfers, mut connection: Connection) {
    let id = connection.info().id;
    let mut tagged = Tagged::new(transfers, connection.sender());
    while let Some(message) = connection.recv().await {
        let Some(text) = message.as_text() else {
            let reason = "this speed test takes text messages, not binary ones";
            connection.close(Close::new(CloseCode::UNSUPPORTED, reason));
            break;
        };
        tracing::info!(id, "classic speed test: file asked for");
        tagged.requested(text);
        if connection.send(file.whole()).await.is_err() {
            break;
        }
    }
}
