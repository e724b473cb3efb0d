//! Keep-alive over a slow line: a native client, a server, and the proxy's line of a known rate between them. The rates
//! decide what happens, and the tests wait for the client's own records of it.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails, and says why.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rejoin::{Backoff, ClosedBy, KeepAlive, LogRecord, Socket};
use rejoin_test_support::proxy::Proxy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

/// Long enough for any machine; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(180);
const PING: char = '?';
const PONG: &str = "!";
/// Bytes of a message that takes several of its test's deadlines to pass.
const LARGE: usize = 1_500_000;
/// The rate of its line, in bytes a second: 7.5 s for the message.
const RATE_OF_LARGE: f64 = 200_000.0;
/// The rate of a line on which a ping of [`PING_BYTES`] takes 1 s, in bytes a second.
const RATE_OF_PING: f64 = 1_000.0;
const PING_BYTES: usize = 1_000;

/// A client whose connections all go over one line.
struct Rig {
    proxy: Proxy,
    socket: Socket,
    records: UnboundedReceiver<LogRecord>,
    accepted: Rc<Cell<usize>>,
}

impl Rig {
    /// Connects while the line has no rate yet. The server sends `greeting` bytes first if there are any.
    async fn start(greeting: usize, keep_alive: KeepAlive) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start_line(listener.local_addr().unwrap(), 0).await.unwrap();
        if greeting > 0 {
            proxy.set_rate(Some(RATE_OF_LARGE));
        }
        let accepted = Rc::new(Cell::new(0));
        let count = accepted.clone();
        spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.set(count.get() + 1);
                spawn_local(serve(stream, greeting));
            }
        });
        let (record, records) = unbounded_channel();
        let at_once = Backoff::default().with_first(Duration::from_millis(1)).with_floor(Duration::ZERO);
        let socket = Socket::builder(format!("ws://{}/", proxy.address()))
            .reconnect(at_once)
            .keep_alive(keep_alive)
            .log(move |what| drop(record.send(what.clone())))
            .connect()
            .await
            .unwrap();
        Self { proxy, socket, records, accepted }
    }

    /// The next record that `of` takes.
    async fn next<T>(&mut self, mut of: impl FnMut(&LogRecord) -> Option<T>) -> T {
        loop {
            let record = self.records.recv().await.unwrap();
            if let Some(found) = of(&record) {
                return found;
            }
        }
    }

    /// How long the next ping takes that is answered, or how its connection ends before.
    async fn pong(&mut self) -> Result<Duration, ClosedBy> {
        self.next(|record| match record {
            LogRecord::Pong { round_trip } => Some(Ok(*round_trip)),
            LogRecord::Ended(closed) => Some(Err(closed.by)),
            _ => None,
        })
        .await
    }

    /// Waits for a message of this length, before which no ping is answered: longer than the deadline of 1.5 s.
    async fn waits_for_message(&mut self, len: usize) {
        let mut pings = 0;
        let arrived = self.next(|record| match record {
            LogRecord::Ping => {
                pings += 1;
                None
            }
            LogRecord::Received { len } => Some(Ok(*len)),
            LogRecord::Ended(closed) => Some(Err(closed.by)),
            _ => None,
        });
        assert_eq!(arrived.await, Ok(len));
        // They are 300 ms apart at least, and the first one waited all the time.
        assert!(pings > 1 + 1_500 / 300, "{pings} pings: the line is not slow enough to show anything");
        assert_eq!(self.accepted.get(), 1);
    }
}

/// Answers pings and echoes the length of everything else.
async fn serve(stream: TcpStream, greeting: usize) {
    let Ok(mut socket) = accept_async(stream).await else { return };
    if greeting > 0 && socket.send(Message::binary(vec![7; greeting])).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.next().await {
        let answer = match message {
            Message::Text(text) if text.starts_with(PING) => Message::text(PONG),
            Message::Text(_) | Message::Binary(_) => Message::text(message.len().to_string()),
            _ => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

fn keep_alive(bytes: usize, interval: u64, deadline: u64) -> KeepAlive {
    let ping = PING.to_string().repeat(bytes);
    KeepAlive::text(&ping, PONG)
        .interval(Duration::from_millis(interval))
        .deadline(Duration::from_millis(deadline))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let test = async { tokio::time::timeout(PATIENCE, test).await.expect("it never came") };
    runtime.block_on(LocalSet::new().run_until(test));
}

#[test]
fn pings_that_wait_for_a_large_message_to_leave_do_not_end_the_connection() {
    run(async {
        let mut rig = Rig::start(0, keep_alive(1, 300, 1_500)).await;
        rig.proxy.set_rate(Some(RATE_OF_LARGE));
        rig.socket.send(vec![7; LARGE]).await.unwrap();
        rig.waits_for_message(LARGE.to_string().len()).await;
    });
}

#[test]
fn answers_that_wait_for_a_large_message_to_arrive_do_not_end_the_connection() {
    run(async {
        let mut rig = Rig::start(LARGE, keep_alive(1, 300, 1_500)).await;
        rig.waits_for_message(LARGE).await;
    });
}

#[test]
fn where_answers_come_late_a_connection_holds_and_on_a_fast_line_the_deadline_is_the_setting_again() {
    run(async {
        let deadline = Duration::from_millis(250);
        let mut rig = Rig::start(0, keep_alive(PING_BYTES, 1_200, 250)).await;
        rig.proxy.set_rate(Some(RATE_OF_PING));
        let mut left = 0;
        while let Err(by) = rig.pong().await {
            assert_eq!(by, ClosedBy::KeepAlive);
            left += 1;
            assert!(left <= 4, "the deadline may be sixteen times the setting by now");
        }
        assert!(left > 0, "the line is not slow enough to show anything");
        let accepted = rig.accepted.get();
        for _ in 0..3 {
            let round_trip = rig.pong().await.expect("the connection was left");
            assert!(round_trip > deadline, "{round_trip:?}");
        }
        assert_eq!(rig.accepted.get(), accepted, "it stays one connection");

        rig.proxy.set_rate(None);
        let mut in_time = 0;
        while in_time < 8 {
            let round_trip = rig.pong().await.expect("the connection was left");
            in_time = if round_trip < deadline { in_time + 1 } else { 0 };
        }
        assert_eq!(rig.accepted.get(), accepted);
        rig.proxy.set_rate(Some(RATE_OF_PING));
        assert_eq!(rig.pong().await, Err(ClosedBy::KeepAlive), "an answer that is late ends it again");
    });
}
