//! A client of raw bytes over TCP, which speaks HTTP and WebSocket and may break every rule of both.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::http::{Answer, Head};
use crate::{PATIENCE, within};

/// The opcode of a text.
pub const TEXT: u8 = 0x1;
/// The opcode of a binary message.
pub const BINARY: u8 = 0x2;
/// The opcode of a fragment that is not the first.
pub const CONTINUE: u8 = 0x0;
/// The opcode of a close frame.
pub const CLOSE: u8 = 0x8;
/// The opcode of a ping.
pub const PING: u8 = 0x9;
/// The opcode of a pong.
pub const PONG: u8 = 0xa;
/// The bit of a message's last or only fragment.
pub const FIN: u8 = 0x80;
/// The bit of every opcode of a control frame.
const CONTROL: u8 = 0x8;

/// The key of RFC 6455, section 1.3.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The mask of every masked frame: RFC 6455, section 5.7.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One connection.
#[derive(Debug)]
pub struct Raw {
    /// The connection itself. What the server has sent may have been read from it already.
    pub stream: TcpStream,
    buffer: Vec<u8>,
    /// What has come of a message in fragments.
    message: Option<Frame>,
}

/// One frame of the server's, or a message put together.
#[derive(PartialEq, Eq)]
pub struct Frame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// From where a client connects, and how much its system reads ahead.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawOptions {
    /// The client's address, one of 127.0.0.0/8. The system's choice by default, which is 127.0.0.1.
    pub source: Option<Ipv4Addr>,
    /// The size of the receive buffer in bytes: that and what the server's system buffers is taken though it is not read.
    /// The system's choice by default.
    pub receive_buffer: Option<u32>,
}

impl Raw {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self::connect_with(address, RawOptions::default()).await.unwrap()
    }

    /// A client whose system takes few bytes that it does not read.
    pub async fn connect_narrow(address: SocketAddr) -> Self {
        let options = RawOptions { receive_buffer: Some(4096), ..RawOptions::default() };
        Self::connect_with(address, options).await.unwrap()
    }

    /// Connects from an address of 127.0.0.0/8.
    pub async fn connect_from(address: SocketAddr, source: Ipv4Addr) -> Self {
        let options = RawOptions { source: Some(source), ..RawOptions::default() };
        Self::connect_with(address, options).await.unwrap()
    }

    /// Connects to an IPv4 address as the options say.
    ///
    /// # Errors
    /// The system's, such as that of a server which does not listen.
    pub async fn connect_with(address: SocketAddr, options: RawOptions) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(size) = options.receive_buffer {
            socket.set_recv_buffer_size(size)?;
        }
        if let Some(source) = options.source {
            socket.bind((source, 0).into())?;
        }
        Ok(Self { stream: within(socket.connect(address)).await?, buffer: Vec::new(), message: None })
    }

    /// Connects and shakes hands.
    pub async fn open(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        raw.shake_hands().await;
        raw
    }

    /// Opens a WebSocket at `/`.
    pub async fn shake_hands(&mut self) {
        let head = self.request(&self.good_request("")).await;
        assert_eq!(head.status, 101, "{}", head.text);
    }

    /// A right request for `/` with more headers, each ending with a line end.
    #[must_use]
    pub fn good_request(&self, more: &str) -> String {
        self.good_request_for("/", more)
    }

    /// A right request for a path with more headers, each ending with a line end.
    #[must_use]
    pub fn good_request_for(&self, path: &str, more: &str) -> String {
        let host = self.stream.peer_addr().unwrap();
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
        )
    }

    /// Sends a request; the head of its answer.
    pub async fn request(&mut self, request: &str) -> Head {
        self.write(request.as_bytes()).await;
        self.head().await
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Head {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return Head::parse(self.buffer.drain(..end + 4).collect());
            }
            assert!(self.fill().await.unwrap_or(false), "the server hung up within the head of its answer");
        }
    }

    /// The next answer to a GET: its body is as long as its head says, or all up to the end of the connection.
    pub async fn answer(&mut self) -> Answer {
        let head = self.head().await;
        if matches!(head.status, 100..200 | 204 | 304) {
            return Answer::new(head, Vec::new());
        }
        match head.header("content-length").map(|length| length.parse().unwrap()) {
            Some(length) => {
                while self.buffer.len() < length {
                    assert!(self.fill().await.unwrap(), "the server hung up within the body of its answer");
                }
                Answer::new(head, self.buffer.drain(..length).collect())
            }
            None => {
                while self.fill().await.unwrap() {}
                Answer::new(head, std::mem::take(&mut self.buffer))
            }
        }
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.unwrap();
    }

    /// Sends bytes as they are. If the future is dropped before its end, some have gone.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends bytes in pieces of `size` with pauses between them: a head or a frame that trickles.
    ///
    /// # Errors
    /// The connection has ended.
    pub async fn trickle(&mut self, bytes: &[u8], size: usize, pause: Duration) -> io::Result<()> {
        for (number, piece) in bytes.chunks(size).enumerate() {
            if number > 0 {
                tokio::time::sleep(pause).await;
            }
            self.try_write(piece).await?;
        }
        Ok(())
    }

    /// A masked frame, as a client must send it.
    #[must_use]
    pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Self::masked_start(first, payload.len() as u64);
        frame.extend(payload.iter().enumerate().map(|(i, b)| b ^ MASK[i % 4]));
        frame
    }

    /// The beginning of a masked frame that announces a payload of this length.
    #[must_use]
    pub fn masked_start(first: u8, length: u64) -> Vec<u8> {
        let mut frame = start(first, 0x80, length);
        frame.extend(MASK);
        frame
    }

    /// A frame without a mask, as a client must not send it.
    #[must_use]
    pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = start(first, 0, payload.len() as u64);
        frame.extend(payload);
        frame
    }

    /// A message in masked fragments of `size` bytes.
    #[must_use]
    pub fn fragments(opcode: u8, payload: &[u8], size: usize) -> Vec<u8> {
        let last = payload.len().div_ceil(size).saturating_sub(1);
        let fragment = |(number, part)| {
            let opcode = if number == 0 { opcode } else { CONTINUE };
            Self::masked(if number == last { FIN | opcode } else { opcode }, part)
        };
        payload.chunks(size).enumerate().flat_map(fragment).collect()
    }

    /// Sends a masked frame.
    pub async fn send(&mut self, first: u8, payload: &[u8]) {
        self.write(&Self::masked(first, payload)).await;
    }

    /// Sends a close frame.
    pub async fn close(&mut self, code: u16, reason: &str) {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend(reason.as_bytes());
        self.send(FIN | CLOSE, &payload).await;
    }

    /// The next frame; `None` at the end of the transport.
    pub async fn frame(&mut self) -> Option<Frame> {
        match self.try_frame().await {
            Ok(frame) => frame,
            Err(error) => {
                assert!(self.buffer.is_empty(), "the server hung up within a frame: {error}");
                None
            }
        }
    }

    /// The next frame; `None` at an orderly end of the transport. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// The connection was reset, or has ended within a frame.
    pub async fn try_frame(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some((frame, len)) = parse(&self.buffer) {
                self.buffer.drain(..len);
                return Ok(Some(frame));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The next message, whole; a control frame also where it comes between fragments. `None` at an orderly end of the
    /// transport. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// As [`try_frame`](Self::try_frame).
    pub async fn try_message(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let Some(frame) = self.try_frame().await? else { return Ok(None) };
            if frame.first & CONTROL != 0 {
                return Ok(Some(frame));
            }
            let message = match self.message.take() {
                None => frame,
                Some(mut message) => {
                    assert_eq!(frame.first & !FIN, CONTINUE, "a message within a fragmented one");
                    message.first |= frame.first;
                    message.payload.extend(frame.payload);
                    message
                }
            };
            if message.first & FIN != 0 {
                return Ok(Some(message));
            }
            self.message = Some(message);
        }
    }

    /// The next message or control frame but for pings; `None` at the end of the transport.
    pub async fn message(&mut self) -> Option<Frame> {
        loop {
            let message = self.try_message().await.unwrap()?;
            if message.first != FIN | PING {
                return Some(message);
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

    /// The next frame that is no ping has to be this.
    pub async fn expect(&mut self, first: u8, payload: &[u8]) {
        assert_eq!(self.next().await, Some(Frame { first, payload: payload.to_vec() }));
    }

    /// Reads on to the close frame; its code and reason.
    pub async fn close_frame(&mut self) -> (u16, String) {
        loop {
            let frame = self.frame().await.expect("a close frame before the end");
            if let Some(close) = frame.close() {
                return close;
            }
        }
    }

    /// Reads on until the server has ended the transport; frames before that are ignored.
    pub async fn ended(&mut self) {
        while self.frame().await.is_some() {}
    }

    /// Whether there is more: false at the end of the transport.
    async fn fill(&mut self) -> io::Result<bool> {
        self.buffer.reserve(65_536);
        let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await;
        Ok(read.expect("the server says nothing more and does not hang up")? > 0)
    }

    /// True when nothing comes for a while.
    pub async fn is_silent(&mut self, time: Duration) -> bool {
        let mut byte = [0];
        tokio::time::timeout(time, self.stream.peek(&mut byte)).await.is_err()
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.payload[..self.payload.len().min(64)];
        write!(f, "Frame {:#04x} of {} bytes: {}", self.first, self.payload.len(), shown.escape_ascii())
    }
}

impl Frame {
    /// Code and reason, if it is a close frame. Without a code they are 1005 and nothing.
    #[must_use]
    pub fn close(&self) -> Option<(u16, String)> {
        let (code, reason) = match self.payload.split_first_chunk() {
            Some((code, reason)) => (u16::from_be_bytes(*code), reason.to_vec()),
            None => (1005, Vec::new()),
        };
        (self.first == FIN | CLOSE).then(|| (code, String::from_utf8(reason).unwrap()))
    }
}

/// A frame up to its length.
fn start(first: u8, mask_bit: u8, length: u64) -> Vec<u8> {
    let mut frame = vec![first];
    match length {
        0..126 => frame.push(mask_bit | length as u8),
        126..65_536 => {
            frame.push(mask_bit | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask_bit | 127);
            frame.extend(length.to_be_bytes());
        }
    }
    frame
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
