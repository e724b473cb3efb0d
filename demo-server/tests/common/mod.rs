//! Helpers: the demo's server in the test's own process, and clients for its WebSockets and files.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test file uses a part of it, and a failing helper is a failing test.

use std::net::SocketAddr;

use bytes::Bytes;
use demo_server::Config;
use futures_util::{SinkExt, StreamExt};
use rejoin_test_support::http::{self, Answer};
use rejoin_test_support::within;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Response;

pub struct Demo {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Demo {
    pub async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            demo_server::run(listener, config, stopped).await.unwrap();
        });
        Self { address, stop: Some(stop), task }
    }

    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub async fn ended(self) {
        within(self.task).await.unwrap();
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(path, "").await
    }

    /// How many connections the server says it has.
    pub async fn connections(&self) -> u64 {
        self.get("/health").await.json()["connections"].as_u64().unwrap()
    }

    /// A GET with more headers, each ending with a line end.
    pub async fn request(&self, path: &str, headers: &str) -> Answer {
        http::request(self.address, path, headers).await
    }

    pub async fn open(&self, path: &str, subprotocol: Option<&str>) -> Client {
        self.try_open(path, subprotocol, &[]).await.unwrap().0
    }

    pub async fn try_open(
        &self,
        path: &str,
        subprotocol: Option<&str>,
        headers: &[(&'static str, &str)],
    ) -> Result<(Client, Response), Box<tokio_tungstenite::tungstenite::Error>> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        if let Some(subprotocol) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        }
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await.map_err(Box::new)?;
        Ok((Client { socket }, response))
    }
}

pub struct Client {
    pub socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends a request of a typed protocol.
    pub async fn ask<T: Serialize>(&mut self, request: &T) {
        self.send_text(&serde_json::to_string(request).unwrap()).await;
    }

    /// The next message that is neither ping nor pong.
    pub async fn next(&mut self) -> Message {
        loop {
            let message = within(self.socket.next()).await.expect("the server has hung up").unwrap();
            if !matches!(message, Message::Ping(_) | Message::Pong(_)) {
                return message;
            }
        }
    }

    pub async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.as_str().to_owned(),
            other => panic!("no text: {other:?}"),
        }
    }

    pub async fn binary(&mut self) -> Bytes {
        match self.next().await {
            Message::Binary(bytes) => bytes,
            other => panic!("no binary: {other:?}"),
        }
    }

    /// The next event of a typed protocol.
    pub async fn event<T: DeserializeOwned>(&mut self) -> T {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap()
    }

    /// Reads on to the close frame; its code and reason.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.next().await {
                let frame = frame.expect("a code");
                return (frame.code.into(), frame.reason.as_str().to_owned());
            }
        }
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}
