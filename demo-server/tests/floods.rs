//! All floods at once from 64 addresses against the program with its defaults: its memory stays below the figure that its
//! help names, and a client of another address is served.
#![cfg(target_os = "linux")] // It reads /proc, and uses all addresses of 127.0.0.0/8.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use demo_messages::room::{About, Question, SESSION_PATH, Said};
use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientConfig, ClientSession};
use rejoin_protocol::wire::{BatchWriter, Body, Since, WireLimits, decode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// As the help says.
const MOST: u64 = 1 << 30;
/// Long enough for any machine; reached only by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a socket takes no byte in for so long is full.
const FULL: Duration = Duration::from_millis(300);

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo-server"));
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("REJOIN_")) {
            command.env_remove(name);
        }
        let mut child = command.args(["--listen", "127.0.0.1:0", "--log", "off"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("listening on http://").unwrap().trim_end().parse().unwrap();
        Self { child, address }
    }

    /// The most bytes of its memory that were resident.
    fn most_resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
    }
}

/// A client at 127.0.HIGH.LOW.
async fn connect(server: SocketAddr, high: u8, low: u8) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.bind(SocketAddr::from(([127, 0, high, low], 0))).unwrap();
    timeout(PATIENCE, socket.connect(server)).await.ok()?.ok()
}

/// A WebSocket; none if the server has no room for it.
async fn open(server: SocketAddr, (high, low): (u8, u8), path: &str, protocol: &str) -> Option<TcpStream> {
    let mut stream = connect(server, high, low).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.ok()?.ok()?);
    }
    head.starts_with(b"HTTP/1.1 101").then_some(stream)
}

/// The header of a masked frame; its mask is zero, so that the payload is as it is.
fn header(len: usize) -> Vec<u8> {
    let mut header = vec![0x82, 0x80 | 127];
    header.extend((len as u64).to_be_bytes());
    header.extend([0; 4]);
    header
}

/// Writes for as long as the server takes something.
async fn pour(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match timeout(FULL, stream.write(rest)).await {
            Ok(Ok(taken @ 1..)) => rest = &rest[taken..],
            _ => return false,
        }
    }
    true
}

/// Sends to the echo and reads nothing.
async fn echo(server: SocketAddr, at: (u8, u8), message: usize) -> Option<TcpStream> {
    let mut stream = open(server, at, "/ws/echo", "").await?;
    let mut frame = header(message);
    frame.resize(frame.len() + message, 0);
    while pour(&mut stream, &frame).await {}
    Some(stream)
}

/// Sends a message of 16 MiB but for its last byte.
async fn unfinished(server: SocketAddr, at: (u8, u8)) -> Option<TcpStream> {
    let mut stream = open(server, at, "/ws/echo", "").await?;
    let mut frame = header(16 << 20);
    frame.resize((16 << 20) - 1, 0);
    pour(&mut stream, &frame).await;
    Some(stream)
}

/// A session that asks for all that it may and reads nothing.
async fn session(server: SocketAddr, at: (u8, u8)) -> Option<TcpStream> {
    let mut stream = open(server, at, SESSION_PATH, "Sec-WebSocket-Protocol: rejoin.v1\r\n").await?;
    let mut machine = ClientSession::new(ClientConfig::default());
    let mut now = Time::from_millis(1);
    machine.connected(now, None);
    write(&mut stream, &mut machine, now).await?;
    let welcome = read(&mut stream).await?;
    for frame in decode(&Body::from(welcome), &WireLimits::default()) {
        machine.handle(now, frame.ok()?).ok()?;
    }
    let room = |n: u8| format!("r{}-{n}", at.1);
    let channel = |n: u8| format!("room/{}", room(n));
    let text = "x".repeat(1_900);
    for n in 0..40 {
        machine.subscribe(&channel(n % 8), Since::All).ok();
        let said = serde_json::to_vec(&Said { name: "Eve".into(), text: text.clone() }).unwrap();
        machine.publish(&channel(n % 8), said.into(), u64::from(n)).ok();
        let about = serde_json::to_vec(&About { name: "Eve".into() }).unwrap();
        machine.send(about.repeat(100).into()).ok();
        let older = Question::Older { room: room(n % 8), before: u64::MAX >> 12, count: 100 };
        machine.call(now, serde_json::to_vec(&older).unwrap().into(), Duration::from_secs(600)).ok();
        now = Time::from_millis(1_000 * u64::from(n));
    }
    write(&mut stream, &mut machine, now).await;
    Some(stream)
}

async fn write(stream: &mut TcpStream, machine: &mut ClientSession, now: Time) -> Option<()> {
    let mut batch = BatchWriter::default();
    while let Some(frame) = machine.poll_transmit(now) {
        batch.push(&frame);
    }
    batch.flush();
    while let Some(message) = batch.pop() {
        let mut frame = header(message.len());
        frame.extend(message);
        if !pour(stream, &frame).await {
            return None;
        }
    }
    Some(())
}

/// The payload of the next binary message of the server's.
async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    loop {
        let (first, second) = (stream.read_u8().await.ok()?, stream.read_u8().await.ok()?);
        let len = match second {
            126 => u64::from(stream.read_u16().await.ok()?),
            127 => stream.read_u64().await.ok()?,
            len => u64::from(len),
        };
        let mut payload = vec![0; usize::try_from(len).ok()?];
        stream.read_exact(&mut payload).await.ok()?;
        if first == 0x82 {
            return Some(payload);
        }
    }
}

/// Half of a request's head.
async fn half(server: SocketAddr, (high, low): (u8, u8)) -> Option<TcpStream> {
    let mut stream = connect(server, high, low).await?;
    let mut head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Padding: ".to_vec();
    head.resize(12 << 10, b'x');
    stream.write_all(&head).await.ok()?;
    Some(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_floods_at_once_stay_below_the_memory_that_the_help_names_and_others_are_served() {
    let server = Server::start();
    let address = server.address;
    let mut floods = tokio::task::JoinSet::new();
    for low in 1..=64 {
        for n in 0..20_u8 {
            floods.spawn(async move {
                let at = (1, low);
                match n {
                    0..4 => echo(address, at, 64 << 10).await,
                    4..6 => echo(address, at, 1 << 20).await,
                    6..8 => echo(address, at, 8 << 20).await,
                    8..10 => unfinished(address, at).await,
                    10..16 => session(address, at).await,
                    _ => half(address, at).await,
                }
            });
        }
    }
    let held = floods.join_all().await;
    let open = held.iter().flatten().count();
    let most = server.most_resident();
    let held = health(address).await["held_bytes"].as_u64().unwrap();
    assert!(held > 128 << 20, "the floods reach the server: {open} connections hold {held} bytes");
    assert!(most < MOST, "{} MiB of {open} connections", most >> 20);
    let mut victim = open_victim(address).await;
    let mut frame = header(5);
    frame.extend(b"hello");
    victim.write_all(&frame).await.unwrap();
    assert_eq!(timeout(PATIENCE, read(&mut victim)).await.unwrap().unwrap(), b"hello");
}

async fn health(address: SocketAddr) -> serde_json::Value {
    let mut stream = connect(address, 3, 1).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

async fn open_victim(address: SocketAddr) -> TcpStream {
    open(address, (2, 1), "/ws/echo", "").await.expect("another address is served")
}
