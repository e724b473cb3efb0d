//! The echo: every message comes back, of its kind.

use rejoin_server::Connection;

/// Sends back what comes. A client that does not read its echoes is not read either.
pub(crate) async fn echo(mut connection: Connection) {
    while let Some(message) = connection.recv().await {
        if connection.send(message).await.is_err() {
            break;
        }
    }
}
