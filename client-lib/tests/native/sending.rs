//! Sending and receiving: order, kinds, and what has not left.

use futures::{SinkExt, StreamExt};
use rejoin::{Message, Overflow, QueueLimits, Socket};

use crate::rig::{FREEZE, THAW, next, next_text, on_one_thread};
use crate::server::Server;
use rejoin_test_support::proxy::Proxy;
use rejoin_test_support::within;

#[test]
fn messages_of_both_kinds_come_back_in_order() {
    on_one_thread(async {
        let server = Server::echo().await;
        let mut socket = Socket::connect(server.url("/")).await.unwrap();
        for number in 0..500_u32 {
            if number % 2 == 0 {
                socket.send(number.to_string()).await.unwrap();
            } else {
                socket.send(&number.to_be_bytes()).await.unwrap();
            }
        }
        for number in 0..500_u32 {
            let message = next(&mut socket).await;
            if number % 2 == 0 {
                assert_eq!(message.to_text().unwrap(), number.to_string());
            } else {
                assert_eq!(message.to_vec().unwrap(), number.to_be_bytes());
            }
        }
        assert_eq!((socket.metrics().sent, socket.metrics().received), (500, 500));
    });
}

#[test]
fn a_message_keeps_its_bytes_whatever_they_are() {
    on_one_thread(async {
        let server = Server::echo().await;
        let mut socket = Socket::connect(server.url("/")).await.unwrap();
        socket.send("grüße\0").await.unwrap();
        let message = next(&mut socket).await;
        assert!(message.is_text() && !message.is_binary());
        assert_eq!((message.to_text().as_deref(), message.to_vec()), (Some("grüße\0"), None));
        assert_eq!(message.bytes().await.unwrap(), "grüße\0".as_bytes());
        socket.send(vec![0, 255, 13]).await.unwrap();
        let message = next(&mut socket).await;
        let mut target = [0; 3];
        message.copy_to(&mut target).unwrap();
        assert_eq!((target, message.len()), ([0, 255, 13], 3));
        assert!(message.copy_to(&mut [0; 2]).is_err());
        socket.send("").await.unwrap();
        assert!(next(&mut socket).await.is_empty());
    });
}

#[test]
fn what_is_sent_before_the_connection_is_open_waits_for_it() {
    on_one_thread(async {
        let server = Server::echo().await;
        let mut socket = Socket::open(server.url("/")).unwrap();
        socket.try_send("early").unwrap();
        assert_eq!(socket.buffered_amount(), 5);
        assert_eq!(next_text(&mut socket).await, "early");
        assert_eq!(socket.buffered_amount(), 0);
    });
}

#[test]
fn what_has_not_left_is_counted_until_it_has() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let queue = QueueLimits::new(100, 64 << 20, Overflow::Refuse);
        let mut socket = Socket::builder(proxy.url("/")).queue(queue).connect().await.unwrap();
        proxy.strike(FREEZE);
        let chunk = vec![1_u8; 1 << 20];
        // More than the kernel's buffers between the two ends take.
        for _ in 0..40 {
            socket.try_send(&chunk).unwrap_or_else(|unsent| panic!("{unsent}"));
        }
        assert_eq!(socket.buffered_amount(), 40 << 20);
        assert!(futures::poll!(socket.flush()).is_pending());
        proxy.strike(THAW);
        for _ in 0..40 {
            assert_eq!(next(&mut socket).await.len(), 1 << 20);
        }
        within(socket.flush()).await.unwrap();
        assert_eq!(socket.buffered_amount(), 0);
    });
}

#[test]
fn the_sink_and_the_stream_work_as_a_pair() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::connect(server.url("/")).await.unwrap();
        let (mut sink, stream) = socket.split();
        let count = 2_000;
        let sending = async {
            for number in 0..count {
                sink.feed(Message::from(number.to_string())).await.unwrap();
            }
            sink.flush().await.unwrap();
        };
        let receiving = stream.take(count).map(|message| message.to_text().unwrap()).collect::<Vec<_>>();
        let ((), texts) = within(async { tokio::join!(sending, receiving) }).await;
        assert!(texts.iter().enumerate().all(|(number, text)| *text == number.to_string()));
    });
}

#[test]
fn typed_messages_pass() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::connect(server.url("/")).await.unwrap();
        let mut typed = socket.into_typed::<(u8, String), (u8, String), rejoin::Json>();
        typed.send(&(7, "seven".into())).await.unwrap();
        assert_eq!(within(typed.next()).await.unwrap().unwrap(), (7, "seven".to_owned()));
    });
}
