//! The speed test: the coursework's, and the streamed one with a subprotocol.

mod classic;
mod file;
mod transfers;
mod typed;

use rejoin_server::Connection;

use file::File;
use transfers::Transfers;

/// What all connections of the speed test share. Clones are cheap.
#[derive(Debug, Clone)]
pub(crate) struct SpeedTest {
    pub(crate) file: File,
    transfers: Transfers,
}

impl SpeedTest {
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { file: File::random()?, transfers: Transfers::default() })
    }

    /// Serves one connection, by its subprotocol.
    pub(crate) async fn serve(self, connection: Connection) {
        if connection.info().subprotocol.is_some() {
            typed::serve(&self.file, &self.transfers, connection).await;
        } else {
            classic::serve(&self.file, &self.transfers, connection).await;
        }
    }
}
