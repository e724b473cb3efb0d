//! The speed test: the coursework's, and the streamed one with a subprotocol.

mod classic;
mod file;
mod typed;

use rejoin_server::Connection;

pub(crate) use file::File;

/// Serves one connection, by its subprotocol.
pub(crate) async fn serve(file: File, connection: Connection) {
    if connection.info().subprotocol.is_some() {
        typed::serve(&file, connection).await;
    } else {
        classic::serve(&file, connection).await;
    }
}
