//! Tests of the driver that need no server.

use futures_util::SinkExt;
use tokio::io::AsyncWriteExt;

use super::*;
use crate::account::{Account, Holder, Kind};
use crate::connection::{Connection, First, Info};

fn holder() -> Arc<Holder> {
    Account::new(u64::MAX, u64::MAX).holder(Kind::Connection, None)
}

#[tokio::test]
async fn nothing_is_read_behind_a_first_message_until_the_peer_is_let_in() {
    let (ours, theirs) = tokio::io::duplex(64);
    let info = Info { id: 1, peer: None, subprotocol: None };
    let too_large = Close::new(CloseCode::POLICY, "too large");
    let first = Some(First { max_bytes: 1_000, too_large });
    let (limits, draining) = (Arc::new(Limits::default()), CancellationToken::new());
    let shared = Arc::new(Shared::new(info, holder(), &limits, draining.clone(), false, first));
    let signals = Signals { drain: draining, abort: CancellationToken::new() };
    let driver = Driver::new(ours, Arc::clone(&shared), limits, signals).await;
    let (let_in, waits) = tokio::sync::oneshot::channel::<()>();
    let (heard, hears) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(driver.run(async move {
        let mut connection = Connection::new(shared);
        let first = connection.recv().await;
        waits.await.unwrap();
        connection.admit();
        heard.send((first, connection.recv().await)).unwrap();
    }));
    let mut peer = WebSocketStream::from_raw_socket(theirs, Role::Client, None).await;
    peer.send(WsMessage::binary(vec![1; 1_000])).await.unwrap();
    let (large, behind) = (vec![2; 5_000], vec![2; 5_000]);
    let mut sending = std::pin::pin!(peer.send(WsMessage::binary(large)));
    for _ in 0..100 {
        assert!(sending.as_mut().now_or_never().is_none(), "it was read");
        tokio::task::yield_now().await;
    }
    let_in.send(()).unwrap();
    sending.await.unwrap();
    let (first, second) = hears.await.unwrap();
    assert_eq!(first, Some(Message::Binary(vec![1; 1_000].into())));
    assert_eq!(second, Some(Message::Binary(behind.into())));
    peer.get_mut().shutdown().await.unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn the_task_of_a_connection_is_small() {
    let (ours, _theirs) = tokio::io::duplex(64);
    let info = Info { id: 1, peer: None, subprotocol: None };
    let (limits, draining) = (Arc::new(Limits::default()), CancellationToken::new());
    let shared = Arc::new(Shared::new(info, holder(), &limits, draining.clone(), false, None));
    let signals = Signals { drain: draining, abort: CancellationToken::new() };
    let task = Driver::new(ours, shared, limits, signals).await.run(async {});
    // Every connection holds as much for all its life: 2,912 bytes when this was written.
    assert!(size_of_val(&task) <= 4_096, "{} bytes", size_of_val(&task));
}
