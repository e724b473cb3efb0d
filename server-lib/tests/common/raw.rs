//! A WebSocket client of raw bytes, which may break every rule.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::server::PATIENCE;

pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CONTINUE: u8 = 0x0;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;
pub const FIN: u8 = 0x80;

/// The key of RFC 6455, section 1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub struct Raw {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    pub payload: Vec<u8>,
}

/// An answer's status line and headers.
#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub text: String,
}

impl Head {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// A client whose system takes few bytes that it does not read.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self { stream: socket.connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// Connects and shakes hands.
    pub async fn open(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        raw.shake_hands().await;
        raw
    }

    pub async fn shake_hands(&mut self) {
        let head = self.request(&self.good_request("")).await;
        assert_eq!(head.status, 101, "{}", head.text);
    }

    /// A right request with more headers, each ending with a line end.
    pub fn good_request(&self, more: &str) -> String {
        let host = self.stream.peer_addr().unwrap();
        format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
        )
    }

    pub async fn request(&mut self, request: &str) -> Head {
        self.write(request.as_bytes()).await;
        self.head().await
    }

    pub async fn head(&mut self) -> Head {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let text = String::from_utf8(self.buffer.drain(..end + 4).collect()).unwrap();
                let status = text.split(' ').nth(1).unwrap().parse().unwrap();
                return Head { status, text };
            }
            assert!(self.fill().await, "the server hung up within the head of its answer");
        }
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// A masked frame, as a client must send it.
    pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let mut frame = vec![first];
        match payload.len() {
            n @ 0..126 => frame.push(0x80 | n as u8),
            n @ 126..65_536 => {
                frame.push(0x80 | 126);
                frame.extend((n as u16).to_be_bytes());
            }
            n => {
                frame.push(0x80 | 127);
                frame.extend((n as u64).to_be_bytes());
            }
        }
        frame.extend(mask);
        frame.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]));
        frame
    }

    pub async fn send(&mut self, first: u8, payload: &[u8]) {
        self.write(&Self::masked(first, payload)).await;
    }

    pub async fn close(&mut self, code: u16, reason: &str) {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend(reason.as_bytes());
        self.send(FIN | CLOSE, &payload).await;
    }

    /// The next frame; `None` at the end of the transport.
    pub async fn frame(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, len)) = parse(&self.buffer) {
                self.buffer.drain(..len);
                return Some(frame);
            }
            if !self.fill().await {
                assert!(self.buffer.is_empty(), "the server hung up within a frame");
                return None;
            }
        }
    }

    /// The next frame that is no ping of the server's.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            let frame = self.frame().await?;
            if frame.first != FIN | PING {
                return Some(frame);
            }
        }
    }

    pub async fn expect(&mut self, first: u8, payload: &[u8]) {
        assert_eq!(self.next().await, Some(Frame { first, payload: payload.to_vec() }));
    }

    /// Reads on to the close frame; its code and reason.
    pub async fn close_frame(&mut self) -> (u16, String) {
        loop {
            let frame = self.frame().await.expect("a close frame before the end");
            if frame.first == FIN | CLOSE {
                let code = u16::from_be_bytes(frame.payload[..2].try_into().unwrap());
                return (code, String::from_utf8(frame.payload[2..].to_vec()).unwrap());
            }
        }
    }

    /// True if the server ended the transport; frames before it are ignored.
    pub async fn ended(&mut self) {
        while self.frame().await.is_some() {}
    }

    async fn fill(&mut self) -> bool {
        let mut chunk = [0; 65_536];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk)).await;
        match read.expect("the server says nothing more and does not hang up") {
            Ok(n) => {
                self.buffer.extend(&chunk[..n]);
                n > 0
            }
            Err(_) => false,
        }
    }

    /// True when nothing comes for a while.
    pub async fn is_silent(&mut self, time: Duration) -> bool {
        let mut byte = [0];
        tokio::time::timeout(time, self.stream.peek(&mut byte)).await.is_err()
    }
}

fn parse(buffer: &[u8]) -> Option<(Frame, usize)> {
    let (&first, &second) = (buffer.first()?, buffer.get(1)?);
    assert_eq!(second & 0x80, 0, "a server must not mask");
    let (start, len) = match second {
        126 => (4, u16::from_be_bytes(buffer.get(2..4)?.try_into().unwrap()).into()),
        127 => (10, u64::from_be_bytes(buffer.get(2..10)?.try_into().unwrap()) as usize),
        len => (2, usize::from(len)),
    };
    let payload = buffer.get(start..start + len)?.to_vec();
    Some((Frame { first, payload }, start + len))
}
