//! The session: the chat's rooms as channels of a log, and an echo of the session's own messages.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use demo_messages::chat::{NAME_CHARS, ROOM_CHARS, TEXT_CHARS};
use demo_messages::room::{
    About, Answer, FREEZE_MS, Fault, OLDER, OldEntry, Question, Room, RoomInfo, Said, Whisper,
};
use rejoin_server::hub::{
    Action, Application, AuthError, Body, Credentials, Denial, Identity, SessionHandle, SessionMessage,
};
use rejoin_server::{Channel, Json, from_bytes, to_bytes};

use crate::chat::rules;

/// Bytes of entries that are looked back at once.
const OLDER_BYTES: usize = 256 << 10;
/// The codes of refusals, after HTTP's.
const BAD: u16 = 400;
const NOT_FOUND: u16 = 404;
const TOO_MANY: u16 = 429;
const UNAVAILABLE: u16 = 503;

type Handle = SessionHandle<Rooms>;

/// The application of the demo's sessions.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// Rooms that somebody has entered since the server started.
    entered: Mutex<BTreeSet<String>>,
    most: usize,
}

impl Rooms {
    pub(crate) fn new(most: usize) -> Self {
        Self { entered: Mutex::default(), most }
    }

    fn entered(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, room: &str) -> Result<(), Denial> {
        let mut entered = self.entered();
        if entered.contains(room) {
            return Ok(());
        }
        if entered.len() >= self.most {
            return Err(denial(TOO_MANY, format!("there are {} rooms, as many as there may be", self.most)));
        }
        entered.insert(room.to_owned());
        Ok(())
    }

    fn rooms(&self, session: &Handle) -> Vec<RoomInfo> {
        let names: Vec<String> = self.entered().iter().cloned().collect();
        let info = |name: String| {
            let members = session.present(&Room(name.clone()).name()).len();
            RoomInfo { name, members: u32::try_from(members).unwrap_or(u32::MAX) }
        };
        names.into_iter().map(info).collect()
    }

    async fn answer(&self, session: &Handle, question: Question) -> Result<Answer, Denial> {
        match question {
            Question::Rooms => Ok(Answer::Rooms { rooms: self.rooms(session) }),
            Question::Older { room, before, count } => {
                rules::room(&room).map_err(|reason| denial(NOT_FOUND, reason))?;
                let count = count.min(OLDER) as usize;
                let channel = Room(room).name();
                let read = session.log().read_back(&channel, before, count, OLDER_BYTES).await;
                let entries = read.map_err(|error| denial(UNAVAILABLE, error.to_string()))?;
                let old = |entry: rejoin_server::log::Entry| {
                    let said = from_bytes::<Said, Json>(&entry.payload).ok()?;
                    let (offset, at_ms, publisher) = (entry.position.offset, entry.time, entry.alias);
                    Some(OldEntry { offset, at_ms, publisher, said })
                };
                // An entry that can't be read was refused when it was published, so that there is none.
                Ok(Answer::Older { entries: entries.into_iter().filter_map(old).collect() })
            }
            Question::Fault(fault) => {
                match fault {
                    Fault::Cut => session.cut(),
                    Fault::Freeze(ms) => session.freeze(Duration::from_millis(ms.min(FREEZE_MS).into())),
                    Fault::Forget => {
                        session.forget();
                        true
                    }
                };
                Ok(Answer::Done)
            }
        }
    }
}

impl Application for Rooms {
    type Context = ();

    async fn authenticate(&self, _: Credentials<'_>) -> Result<Identity<()>, AuthError> {
        Ok(Identity::anonymous(()))
    }

    fn authorize(&self, _: &Handle, channel: &str, action: Action<'_>) -> Result<(), Denial> {
        let Some(Room(room)) = Room::of_channel(channel) else {
            return Err(denial(NOT_FOUND, format!("there is no channel {channel}")));
        };
        rules::room(&room).map_err(|reason| denial(NOT_FOUND, reason))?;
        match action {
            Action::Subscribe => self.enter(&room),
            Action::Appear(about) => {
                let About { name } = parse(about)?;
                rules::name(&name).map(drop).map_err(|reason| denial(BAD, reason))
            }
            Action::Publish(body) => {
                let Said { name, text } = parse(body)?;
                rules::name(&name).map_err(|reason| denial(BAD, reason))?;
                rules::text(&text).map_err(|reason| denial(BAD, reason))?;
                // Whoever publishes makes a room as well, so that there are no more of them than may be.
                self.enter(&room)
            }
            Action::Volatile(body) => parse::<Whisper>(body).map(drop),
            _ => Err(denial(BAD, "this server does not know what you want".into())),
        }
    }

    async fn message(&self, session: &Handle, message: SessionMessage) {
        // Fails only when the session is over or its client takes no messages of this size, and tells it so.
        if let Err(unsent) = session.send(message).await {
            tracing::info!(alias = session.alias(), "an echo was not sent: {unsent}");
        }
    }

    async fn call(&self, session: &Handle, question: Body) -> Result<Body, Denial> {
        let answer = self.answer(session, parse(&question)?).await?;
        let bytes = to_bytes::<_, Json>(&answer).map_err(|error| denial(UNAVAILABLE, error.to_string()))?;
        Ok(bytes.into())
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: &Body) -> Result<T, Denial> {
    from_bytes::<T, Json>(body).map_err(|error| denial(BAD, error.to_string()))
}

fn denial(code: u16, reason: String) -> Denial {
    Denial { code, reason }
}

/// What the rules come to, for those who ask what they may do.
pub(crate) fn limits() -> serde_json::Value {
    serde_json::json!({
        "name_characters": NAME_CHARS,
        "room_characters": ROOM_CHARS,
        "text_characters": TEXT_CHARS,
        "older_entries": OLDER,
    })
}
