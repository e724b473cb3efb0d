//! The task of a socket: connects, then moves messages between the line and TCP until either end closes.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;
use rejoin_protocol::{ClosedBy, Input, ReadyState};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::counted::Counted;
use super::incoming::Incoming;
use super::line::Line;
use super::place::Place;
use crate::attempt::DISAGREED;

/// How long a socket that its owner has left may take to send what it has and to close.
const LINGER: Duration = Duration::from_secs(5);
/// The most messages that are read before other tasks have a turn, those that take them among them.
const READ_BURST: usize = 64;
/// The most bytes, but for the last message, that are written without asking whether they have left.
const WRITE_BURST: u64 = 64 << 10;

/// Bytes that the system may hold unsent, where it can be told (Linux): what it holds is no longer seen to leave, and a
/// ping waits for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT_BYTES: u32 = 128 << 10;

/// How a socket ended, as a browser would say it.
struct Ended {
    code: u16,
    reason: String,
    was_clean: bool,
}

impl Ended {
    fn abnormal(reason: impl Into<String>) -> Self {
        Self { code: 1006, reason: reason.into(), was_clean: false }
    }
}

/// Connects and serves the socket until its end, and tells its owner of everything.
pub(crate) async fn serve(line: Rc<Line>, place: Place, limit: usize) {
    let ended = match connect(&line, place, limit).await {
        Ok(stream) => {
            if let Some(driver) = line.driver() {
                driver.opened(line.generation);
            }
            let mut pump = Pump {
                line: line.clone(),
                stream,
                said_close: false,
                peer: None,
                broken: None,
                linger: None,
            };
            poll_fn(|context| pump.poll(context)).await
        }
        Err(reason) => Ended::abnormal(reason),
    };
    line.set_state(ReadyState::Closed);
    if let Some(driver) = line.driver() {
        driver.closed(line.generation, ended.code, ended.reason, ended.was_clean);
    }
}

/// Why a handshake failed. A server that picks another subprotocol or none is told by the words that a browser's would be.
fn words(error: &Error) -> String {
    match error {
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => DISAGREED.into(),
        error => error.to_string(),
    }
}

/// Connects, unless the owner closes before.
async fn connect(line: &Rc<Line>, place: Place, limit: usize) -> Result<WebSocketStream<Counted>, String> {
    let mut connecting = Box::pin(shake_hands(line.clone(), place, limit));
    let connected = poll_fn(|context| {
        line.listen(context);
        if line.state() != ReadyState::Connecting {
            return Poll::Ready(Err("closed before it was open".into()));
        }
        connecting.as_mut().poll(context)
    });
    let (stream, protocol) = connected.await?;
    line.opened(protocol);
    Ok(stream)
}

async fn shake_hands(
    line: Rc<Line>,
    place: Place,
    limit: usize,
) -> Result<(WebSocketStream<Counted>, String), String> {
    let tcp =
        TcpStream::connect((place.host.as_str(), place.port)).await.map_err(|error| error.to_string())?;
    // Small messages go at once.
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket2::SockRef::from(&tcp).set_tcp_notsent_lowat(UNSENT_BYTES).map_err(|error| error.to_string())?;
    let config = WebSocketConfig::default().max_message_size(Some(limit)).max_frame_size(Some(limit));
    let shaken = client_async_with_config(place.request, Counted::new(tcp, line), Some(config)).await;
    let (stream, response) = shaken.map_err(|error| words(&error))?;
    let protocol = response.headers().get("sec-websocket-protocol");
    let protocol = protocol.and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
    Ok((stream, protocol))
}

struct Pump {
    line: Rc<Line>,
    stream: WebSocketStream<Counted>,
    /// A close frame of this end has been given to the WebSocket.
    said_close: bool,
    /// How it ends as soon as everything is written: what the other end's close frame says, or what it did wrong.
    peer: Option<Ended>,
    /// Why nothing more can be written. What can still be read may say why.
    broken: Option<String>,
    /// Runs once the owner has left.
    linger: Option<Pin<Box<Sleep>>>,
}

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        self.line.listen(context);
        if self.line.is_left() {
            let linger = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
            if linger.as_mut().poll(context).is_ready() {
                return Poll::Ready(Ended::abnormal("left"));
            }
        }
        let mut read = 0;
        while self.peer.is_none() && read < READ_BURST {
            match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => self.received(message),
                Poll::Ready(Some(Err(error))) if is_violation(&error) => self.refuse(&error),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(self.cut(error.to_string())),
                Poll::Ready(None) => return Poll::Ready(self.cut(String::new())),
                Poll::Pending => break,
            }
            read += 1;
        }
        if read == READ_BURST {
            context.waker().wake_by_ref();
        }
        if self.broken.is_none() {
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    self.broken = Some(error.to_string());
                    context.waker().wake_by_ref();
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        match self.peer.take() {
            Some(ended) => {
                Poll::Ready(Ended { was_clean: ended.was_clean && self.broken.is_none(), ..ended })
            }
            None => Poll::Pending,
        }
    }

    fn received(&mut self, message: Message) {
        let message = match message {
            Message::Text(text) => Incoming::text(text),
            Message::Binary(bytes) => Incoming::binary(bytes),
            Message::Close(frame) => return self.received_close(frame),
            // Pings are answered by the WebSocket itself.
            _ => return,
        };
        // As in a browser: what comes after this end has begun to close is dropped.
        if self.line.state() == ReadyState::Open
            && let Some(driver) = self.line.driver()
        {
            driver.received(self.line.generation, message);
        }
    }

    fn received_close(&mut self, frame: Option<CloseFrame>) {
        let (code, reason) = match frame {
            Some(frame) => (u16::from(frame.code), frame.reason.to_string()),
            None => (1005, String::new()),
        };
        self.peer = Some(Ended { code, reason, was_clean: true });
        if self.line.state() == ReadyState::Open {
            self.line.set_state(ReadyState::Closing);
            if let Some(driver) = self.line.driver() {
                driver.input(Input::PeerClosing { generation: self.line.generation });
            }
        }
    }

    /// Leaves a server that sends what may not be sent, saying so (RFC 6455, section 7.4.1).
    fn refuse(&mut self, error: &Error) {
        let code = match error {
            Error::Capacity(_) => CloseCode::Size,
            Error::Utf8(_) => CloseCode::Invalid,
            _ => CloseCode::Protocol,
        };
        self.peer = Some(Ended::abnormal(error.to_string()));
        if !self.said_close {
            self.said_close = true;
            let frame = CloseFrame { code, reason: "".into() };
            // Where it can't be said, the end of the connection says it.
            let _unsaid = Pin::new(&mut self.stream).start_send(Message::Close(Some(frame)));
        }
        self.line.set_state(ReadyState::Closing);
        if let (Error::Capacity(_), Some(driver)) = (error, self.line.driver()) {
            let reason = "a message was larger than the receive limit";
            driver.step(|link, now| link.abort(now, ClosedBy::Overflow, reason));
        }
    }

    /// The connection ended without a close frame.
    fn cut(&mut self, reason: String) -> Ended {
        Ended::abnormal(self.broken.take().unwrap_or(reason))
    }

    /// Ready when all that there is has been written.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        loop {
            if self.peer.is_none() && !self.said_close && self.line.writing() < WRITE_BURST {
                if self.line.has_waiting() {
                    ready!(Pin::new(&mut self.stream).poll_ready(context))?;
                    if let Some(message) = self.line.next() {
                        Pin::new(&mut self.stream).start_send(message)?;
                    }
                    continue;
                }
                if let Some(close) = self.line.closing() {
                    ready!(Pin::new(&mut self.stream).poll_ready(context))?;
                    self.said_close = true;
                    let frame = close.code().map(|code| CloseFrame {
                        code: CloseCode::from(code),
                        reason: close.reason().into(),
                    });
                    Pin::new(&mut self.stream).start_send(Message::Close(frame))?;
                    continue;
                }
            }
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
            if self.line.writing() == 0 {
                return Poll::Ready(Ok(()));
            }
            self.line.written();
            if let Some(driver) = self.line.driver() {
                driver.measure();
            }
        }
    }
}

/// Whether it is what came that is wrong, and not the connection.
fn is_violation(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    match error {
        Error::Capacity(_) | Error::Utf8(_) => true,
        Error::Protocol(error) => !matches!(error, ProtocolError::ResetWithoutClosingHandshake),
        _ => false,
    }
}
