//! The session: the chat's rooms as channels of a log, and an echo of the session's own messages.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use demo_messages::chat::{NAME_CHARS, ROOM_CHARS, TEXT_CHARS};
use demo_messages::room::{
    About, Answer, FREEZE_MS, Fault, OLDER, OldEntry, Question, Room, RoomInfo, SAID_BYTES, Said,
    WHISPER_BYTES, Whisper,
};
use rejoin_server::hub::{
    Action, Application, AuthError, Body, Credentials, Denial, Identity, SessionHandle, SessionMessage,
    TypedAction,
};
use rejoin_server::log::{Log, LogError};
use rejoin_server::{Channel, CodecError, Json, from_bytes, to_bytes};

use crate::chat::rules;
use crate::rooms::{InUse, Maker, RoomLimits, Rooms};

/// Bytes of entries that are looked back at once.
const OLDER_BYTES: usize = 256 << 10;
/// From one look at which rooms the log holds to the next.
const LOOK: Duration = Duration::from_secs(60);
/// Names of channels that are asked of the log at once.
const NAMES: usize = 256;
/// The codes of refusals, after HTTP's.
const BAD: u16 = 400;
const NOT_FOUND: u16 = 404;
const TOO_LARGE: u16 = 413;
const TOO_MANY: u16 = 429;
const UNAVAILABLE: u16 = 503;

type Handle = SessionHandle<Chat>;

/// The application of the demo's sessions.
#[derive(Debug)]
pub(crate) struct Chat {
    rooms: Mutex<Rooms>,
}

impl Chat {
    pub(crate) fn new(limits: RoomLimits) -> Self {
        Self { rooms: Mutex::new(Rooms::new(limits)) }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a session into a room, or tells why not.
    fn enter(&self, session: &Handle, room: &str, publishes: bool) -> Result<(), Denial> {
        let maker = Maker::new(session.alias(), *session.context());
        let entered = self.rooms().enter(room, maker, publishes, || in_use(session));
        entered.map_err(|reason| denial(TOO_MANY, reason))
    }

    fn list(&self, session: &Handle) -> Vec<RoomInfo> {
        let listed = self.rooms().list(&in_use(session));
        let info = |(name, people)| RoomInfo { name, members: u32::try_from(people).unwrap_or(u32::MAX) };
        listed.into_iter().map(info).collect()
    }

    /// Looks which rooms the log holds.
    pub(crate) async fn look(&self, log: &dyn Log) {
        let reading = self.rooms().begin_reading();
        match kept(log).await {
            Ok(kept) => self.rooms().read(reading, &kept),
            Err(error) => tracing::warn!("the log does not say which rooms it holds: {error}"),
        }
    }

    /// Looks now and then, for ever.
    pub(crate) async fn watch(&self, log: &dyn Log) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.look(log).await;
        }
    }

    async fn answer(&self, session: &Handle, question: Question) -> Result<Answer, Denial> {
        match question {
            Question::Rooms => Ok(Answer::Rooms { rooms: self.list(session) }),
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

/// The rooms that somebody is in, and how many are listed in each.
fn in_use(session: &Handle) -> InUse {
    let followed = session.followed().into_iter();
    followed.filter_map(|channel| Some((Room::of_channel(&channel.name)?.0, channel.present))).collect()
}

/// The rooms of which the log holds something.
async fn kept(log: &dyn Log) -> Result<BTreeSet<String>, LogError> {
    let (mut kept, mut behind) = (BTreeSet::new(), String::new());
    loop {
        let names = log.channels(&behind, NAMES).await?;
        let last = names.len() < NAMES;
        if let Some(newest) = names.last() {
            behind.clone_from(newest);
        }
        kept.extend(names.iter().filter_map(|name| Room::of_channel(name)).map(|Room(room)| room));
        if last {
            return Ok(kept);
        }
    }
}

impl Application for Chat {
    /// From where the client has come, if the server knows.
    type Context = Option<IpAddr>;

    async fn authenticate(
        &self,
        credentials: Credentials<'_>,
    ) -> Result<Identity<Option<IpAddr>>, AuthError> {
        Ok(Identity::anonymous(credentials.peer.map(|peer| peer.ip())))
    }

    fn authorize(&self, session: &Handle, channel: &str, action: Action<'_>) -> Result<(), Denial> {
        let Some(Room(room)) = Room::of_channel(channel) else {
            return Err(denial(NOT_FOUND, format!("there is no channel {channel}")));
        };
        rules::room(&room).map_err(|reason| denial(NOT_FOUND, reason))?;
        let (bytes, most) = match action {
            Action::Publish(said) => (said.len(), SAID_BYTES),
            Action::Volatile(whisper) => (whisper.len(), WHISPER_BYTES),
            _ => (0, 0),
        };
        if bytes > most {
            // Before it is read: white space between would be read, kept and sent to everybody.
            return Err(denial(TOO_LARGE, format!("it has {bytes} bytes, and {most} are the most")));
        }
        match action.read::<Room>().map_err(|error| unreadable(&error))? {
            TypedAction::Subscribe => self.enter(session, &room, false),
            TypedAction::Appear(About { name }) => {
                rules::listed_name(&name).map_err(|reason| denial(BAD, reason))
            }
            TypedAction::Publish(Said { name, text }) => {
                rules::name(&name).map_err(|reason| denial(BAD, reason))?;
                rules::text(&text).map_err(|reason| denial(BAD, reason))?;
                // Whoever publishes makes a room as well, so that there are no more of them than may be.
                self.enter(session, &room, true)
            }
            TypedAction::Volatile(Whisper::Typing { .. }) => Ok(()),
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
        let question = from_bytes::<Question, Json>(&question).map_err(|error| unreadable(&error))?;
        let answer = self.answer(session, question).await?;
        let bytes = to_bytes::<_, Json>(&answer).map_err(|error| denial(UNAVAILABLE, error.to_string()))?;
        Ok(bytes.into())
    }
}

fn unreadable(error: &CodecError) -> Denial {
    denial(BAD, error.to_string())
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
