//! A small peer for `rejoin.v1`: the machines of the protocol over a socket, with a memory that can be lost and a log
//! that can be trimmed on demand.

mod desk;
mod hall;

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::broadcast;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::act::reset_on_close;
use super::ledger::{Command, Page, append};
use desk::{Desk, End};
use rejoin_test_support::request::RequestHead;

pub(super) use hall::Hall;

/// What a query asks of a session's server.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    /// The close code for the first so many HELLOs.
    pub(super) refuse: Option<(u16, u64)>,
    /// What must authenticate a client.
    pub(super) auth: Option<String>,
    /// Every session is a fresh one.
    pub(super) fresh: bool,
    /// Messages are not sent back.
    pub(super) quiet: bool,
    /// The TCP connection is reset after so many WebSocket messages of the client's.
    pub(super) cut_every: Option<u64>,
    /// Publications are taken and never answered.
    pub(super) unanswered: bool,
    /// HELLO is never answered.
    pub(super) mute: bool,
}

impl Options {
    /// Reads a query.
    ///
    /// # Errors
    /// Says which parameter is no number.
    pub(super) fn read(head: &RequestHead) -> Result<Self, String> {
        let code: u16 = head.number("refuse_hello", 0)?;
        let times = head.number("times", 1)?;
        let every: u64 = head.number("cut_every", 0)?;
        Ok(Self {
            refuse: (code > 0).then_some((code, times)),
            auth: head.text("auth").map(str::to_owned),
            fresh: head.number("fresh", 0)? > 0,
            quiet: head.number("quiet", 0)? > 0,
            cut_every: (every > 0).then_some(every),
            unanswered: head.number("unanswered", 0)? > 0,
            mute: head.number("mute", 0)? > 0,
        })
    }
}

pub(super) async fn serve(
    stream: TcpStream,
    options: Options,
    page: &Page,
    mut commands: broadcast::Receiver<Command>,
) {
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
    let mut talk = Talk { socket, desk: Desk::new(options, page), page, closed: None, deaf: false, came: 0 };
    // An error is the connection's end, which is what is noted.
    let _ended = talk.run(&mut commands).await;
    let (code, reason) = talk.closed.take().unwrap_or((1006, String::new()));
    page.note(|record| {
        append(&mut record.codes, code);
        append(&mut record.reasons, reason);
    });
}

struct Talk<'a> {
    socket: WebSocketStream<TcpStream>,
    desk: Desk<'a>,
    page: &'a Page,
    /// What the client's close frame said.
    closed: Option<(u16, String)>,
    /// Nothing is read or written any more, and the connection stays.
    deaf: bool,
    came: u64,
}

impl Talk<'_> {
    async fn run(&mut self, commands: &mut broadcast::Receiver<Command>) -> Result<(), Error> {
        let mut tails = self.page.hall().watch();
        loop {
            if !self.deaf {
                while let Some(message) = self.desk.next_message() {
                    self.socket.send(Message::binary(message)).await?;
                }
                if let Some(End { code, reason }) = self.desk.ended() {
                    return self.close(code, &reason).await;
                }
            }
            let deadline = self.desk.deadline();
            tokio::select! {
                // A command goes before what its giver sends once it was answered.
                biased;
                Ok(command) = commands.recv() => self.obey(command).await?,
                message = self.socket.next(), if !self.deaf => match message {
                    Some(message) => if !self.take(message?)? { return Ok(()) },
                    None => return Ok(()),
                },
                _ = tails.changed() => self.desk.tails(),
                () = tokio::time::sleep_until(deadline) => self.desk.wake(),
            }
        }
    }

    /// False when the connection has ended.
    fn take(&mut self, message: Message) -> Result<bool, Error> {
        match message {
            Message::Binary(bytes) => {
                self.came += 1;
                self.page.note(|record| record.batches += 1);
                self.desk.receive(bytes.to_vec());
                if self.desk.cuts_after(self.came) {
                    return self.cut().map(|()| false);
                }
                Ok(true)
            }
            Message::Close(frame) => {
                let said = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                self.closed = Some(said.unwrap_or((1005, String::new())));
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::Cut => self.cut(),
            Command::Close(frame) => {
                let (code, reason) = frame.unwrap_or((1000, String::new()));
                self.desk.say_bye(code, &reason);
                Ok(())
            }
            Command::Say(text) => {
                self.desk.say(&text);
                Ok(())
            }
            Command::Resume => {
                self.desk.resume();
                Ok(())
            }
            Command::Forget => {
                self.page.hall().forget();
                self.cut()
            }
            Command::Trim => {
                self.page.hall().trim();
                Ok(())
            }
            Command::Deaf => {
                self.deaf = true;
                Ok(())
            }
        }
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Error> {
        let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
        self.socket.close(Some(frame)).await?;
        let rest = async {
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(Some(frame)) = message {
                    return Some((u16::from(frame.code), frame.reason.to_string()));
                }
            }
            None
        };
        let said = tokio::time::timeout(Duration::from_secs(5), rest).await.ok().flatten();
        self.closed = said;
        Ok(())
    }

    /// Has the connection end with a reset instead of a close frame.
    fn cut(&self) -> Result<(), Error> {
        reset_on_close(self.socket.get_ref())?;
        Err(Error::ConnectionClosed)
    }
}

/// When there is nothing to wait for.
fn far() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}
