//! One connection at the peer's desk: its frames, and what its application does with them.

use std::collections::HashMap;

use rejoin_protocol::session::{Request, ServerConnection, SessionLimits, SessionMessage, Task, Timing};
use rejoin_protocol::wire::{
    BatchWriter, Body, Bye, Denial, Frame, Hello, Member, Presence, SessionId, Target, WireLimits, decode,
};

use super::{Options, far};
use crate::peer::ledger::{Page, append};

/// How a connection is to end.
#[derive(Debug, Clone)]
pub(super) struct End {
    pub(super) code: u16,
    pub(super) reason: String,
}

pub(super) struct Desk<'a> {
    options: Options,
    page: &'a Page,
    session: Option<(SessionId, ServerConnection)>,
    writer: BatchWriter,
    channels: HashMap<u64, String>,
    end: Option<End>,
    /// Messages are not taken for the time being.
    slow: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(options: Options, page: &'a Page) -> Self {
        Self {
            options,
            page,
            session: None,
            writer: BatchWriter::default(),
            channels: HashMap::new(),
            end: None,
            slow: false,
        }
    }

    pub(super) fn cuts_after(&self, came: u64) -> bool {
        self.options.cut_every == Some(came)
    }

    /// The next message to send.
    pub(super) fn next_message(&mut self) -> Option<Vec<u8>> {
        if let Some((id, mut connection)) = self.session.take() {
            while self.gather(id, &mut connection) {}
            self.session = Some((id, connection));
        }
        self.writer.flush();
        self.writer.pop()
    }

    /// Gathers frames, then does what that calls for. False if nothing is left to do.
    fn gather(&mut self, id: SessionId, connection: &mut ServerConnection) -> bool {
        let hall = self.page.hall();
        if let Some(session) = hall.state().sessions.get_mut(&id) {
            while let Some(frame) = connection.poll_transmit(hall.now(), session) {
                self.writer.push(&frame);
            }
        }
        // Entries that went make room for the next to be read.
        let Some(task) = connection.poll_task() else { return false };
        self.task(id, connection, task);
        true
    }

    /// How the connection is to end, once everything has gone that is to go before.
    pub(super) fn ended(&mut self) -> Option<End> {
        self.end.clone()
    }

    pub(super) fn deadline(&self) -> tokio::time::Instant {
        let hall = self.page.hall();
        let Some((id, connection)) = &self.session else { return far() };
        let state = hall.state();
        let deadline = state.sessions.get(id).and_then(|session| connection.deadline(session));
        deadline.map_or_else(far, |at| hall.moment(at))
    }

    pub(super) fn wake(&mut self) {
        let hall = self.page.hall();
        if let Some((id, connection)) = &mut self.session
            && let Some(session) = hall.state().sessions.get_mut(id)
        {
            connection.wake(hall.now(), session);
        }
    }

    pub(super) fn receive(&mut self, bytes: Vec<u8>) {
        let body = Body::from(bytes);
        let frames: Vec<_> = decode(&body, &WireLimits::default()).collect();
        for frame in frames {
            match frame {
                Ok(frame) => self.frame(frame),
                Err(error) => self.end(4400, &error.to_string()),
            }
            if self.end.is_some() {
                return;
            }
        }
    }

    fn end(&mut self, code: u16, reason: &str) {
        self.end = Some(End { code, reason: reason.into() });
    }

    fn frame(&mut self, frame: Frame) {
        self.page.note(|record| record.frames += 1);
        if let Frame::Hello(hello) = frame {
            return self.hello(&hello);
        }
        let hall = self.page.hall();
        // What follows a HELLO that was not answered is dropped.
        let Some((id, mut connection)) = self.session.take() else { return };
        let handled = match hall.state().sessions.get_mut(&id) {
            Some(session) => connection.handle(hall.now(), session, frame),
            None => return self.end(1012, "restarted"),
        };
        if let Err(violation) = handled {
            return self.end(violation.code, violation.reason);
        }
        while let Some(task) = connection.poll_task() {
            self.task(id, &mut connection, task);
        }
        self.session = Some((id, connection));
    }

    fn hello(&mut self, hello: &Hello) {
        let hall = self.page.hall();
        let mut state = hall.state();
        state.hellos += 1;
        let auth = hello.auth.as_ref().map(|auth| String::from_utf8_lossy(auth).into_owned());
        self.page.note(|record| append(&mut record.tags, auth.clone().unwrap_or_default()));
        if self.options.mute {
            return;
        }
        if let Some((code, times)) = self.options.refuse
            && state.hellos <= times
        {
            drop(state);
            return self.end(code, "refused as asked for");
        }
        if self.options.auth.is_some() && self.options.auth != auth {
            drop(state);
            return self.end(4401, "who are you?");
        }
        let welcomed = state.welcome(hall.now(), hello, self.options.fresh);
        match welcomed {
            Ok((id, welcome)) => {
                self.writer.push(&welcome);
                if let Some(session) = state.sessions.get(&id) {
                    let (limits, timing) = (SessionLimits::default(), Timing::default());
                    let connection = ServerConnection::new(hall.now(), session, &limits, timing);
                    self.session = Some((id, connection));
                }
            }
            Err(code) => {
                drop(state);
                self.end(code, "an abandoned attempt");
            }
        }
    }

    fn task(&mut self, id: SessionId, connection: &mut ServerConnection, task: Task) {
        let hall = self.page.hall();
        match task {
            Task::Request(Request::Messages) => self.take_messages(id),
            Task::Request(Request::Subscribe { subscription, channel, since, presence }) => {
                let (start, tail) = {
                    let state = hall.state();
                    (state.start(&channel, since), state.tail(&channel))
                };
                connection.subscribed(subscription, start);
                connection.tail(hall.now(), subscription, tail);
                if let Some(about) = presence {
                    let member = Member { alias: id.born, about };
                    connection.presence(subscription, Presence::Full(vec![member]));
                }
                self.channels.insert(subscription, channel);
            }
            Task::Request(Request::Unsubscribe { subscription, .. }) => {
                self.channels.remove(&subscription);
                self.page.note(|record| append(&mut record.texts, "UNSUB".into()));
            }
            Task::Request(Request::Presence { subscription, about }) => {
                let member = Member { alias: id.born, about };
                connection.presence(subscription, Presence::Changed(member));
            }
            Task::Request(Request::Publish(publish)) => {
                let answer = hall.state().append(id, &publish);
                if !self.options.unanswered {
                    connection.published(&publish.channel, publish.number, answer);
                }
                hall.published();
            }
            Task::Request(Request::Call { id: call, payload, .. }) => match &payload[..] {
                b"never" => {}
                b"deny" => {
                    let denial = Denial { code: 4000, reason: "it asks to be denied".into() };
                    connection.reply(call, Err(denial));
                }
                _ => connection.reply(call, Ok(payload)),
            },
            Task::Request(Request::Cancel { .. }) => {
                self.page.note(|record| append(&mut record.texts, "CANCEL".into()));
            }
            Task::Request(Request::Volatile { subscription, payload }) => {
                let target = subscription.map_or(Target::Session, Target::Subscription);
                connection.volatile(target, subscription.map(|_| id.born), payload);
            }
            Task::Request(Request::Finish) => {
                hall.state().sessions.remove(&id);
                self.page.note(|record| append(&mut record.texts, "BYE".into()));
            }
            Task::Read { subscription, channel, behind, max_bytes } => {
                let entries = hall.state().read(&channel, behind, max_bytes);
                connection.entries(hall.now(), subscription, entries);
            }
            _ => {}
        }
    }

    fn take_messages(&mut self, id: SessionId) {
        let hall = self.page.hall();
        let mut state = hall.state();
        let Some(session) = state.sessions.get_mut(&id) else { return };
        while !self.slow
            && let Some((message, _)) = session.take(hall.now())
        {
            let text = message.as_text().unwrap_or("(binary)").to_owned();
            self.slow = text == "slow";
            self.page.note(|record| {
                record.messages += 1;
                record.bytes += message.body.len() as u64;
                append(&mut record.texts, text.chars().take(40).collect());
            });
            if !self.options.quiet {
                // The queue is as large as the client's window and more.
                let _full = session.send(message);
            }
        }
    }

    /// Takes messages again.
    pub(super) fn resume(&mut self) {
        self.slow = false;
        if let Some((id, _)) = &self.session {
            self.take_messages(*id);
        }
    }

    /// Sends the client a message.
    pub(super) fn say(&mut self, text: &str) {
        if let Some((id, _)) = &self.session
            && let Some(session) = self.page.hall().state().sessions.get_mut(id)
        {
            let _full = session.send(SessionMessage::text(text));
        }
    }

    /// Says BYE and closes; a reason of digits is a hint in milliseconds.
    pub(super) fn say_bye(&mut self, code: u16, reason: &str) {
        let bye =
            Bye { code, reason: reason.into(), retry_after: reason.parse().ok(), last: reason == "final" };
        self.writer.push(&Frame::Bye(bye));
        self.session = None;
        self.end(code, reason);
    }

    /// Logs have grown.
    pub(super) fn tails(&mut self) {
        let hall = self.page.hall();
        let Some((id, mut connection)) = self.session.take() else { return };
        for (subscription, channel) in &self.channels {
            let tail = hall.state().tail(channel);
            connection.tail(hall.now(), *subscription, tail);
        }
        while let Some(task) = connection.poll_task() {
            self.task(id, &mut connection, task);
        }
        self.session = Some((id, connection));
    }
}
