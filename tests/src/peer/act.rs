//! What the peer does with an open connection.

use std::io;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::ledger::{Command, Page, append};
use super::routes::{Kind, Route};
use super::session;
use super::sink::Sink;
use super::throttled::{Throttled, UNLIMITED};

type Socket = WebSocketStream<Throttled>;

/// What a slow reader's TCP may hold unread, so that its client notices soon.
const SLOW_BUFFER: usize = 16 << 10;
/// Thousands of connections come and go, so that each has a small one.
const READ_BUFFER: usize = 16 << 10;

pub(super) async fn serve(
    stream: TcpStream,
    route: Route,
    page: &Page,
    mut commands: broadcast::Receiver<Command>,
) {
    let rate = match route {
        Route::BlackHole => return black_hole(stream, &mut commands).await,
        Route::NoCloseAnswer => return no_close_answer(stream, &mut commands).await,
        Route::Session(options) => return session::serve(stream, options, page, commands).await,
        Route::SlowReader { rate } => {
            // Without the option the client only notices later that nobody reads.
            let _ = SockRef::from(&stream).set_recv_buffer_size(SLOW_BUFFER);
            rate
        }
        _ => UNLIMITED,
    };
    let hold = match route {
        Route::Close { hold, .. } => hold,
        _ => Duration::ZERO,
    };
    let stream = Throttled::new(stream, rate);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut talk = Talk { socket, page, closed: None };
    // An error is the connection's end, which is what is noted.
    let _ended = talk.run(route, &mut commands).await;
    let (code, reason) = talk.closed.take().unwrap_or((1006, String::new()));
    page.note(|record| {
        append(&mut record.codes, code);
        append(&mut record.reasons, reason);
    });
    tokio::time::sleep(hold).await;
}

struct Talk<'a> {
    socket: Socket,
    page: &'a Page,
    /// What the client's close frame said.
    closed: Option<(u16, String)>,
}

impl Talk<'_> {
    async fn run(&mut self, route: Route, commands: &mut broadcast::Receiver<Command>) -> Result<(), Error> {
        let mut sink = Sink::default();
        let mut route = route;
        let mut wake = self.begin(&mut route).await?;
        let mut came = 0;
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    let Some(message) = self.note(message)? else { return Ok(()) };
                    came += 1;
                    self.answer(&route, message, came, &mut sink).await?;
                }
                command = commands.recv() => match command {
                    Ok(Command::Resume) => self.socket.get_mut().set_rate(UNLIMITED),
                    Ok(command) => self.obey(command).await?,
                    // Lagging behind or without a sender: there is nothing to obey.
                    Err(_) => {}
                },
                () = until(wake) => {
                    wake = None;
                    if let Route::Close { frame, .. } = &route {
                        self.send_close(frame.clone()).await?;
                    }
                }
            }
        }
    }

    /// What is done before anything comes; returns when something is to be done later.
    async fn begin(&mut self, route: &mut Route) -> Result<Option<Instant>, Error> {
        match route {
            Route::Close { after: 0, wait, .. } => Ok(Some(Instant::now() + *wait)),
            Route::Cut { after: 0 } => self.cut().map(|()| None),
            Route::AcceptThenClose { code } => {
                self.send_close(Some((*code, String::new()))).await?;
                Ok(None)
            }
            Route::Burst { count, size, kind } => {
                for number in 0..*count {
                    self.socket.feed(numbered(number, *size, *kind)).await?;
                }
                self.socket.flush().await?;
                *route = Route::Echo;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Counts what came; `None` when it was the end.
    fn note(&mut self, message: Option<Result<Message, Error>>) -> Result<Option<Message>, Error> {
        let Some(message) = message else { return Ok(None) };
        let message = message?;
        if let Message::Close(frame) = &message {
            let said = frame.as_ref().map(|frame| (u16::from(frame.code), frame.reason.to_string()));
            self.closed = Some(said.unwrap_or((1005, String::new())));
        } else {
            self.page.note(|record| {
                record.messages += 1;
                record.bytes += message.len() as u64;
                if let Message::Text(text) = &message {
                    append(&mut record.texts, text.chars().take(40).collect());
                }
            });
        }
        Ok(Some(message))
    }

    async fn answer(
        &mut self,
        route: &Route,
        message: Message,
        came: u64,
        sink: &mut Sink,
    ) -> Result<(), Error> {
        if !(message.is_text() || message.is_binary()) {
            return Ok(());
        }
        match route {
            Route::Pong { stop_after } => {
                if came <= *stop_after && message == Message::text("ping") {
                    self.socket.send(Message::text("pong")).await?;
                }
            }
            Route::Sink | Route::SlowReader { .. } => {
                if message == Message::text("stats") {
                    self.socket.send(sink.answer()).await?;
                } else {
                    sink.count(&message);
                }
            }
            Route::Close { frame, after, .. } => {
                self.socket.send(message).await?;
                if came == *after {
                    self.send_close(frame.clone()).await?;
                }
            }
            Route::Cut { after } => {
                self.socket.send(message).await?;
                if came == *after {
                    self.cut()?;
                }
            }
            _ => self.socket.send(message).await?,
        }
        Ok(())
    }

    async fn obey(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Cut => self.cut(),
            Command::Close(frame) => self.send_close(frame).await,
            Command::Say(text) => self.socket.send(Message::text(text)).await,
            // For sessions alone.
            Command::Resume | Command::Forget | Command::Trim | Command::Deaf => Ok(()),
        }
    }

    async fn send_close(&mut self, frame: Option<(u16, String)>) -> Result<(), Error> {
        let frame =
            frame.map(|(code, reason)| CloseFrame { code: CloseCode::from(code), reason: reason.into() });
        self.socket.close(frame).await
    }

    /// Has the connection end with a reset instead of a close frame.
    fn cut(&self) -> Result<(), Error> {
        reset_on_close(self.socket.get_ref().inner())?;
        Err(Error::ConnectionClosed)
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

pub(super) fn reset_on_close(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}

/// A message that begins with its number and is filled up to its size.
fn numbered(number: usize, size: usize, kind: Kind) -> Message {
    if kind == Kind::Text || (kind == Kind::Mixed && number.is_multiple_of(2)) {
        let digits = number.to_string();
        let fill = "x".repeat(size.saturating_sub(digits.len() + 1));
        Message::text(format!("{digits} {fill}"))
    } else {
        let mut bytes = vec![0; size.max(4)];
        bytes[..4].copy_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        Message::binary(bytes)
    }
}

/// Holds the connection, takes not a byte and says nothing, until told to cut it or the client goes.
async fn black_hole(stream: TcpStream, commands: &mut broadcast::Receiver<Command>) {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    loop {
        tokio::select! {
            command = commands.recv() => if matches!(command, Ok(Command::Cut)) {
                // Without the option it ends as well, only with FIN.
                let _ = reset_on_close(&stream);
                return;
            },
            // What is unread keeps it readable, so that it is looked at from time to time.
            _ = tick.tick() => if !stream.ready(Interest::READABLE).await.is_ok_and(|ready| !ready.is_read_closed()) {
                return;
            },
        }
    }
}

/// Reads everything, close frames too, and answers nothing.
async fn no_close_answer(mut stream: TcpStream, commands: &mut broadcast::Receiver<Command>) {
    let mut bytes = [0; 4096];
    loop {
        tokio::select! {
            read = stream.read(&mut bytes) => if !read.is_ok_and(|read| read > 0) { return },
            command = commands.recv() => if matches!(command, Ok(Command::Cut)) {
                let _ = reset_on_close(&stream);
                return;
            },
        }
    }
}
