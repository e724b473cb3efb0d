//! Each fault does what it says, over real sockets.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Direction, Fault, Proxy};
use crate::{PATIENCE, within};

const A_WHILE: Duration = Duration::from_millis(200);

/// A proxy with one connection through it, in the test's hands at both ends.
struct Rig {
    listener: TcpListener,
    proxy: Proxy,
    client: TcpStream,
    server: TcpStream,
}

impl Rig {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let mut rig = Self { listener, proxy, client, server };
        rig.passes().await;
        rig
    }

    /// Bytes go through, both ways.
    async fn passes(&mut self) {
        exchange(&mut self.client, &mut self.server, b"up").await;
        exchange(&mut self.server, &mut self.client, b"down").await;
    }

    async fn reconnects(&mut self) {
        self.reconnects_with(b"up", b"down").await;
    }

    async fn reconnects_with(&mut self, up: &[u8], down: &[u8]) {
        self.client = TcpStream::connect(self.proxy.address()).await.unwrap();
        self.server = within(self.listener.accept()).await.unwrap().0;
        exchange(&mut self.client, &mut self.server, up).await;
        exchange(&mut self.server, &mut self.client, down).await;
    }
}

async fn exchange(from: &mut TcpStream, to: &mut TcpStream, bytes: &[u8]) {
    from.write_all(bytes).await.unwrap();
    let mut came = vec![0; bytes.len()];
    within(to.read_exact(&mut came)).await.unwrap();
    assert_eq!(came, bytes);
}

async fn is_reset(stream: &mut TcpStream) {
    let error = within(stream.read(&mut [0; 64])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Nothing comes, and no end.
async fn is_silent(stream: &mut TcpStream) {
    assert!(timeout(A_WHILE, stream.read(&mut [0; 64])).await.is_err(), "something came");
}

#[tokio::test]
async fn without_a_fault_all_passes_and_closing_too() {
    let mut rig = Rig::new().await;
    let big = vec![7; 3 << 20];
    let sent = big.clone();
    let mut client = rig.client;
    let sending = tokio::spawn(async move {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        client
    });
    let mut came = Vec::new();
    within(rig.server.read_to_end(&mut came)).await.unwrap();
    assert!(came == big, "{} bytes came", came.len());
    // Half-closed: the other direction still passes.
    let mut client = sending.await.unwrap();
    exchange(&mut rig.server, &mut client, b"late").await;
    drop(rig.server);
    assert_eq!(within(client.read(&mut [0; 64])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_reset_reaches_both_ends_and_the_next_connection_passes() {
    let mut rig = Rig::new().await;
    assert_eq!(rig.proxy.strike(Fault::Reset), 1);
    is_reset(&mut rig.client).await;
    is_reset(&mut rig.server).await;
    rig.reconnects().await;
}

#[tokio::test]
async fn a_stall_ends_before_its_time_when_a_shorter_one_takes_its_place() {
    let mut rig = Rig::new().await;
    rig.proxy.strike(Fault::Stall(Duration::from_secs(3_600)));
    rig.client.write_all(b"up").await.unwrap();
    is_silent(&mut rig.server).await;
    rig.proxy.strike(Fault::Stall(Duration::ZERO));
    within(rig.server.read_exact(&mut [0; 2])).await.unwrap();
    rig.passes().await;
}

#[tokio::test]
async fn connections_end_after_the_bytes_that_were_said_and_those_arrive() {
    let mut rig = Rig::new().await;
    rig.proxy.cut_after([5, 0]);
    rig.reconnects_with(b"abc", b"de").await;
    rig.client.write_all(b"f").await.unwrap();
    assert_eq!(within(rig.server.read(&mut [0; 64])).await.unwrap(), 0);
    rig.client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    rig.server = within(rig.listener.accept()).await.unwrap().0;
    rig.server.write_all(b"g").await.unwrap();
    assert_eq!(within(rig.client.read(&mut [0; 64])).await.unwrap(), 0);
    rig.reconnects().await;
    assert_eq!(rig.proxy.forwarded(), 4);
}

#[tokio::test]
async fn new_connections_lead_where_they_are_led_or_nowhere_and_old_ones_stay() {
    let mut rig = Rig::new().await;
    rig.proxy.lead(None);
    let mut turned_away = TcpStream::connect(rig.proxy.address()).await.unwrap();
    is_reset(&mut turned_away).await;
    rig.passes().await;
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    rig.proxy.lead(Some(other.local_addr().unwrap()));
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    let (mut server, _) = within(other.accept()).await.unwrap();
    exchange(&mut client, &mut server, b"elsewhere").await;
    rig.passes().await;
}

#[tokio::test]
async fn swallowed_bytes_are_taken_and_never_arrive() {
    let mut rig = Rig::new().await;
    rig.proxy.strike(Fault::Swallow(A_WHILE));
    // Much more than the buffers on the way hold, so that somebody must take it.
    let big = vec![7; 32 << 20];
    let mut client = rig.client;
    let sending = tokio::spawn(async move {
        let error = loop {
            if let Err(error) = client.write_all(&big).await {
                break error;
            }
        };
        (client, error)
    });
    is_reset(&mut rig.server).await;
    let (client, error) = within(sending).await.unwrap();
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    rig.client = client;
    rig.reconnects().await;
}

#[tokio::test]
async fn when_the_client_dies_the_servers_connection_lives_and_takes_bytes() {
    let mut rig = Rig::new().await;
    rig.proxy.strike(Fault::ClientDies);
    is_reset(&mut rig.client).await;
    within(rig.server.write_all(&vec![7; 8 << 20])).await.unwrap();
    is_silent(&mut rig.server).await;
    assert_eq!(rig.proxy.connections(), 0);
    rig.reconnects().await;
}

#[tokio::test]
async fn when_the_server_dies_the_clients_connection_lives_and_takes_bytes() {
    let mut rig = Rig::new().await;
    rig.proxy.strike(Fault::ServerDies);
    is_reset(&mut rig.server).await;
    within(rig.client.write_all(&vec![7; 8 << 20])).await.unwrap();
    is_silent(&mut rig.client).await;
    rig.reconnects().await;
}

#[tokio::test]
async fn what_is_stalled_comes_later_and_whole() {
    let mut rig = Rig::new().await;
    let started = Instant::now();
    rig.proxy.strike(Fault::Stall(A_WHILE));
    rig.passes().await;
    assert!(started.elapsed() >= A_WHILE);
    rig.passes().await;
}

#[tokio::test]
async fn a_throttled_direction_passes_no_more_than_its_rate() {
    let mut rig = Rig::new().await;
    let started = Instant::now();
    rig.proxy.strike(Fault::Throttle(10_000, PATIENCE));
    exchange(&mut rig.client, &mut rig.server, &[7; 4_000]).await;
    assert!(started.elapsed() >= Duration::from_millis(380), "{:?}", started.elapsed());
    rig.proxy.strike(Fault::Throttle(10_000, Duration::ZERO));
    exchange(&mut rig.client, &mut rig.server, &vec![7; 1 << 16]).await;
}

#[tokio::test]
async fn who_connects_while_it_refuses_is_reset() {
    let mut rig = Rig::new().await;
    rig.proxy.strike(Fault::Refuse(Duration::from_secs(3_600)));
    is_reset(&mut rig.client).await;
    let mut turned_away = TcpStream::connect(rig.proxy.address()).await.unwrap();
    is_reset(&mut turned_away).await;
    rig.proxy.strike(Fault::Refuse(Duration::ZERO));
    rig.reconnects().await;
}

#[tokio::test]
async fn a_server_that_does_not_run_is_a_reset_to_the_client() {
    let rig = Rig::new().await;
    drop(rig.listener);
    let mut client = TcpStream::connect(rig.proxy.address()).await.unwrap();
    is_reset(&mut client).await;
}

#[tokio::test]
async fn the_control_port_strikes_as_well_and_says_what_it_does_not_know() {
    let mut rig = Rig::new().await;
    assert_eq!(ask(&rig, "/connections").await, "1");
    assert_eq!(ask(&rig, "/strike?kind=reset").await, "1");
    is_reset(&mut rig.client).await;
    assert!(ask(&rig, "/strike?kind=flood").await.contains("kind=flood"));
    assert!(ask(&rig, "/strike?kind=stall&ms=soon").await.contains("ms=soon"));
    assert!(ask(&rig, "/").await.contains("/strike"));
}

/// The body of the control port's answer.
async fn ask(rig: &Rig, path: &str) -> String {
    let mut stream = TcpStream::connect(rig.proxy.control()).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    within(stream.read_to_string(&mut text)).await.unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A line of this rate with this buffer, the ends of a connection over it, and what accepts more.
async fn line(rate: f64, buffer: usize) -> (Proxy, TcpStream, TcpStream, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start_line(listener.local_addr().unwrap(), buffer).await.unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    proxy.set_rate(Some(rate));
    (proxy, client, server, listener)
}

#[tokio::test]
async fn a_line_passes_no_more_than_its_rate_in_either_direction_and_counts() {
    let (proxy, mut client, mut server, _) = line(20_000.0, 0).await;
    let start = tokio::time::Instant::now();
    exchange(&mut client, &mut server, &[7; 6_000]).await;
    let up = start.elapsed();
    exchange(&mut server, &mut client, &[7; 6_000]).await;
    // What an idle line catches up with is 20 ms.
    for took in [up, start.elapsed() - up] {
        assert!(took >= Duration::from_millis(279), "{took:?}");
    }
    let now = tokio::time::Instant::now();
    for direction in [Direction::Up, Direction::Down] {
        assert_eq!(proxy.passed(direction, start, now), 6_000);
        assert_eq!(proxy.passed(direction, now, now), 0);
    }
    let early = proxy.passed(Direction::Up, start, start + Duration::from_millis(150));
    assert!((1..=4_000).contains(&early), "{early}");
    proxy.set_rate(None);
    exchange(&mut client, &mut server, &[7; 8_000]).await;
}

#[tokio::test]
async fn all_connections_share_a_line_and_what_is_in_its_buffer_goes_first() {
    let (proxy, mut client, _server, listener) = line(40_000.0, 1 << 20).await;
    let mut other = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let start = tokio::time::Instant::now();
    client.write_all(&[7; 8_000]).await.unwrap();
    // Once some of it has passed the line has taken all of it.
    while proxy.passed(Direction::Up, start, tokio::time::Instant::now()) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    exchange(&mut other, &mut far, b"late").await;
    assert!(start.elapsed() >= Duration::from_millis(179), "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_is_on_a_line_arrives_after_its_source_has_closed() {
    let (_proxy, mut client, mut server, _) = line(40_000.0, 1 << 20).await;
    client.write_all(&[7; 4_000]).await.unwrap();
    drop(client);
    let mut came = Vec::new();
    within(server.read_to_end(&mut came)).await.unwrap();
    assert_eq!(came, [7; 4_000]);
}

#[tokio::test]
async fn a_delayed_line_brings_everything_later_in_order_and_at_its_rate() {
    const DELAY: Duration = Duration::from_millis(200);
    // With nearly no buffer: delayed bytes are not in it.
    let (proxy, mut client, mut server, _) = line(100_000.0, 0).await;
    proxy.set_delay(DELAY);
    let start = tokio::time::Instant::now();
    exchange(&mut client, &mut server, b"first").await;
    exchange(&mut server, &mut client, b"answer").await;
    // In each direction an idle line catches up with 20 ms.
    assert!(start.elapsed() >= 2 * DELAY - Duration::from_millis(41), "{:?}", start.elapsed());
    let (start, sent) = (tokio::time::Instant::now(), (0..20_000_u32).map(|i| i as u8).collect::<Vec<_>>());
    exchange(&mut client, &mut server, &sent).await;
    assert!(start.elapsed() >= DELAY + Duration::from_millis(179), "{:?}", start.elapsed());
    let all = proxy.passed(Direction::Up, start, tokio::time::Instant::now());
    assert_eq!(all, 20_000);
    // All of it had passed a delay before the last of it came.
    let until = tokio::time::Instant::now() - DELAY;
    assert!(proxy.passed(Direction::Up, start, until) > 10_000);
    client.write_all(b"last").await.unwrap();
    drop(client);
    let mut came = Vec::new();
    within(server.read_to_end(&mut came)).await.unwrap();
    assert_eq!(came, b"last");
}
