//! Leaving: the closing handshake and the end of the transport (RFC 6455, section 7.1).

use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::driver::{Cause, Driver};

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Says goodbye as the cause asks for, within [`Limits::close_timeout`](crate::Limits::close_timeout), and
    /// leaves a transport that can be dropped.
    pub(crate) async fn leave(&mut self, cause: Cause) {
        let timeout = self.limits.close_timeout;
        let farewell = async {
            let understood = match cause {
                Cause::Gone(_) => return,
                // Flushes the answer that was queued when the peer's close frame was read.
                Cause::Peer(_) => self.ws.flush().await.is_ok(),
                Cause::Close(close) => {
                    if self.ws.send(WsMessage::Close(Some(close.to_frame()))).await.is_err() {
                        return;
                    }
                    // Messages that crossed our close frame are dropped, as the standard allows.
                    loop {
                        match self.ws.next().await {
                            Some(Ok(message)) if message.is_close() => break true,
                            Some(Ok(_)) => {}
                            Some(Err(_)) | None => break false,
                        }
                    }
                }
                Cause::Crowded(close) => {
                    // What waits in the socket's buffer is memory too: nothing is waited for.
                    let frame = WsMessage::Close(Some(close.to_frame()));
                    let _blocked = self.ws.send(frame).now_or_never();
                    return;
                }
                Cause::Fail(close) => {
                    if self.ws.send(WsMessage::Close(Some(close.to_frame()))).await.is_err() {
                        return;
                    }
                    false
                }
            };
            // Both have said goodbye: nothing can come any more, and the server ends the transport first.
            if self.ws.get_mut().shutdown().await.is_ok() && !understood {
                self.linger().await;
            }
        };
        if tokio::time::timeout(timeout, farewell).await.is_err() {
            tracing::debug!(
                id = self.shared.info.id,
                "the peer did not finish the closing handshake in time"
            );
        }
    }

    /// Reads what still comes, to its end. Dropping a socket with unread bytes resets it, and a reset may
    /// overtake the close frame, so that the peer would never learn why.
    async fn linger(&mut self) {
        let io = self.ws.get_mut();
        let mut sink = [0; 4096];
        while matches!(io.read(&mut sink).await, Ok(1..)) {}
    }
}
