//! Opening: subprotocols, failures with their reason, and what is refused at once.

use rejoin::{ClosedBy, InvalidUrl, OpenError, ReadyState, Socket, State};

use crate::rig::{is_closed, next_text, on_one_thread, until};
use crate::server::Server;
use rejoin_test_support::proxy::Proxy;
use rejoin_test_support::within;

#[test]
fn a_connection_opens_and_says_where_it_is() {
    on_one_thread(async {
        let server = Server::echo().await;
        let mut socket = Socket::connect(server.url("/?a=b")).await.unwrap();
        assert_eq!((socket.state(), socket.ready_state()), (State::Open, ReadyState::Open));
        assert_eq!((socket.url(), socket.protocol()), (server.url("/?a=b"), String::new()));
        assert_eq!(socket.extensions(), "");
        socket.send("protocol").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "none");
    });
}

#[test]
fn the_subprotocol_that_the_server_picks_is_told() {
    on_one_thread(async {
        let server = Server::echo().await;
        let builder = Socket::builder(server.url("/")).protocol("echo.v9").protocol("echo.v1");
        let mut socket = builder.connect().await.unwrap();
        assert_eq!(socket.protocol(), "echo.v1");
        socket.send("protocol").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "echo.v1");
    });
}

#[test]
fn a_server_that_picks_none_of_the_subprotocols_is_refused() {
    on_one_thread(async {
        let server = Server::echo().await;
        let failed = Socket::builder(server.url("/")).protocol("other.v1").connect().await;
        let OpenError::Failed(closed) = failed.err().unwrap() else { panic!() };
        assert_eq!((closed.by, closed.was_open), (ClosedBy::Refused, false));
    });
}

#[test]
fn why_a_connection_can_t_be_made_is_told_in_words() {
    on_one_thread(async {
        let server = Server::echo().await;
        let failed = Socket::connect(server.url("/nothing")).await;
        let OpenError::Failed(closed) = failed.err().unwrap() else { panic!() };
        assert_eq!((closed.by, closed.code), (ClosedBy::Refused, 1006));
        assert!(closed.reason.contains("404"), "{closed}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = listener.local_addr().unwrap();
        drop(listener);
        let failed = Socket::connect(format!("ws://{nobody}/")).await;
        let OpenError::Failed(closed) = failed.err().unwrap() else { panic!() };
        assert!(closed.reason.contains("refused"), "{closed}");
    });
}

#[test]
fn what_can_t_be_tried_is_refused_at_once() {
    on_one_thread(async {
        assert_eq!(Socket::open("").err().unwrap(), OpenError::Url(InvalidUrl::Empty));
        for url in ["/ws", "wss://example.org/"] {
            let error = Socket::open(url).err().unwrap();
            assert!(matches!(error, OpenError::Rejected(_)) && !error.is_retryable(), "{error}");
            assert!(error.to_string().starts_with("there is nothing to try"), "{error}");
        }
    });
}

#[test]
fn a_connection_that_is_closed_before_it_is_open_gives_up_at_once() {
    on_one_thread(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = Socket::open(format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
        let (_silent, _) = listener.accept().await.unwrap();
        let closed = within(socket.close(rejoin::Close::new(4000, "enough").unwrap())).await;
        assert_eq!((closed.by, closed.was_open, closed.was_clean), (ClosedBy::Caller, false, false));
        until(&socket, is_closed).await;
    });
}

#[test]
fn a_dropped_attempt_is_given_up() {
    on_one_thread(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = Socket::open(format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
        let (mut peer, _) = listener.accept().await.unwrap();
        drop(socket);
        let mut request = Vec::new();
        within(tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut request)).await.unwrap();
    });
}

#[test]
fn several_connections_share_a_thread() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let mut sockets = Vec::new();
        for _ in 0..20 {
            sockets.push(Socket::connect(proxy.url("/")).await.unwrap());
        }
        assert_eq!(server.connections.count(), 20);
        for (number, socket) in sockets.iter().enumerate() {
            socket.try_send(number.to_string()).unwrap();
        }
        for (number, socket) in sockets.iter_mut().enumerate() {
            assert_eq!(next_text(socket).await, number.to_string());
        }
    });
}
