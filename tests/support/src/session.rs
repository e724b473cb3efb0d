//! A connection of `rejoin.v1` without a machine: the frames that a test wants, and those that come.

use std::net::SocketAddr;

use rejoin_protocol::wire::{BatchWriter, Body, Frame, Hello, Welcome, WireLimits, decode};

use crate::http::Head;
use crate::raw::{BINARY, FIN, Raw, RawOptions};

/// One connection.
#[derive(Debug)]
pub struct RawSession {
    /// Its WebSocket.
    pub raw: Raw,
}

impl RawSession {
    /// Opens a connection, on which nothing is sent yet.
    pub async fn open(address: SocketAddr, path: &str) -> Self {
        let opened = Self::offer(address, path, RawOptions::default(), "rejoin.v1").await;
        opened.unwrap_or_else(|head| panic!("{}", head.text)).0
    }

    /// Opens a connection with these subprotocols; with the one that was chosen.
    ///
    /// # Errors
    /// The head of an answer that chooses none.
    pub async fn offer(
        address: SocketAddr,
        path: &str,
        options: RawOptions,
        offered: &str,
    ) -> Result<(Self, String), Head> {
        let mut raw = Raw::connect_with(address, options).await.unwrap();
        let request = raw.good_request_for(path, &format!("Sec-WebSocket-Protocol: {offered}\r\n"));
        let head = raw.request(&request).await;
        match head.header("sec-websocket-protocol") {
            Some(chosen) if head.status == 101 => Ok((Self { raw }, chosen.to_owned())),
            _ => Err(head),
        }
    }

    /// Sends HELLO; the WELCOME that answers it.
    pub async fn hello(&mut self, hello: Hello) -> Box<Welcome> {
        self.send(&Frame::Hello(Box::new(hello))).await;
        let frames = self.frames().await;
        match frames.into_iter().next() {
            Some(Frame::Welcome(welcome)) => welcome,
            other => panic!("no WELCOME: {other:?}"),
        }
    }

    /// Sends a frame as a message of its own.
    pub async fn send(&mut self, frame: &Frame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        self.send_bytes(&bytes).await;
    }

    /// Sends frames in as few messages as they fit into.
    pub async fn send_batch(&mut self, frames: impl IntoIterator<Item = Frame>) {
        let mut batch = BatchWriter::default();
        frames.into_iter().for_each(|frame| batch.push(&frame));
        batch.flush();
        while let Some(message) = batch.pop() {
            self.send_bytes(&message).await;
        }
    }

    /// Sends a binary message, whatever it holds.
    pub async fn send_bytes(&mut self, message: &[u8]) {
        self.raw.send(FIN | BINARY, message).await;
    }

    /// The frames of the server's next message.
    pub async fn frames(&mut self) -> Vec<Frame> {
        let message = self.raw.message().await.expect("the connection has ended");
        if let Some((code, reason)) = message.close() {
            panic!("the connection was closed with {code} {reason}");
        }
        read(message.payload)
    }

    /// Reads on to the close frame: the frames before it, its code and its reason.
    pub async fn end(&mut self) -> (Vec<Frame>, u16, String) {
        let mut frames = Vec::new();
        loop {
            let message = self.raw.message().await.expect("a close frame before the end");
            match message.close() {
                Some((code, reason)) => return (frames, code, reason),
                None => frames.extend(read(message.payload)),
            }
        }
    }
}

/// The frames of a message of the server's, all of which have to be right.
pub(crate) fn read(message: Vec<u8>) -> Vec<Frame> {
    decode(&Body::from(message), &WireLimits::default()).map(Result::unwrap).collect()
}
