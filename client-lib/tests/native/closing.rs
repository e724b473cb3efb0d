//! Closing, by either end, cleanly and not.

use futures::StreamExt;
use rejoin::{Close, ClosedBy, ReceiveLimits, Socket, State};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::rig::{FREEZE, is_closed, next, next_text, on_one_thread, until};
use crate::server::Server;
use rejoin_test_support::proxy::Proxy;
use rejoin_test_support::within;

/// A connection that does not come back, and its other end.
async fn by_hand() -> (Socket, WebSocketStream<TcpStream>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let (socket, peer) = tokio::join!(Socket::builder(url).reconnect(None).connect(), async {
        let (tcp, _) = listener.accept().await.unwrap();
        tokio_tungstenite::accept_async(tcp).await.unwrap()
    });
    (socket.unwrap(), peer)
}

/// The code of the close frame, which is the next thing that comes.
async fn last_code(peer: &mut WebSocketStream<TcpStream>) -> u16 {
    let end = within(peer.next()).await.unwrap().unwrap();
    let Message::Close(Some(frame)) = end else { panic!("{end:?}") };
    frame.code.into()
}

#[test]
fn what_this_end_says_at_the_end_is_heard_behind_what_it_sent() {
    on_one_thread(async {
        let server = Server::echo().await;
        let mut socket = Socket::builder(server.url("/")).connect().await.unwrap();
        for number in 0..100 {
            socket.try_send(number.to_string()).unwrap();
        }
        for number in 0..100 {
            assert_eq!(next_text(&mut socket).await, number.to_string());
        }
        let closed = within(socket.close(Close::new(4000, "bye").unwrap())).await;
        assert_eq!((closed.code, closed.by), (4000, ClosedBy::Caller));
        assert!(closed.was_clean && closed.was_open, "{closed:?}");
        assert_eq!(closed.unsent_bytes, 0);
        assert_eq!(within(socket.next()).await.map(|message| message.to_text()), None);
    });
}

#[test]
fn a_close_without_a_code_is_one() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::connect(server.url("/")).await.unwrap();
        let closed = within(socket.close(Close::without_code())).await;
        assert!(closed.was_clean, "{closed:?}");
    });
}

#[test]
fn the_server_s_code_and_reason_are_told() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::connect(server.url("/")).await.unwrap();
        socket.send("close").await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { panic!() };
        assert_eq!((closed.code, closed.reason.as_str()), (4001, "as you wish"));
        assert_eq!((closed.by, closed.was_clean), (ClosedBy::Server, true));
    });
}

#[test]
fn a_cut_is_no_close() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::builder(server.url("/")).reconnect(None).connect().await.unwrap();
        socket.send("abort").await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { panic!() };
        assert_eq!((closed.code, closed.by, closed.was_clean), (1006, ClosedBy::Network, false));
    });
}

#[test]
fn a_dropped_socket_says_goodbye_behind_what_it_sent() {
    on_one_thread(async {
        let (socket, mut peer) = by_hand().await;
        socket.try_send("last words").unwrap();
        drop(socket);
        let last = within(peer.next()).await.unwrap().unwrap();
        assert_eq!(last.to_text().unwrap(), "last words");
        assert_eq!(last_code(&mut peer).await, 1000);
    });
}

#[test]
fn a_server_that_breaks_the_protocol_is_told_and_left() {
    on_one_thread(async {
        let (socket, mut peer) = by_hand().await;
        // A text frame with reserved bits set.
        peer.get_mut().write_all(&[0xf1, 0]).await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { panic!() };
        assert_eq!((closed.code, closed.by, closed.was_clean), (1006, ClosedBy::Network, false));
        assert!(closed.reason.contains("protocol"), "{closed}");
        assert_eq!(last_code(&mut peer).await, 1002);
    });
}

#[test]
fn text_that_is_no_text_is_refused() {
    on_one_thread(async {
        let (socket, mut peer) = by_hand().await;
        peer.get_mut().write_all(&[0x81, 2, 0xc3, 0x28]).await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { panic!() };
        assert_eq!((closed.code, closed.was_clean), (1006, false));
        assert_eq!(last_code(&mut peer).await, 1007);
    });
}

#[test]
fn a_message_over_the_receive_limit_ends_the_connection_for_good() {
    on_one_thread(async {
        let server = Server::echo().await;
        let builder = Socket::builder(server.url("/")).receive(ReceiveLimits::new(100, 1 << 20));
        let mut socket = builder.connect().await.unwrap();
        socket.send("small").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "small");
        socket.send("large").await.unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { panic!() };
        assert_eq!(closed.by, ClosedBy::Overflow);
        let builder = Socket::builder(server.url("/")).receive(ReceiveLimits::new(100, 4 << 20));
        let mut socket = builder.connect().await.unwrap();
        socket.send("large").await.unwrap();
        assert_eq!(next(&mut socket).await.len(), 2 << 20);
    });
}

#[test]
fn a_server_that_never_answers_the_close_frame_is_left() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let builder = Socket::builder(proxy.url("/")).close_timeout(std::time::Duration::from_millis(20));
        let socket = builder.connect().await.unwrap();
        proxy.strike(FREEZE);
        let closed = within(socket.close(Close::normal())).await;
        assert_eq!((closed.by, closed.was_clean), (ClosedBy::CloseTimeout, false));
    });
}
