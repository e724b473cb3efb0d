//! Closing, by either end, cleanly and not.

use futures::StreamExt;
use rejoin::{Close, ClosedBy, ReceiveLimits, Socket, State};

use crate::rig::{is_closed, next, next_text, on_one_thread, until, within};
use crate::server::Server;
use crate::wire::Wire;

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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/", listener.local_addr().unwrap());
        let (socket, peer) = tokio::join!(Socket::connect(url), async {
            let (tcp, _) = listener.accept().await.unwrap();
            tokio_tungstenite::accept_async(tcp).await.unwrap()
        });
        let (socket, mut peer) = (socket.unwrap(), peer);
        socket.try_send("last words").unwrap();
        drop(socket);
        let last = within(peer.next()).await.unwrap().unwrap();
        assert_eq!(last.to_text().unwrap(), "last words");
        let end = within(peer.next()).await.unwrap().unwrap();
        let tokio_tungstenite::tungstenite::Message::Close(Some(frame)) = end else { panic!("{end:?}") };
        assert_eq!(u16::from(frame.code), 1000);
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
        let wire = Wire::to(server.address).await;
        let builder = Socket::builder(wire.url("/")).close_timeout(std::time::Duration::from_millis(20));
        let socket = builder.connect().await.unwrap();
        wire.freeze();
        let closed = within(socket.close(Close::normal())).await;
        assert_eq!((closed.by, closed.was_clean), (ClosedBy::CloseTimeout, false));
    });
}
