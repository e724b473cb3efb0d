//! Plain HTTP requests, one connection each, and what is read of an answer.

use std::net::SocketAddr;

use crate::raw::Raw;

/// An answer's status line and headers.
#[derive(Debug)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// All of it, with the empty line at its end.
    pub text: String,
}

impl Head {
    pub(crate) fn parse(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).unwrap();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.unwrap_or_else(|| panic!("no status: {text}")), text }
    }

    /// The first header of a name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its status line and headers.
    pub head: Head,
    /// What follows them.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(head: Head, body: Vec<u8>) -> Self {
        Self { status: head.status, head, body }
    }

    /// The first header of a name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Requests a path.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, path, "").await
}

/// Requests a path with more headers, each of which ends with a line end.
pub async fn request(address: SocketAddr, path: &str, headers: &str) -> Answer {
    let mut raw = Raw::connect(address).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n");
    raw.write(request.as_bytes()).await;
    raw.answer().await
}
