//! The head of an HTTP request, read by hand because what follows may have to be wrong.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::str::FromStr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// The longest head that is read.
const MOST: usize = 16 << 10;

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead {
    /// The path, without the query.
    pub path: String,
    /// The parameters of the query.
    pub query: HashMap<String, String>,
    headers: HashMap<String, String>,
}

impl RequestHead {
    /// Reads a head and nothing of what follows it.
    ///
    /// # Errors
    /// The connection has ended, or the head is longer than 16 KiB.
    pub async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            if bytes.len() == MOST {
                return Err(io::Error::new(ErrorKind::InvalidData, "the head is too long"));
            }
            // Byte by byte, so that nothing of what follows is taken; a head is short.
            bytes.push(stream.read_u8().await?);
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.split("\r\n");
        let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("/");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self { path: path.to_owned(), query, headers })
    }

    /// Whether a WebSocket is asked for.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
    }

    /// The last header of a name in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The test's name for its connections; all without one share the empty name.
    #[must_use]
    pub fn key(&self) -> &str {
        self.text("key").unwrap_or_default()
    }

    /// A parameter of the query.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A number of the query, or the default where it is missing.
    ///
    /// # Errors
    /// Says which parameter is no number.
    pub fn number<N: FromStr>(&self, name: &str, default: N) -> Result<N, String> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("{name}={text} is no number that fits")),
        }
    }
}
