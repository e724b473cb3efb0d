//! A bot in a room of the demo: joins it, says hello, and answers whoever says something to it.
//!
//! Start the demo (`cargo xtask run`), then the bot, then say `bot: hello` in the room:
//!
//! ```sh
//! cargo run --package rejoin --features native --example bot -- ws://127.0.0.1:8080/ws/session lobby
//! ```
//!
//! What it says is in the room's log once, whatever happens to the network, and it misses nothing of what others say:
//! cut its connection or restart the server, and see. Ctrl-C ends it.

use std::error::Error;

use futures::StreamExt;
use rejoin::session::{
    Channel, FeedItem, Nothing, SessionEvent, SessionHandle, Since, TypedChannel, TypedItem,
};
use rejoin::{Json, Session};
use serde::{Deserialize, Serialize};

const NAME: &str = "bot";
const CALL: &str = "bot:";

/// A room of the demo, as a channel: its name, what stands in it and with what one is listed there. That somebody types
/// is volatile there, which the bot neither says nor reads.
struct Room(String);

impl Channel for Room {
    type Entry = Said;
    type Volatile = Nothing;
    type Presence = About;
    type Codec = Json;

    fn name(&self) -> String {
        format!("room/{}", self.0)
    }
}

#[derive(Serialize, Deserialize)]
struct Said {
    name: String,
    text: String,
}

/// With what the bot is listed among those in the room.
#[derive(Serialize)]
struct About {
    name: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or_else(|| "ws://127.0.0.1:8080/ws/session".into());
    let room = arguments.next().unwrap_or_else(|| "lobby".into());
    // One thread is enough, and all that a connection knows.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::task::LocalSet::new().run_until(run(url, Room(room))))
}

async fn run(url: String, room: Room) -> Result<(), Box<dyn Error>> {
    // The first attempt may fail as any other: the session comes back by itself.
    let session = Session::open(url)?;
    tokio::task::spawn_local(report(session.handle()));
    let channel = session.channel(&room);
    let mut feed = channel.subscribe_as(Since::Now, &About { name: NAME })?;
    say(&channel, format!("hello, I answer to “{CALL} …”")).await?;
    loop {
        tokio::select! {
            item = feed.next() => match item {
                Some(item) => answer(&channel, item).await?,
                None => return Err("the feed has ended".into()),
            },
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    // Waits until all that was said is durable, then says goodbye.
    let left = session.close().await;
    if left.is_nothing() { Ok(()) } else { Err(format!("not all was delivered: {left:?}").into()) }
}

async fn answer(channel: &TypedChannel<Room>, item: TypedItem<Room>) -> Result<(), Box<dyn Error>> {
    match item {
        FeedItem::Entry(entry) if !entry.own => match entry.payload {
            Ok(Said { name, text }) => match text.strip_prefix(CALL) {
                Some(text) => say(channel, format!("{name}, you said “{}”", text.trim())).await,
                None => Ok(()),
            },
            Err(odd) => {
                show(format_args!("something that is not of a room: {}", odd.error));
                Ok(())
            }
        },
        FeedItem::Gap { missing, .. } => {
            show(format_args!("entries are missing: {missing:?}"));
            Ok(())
        }
        FeedItem::Ended(denial) => Err(format!("not in the room: {denial:?}").into()),
        _ => Ok(()),
    }
}

/// Says something. Waits for room, not for the receipt, which says when it is durable.
async fn say(channel: &TypedChannel<Room>, text: String) -> Result<(), Box<dyn Error>> {
    let receipt = channel.publish(&Said { name: NAME.into(), text: text.clone() }).await?;
    tokio::task::spawn_local(async move {
        match receipt.await {
            Ok(position) => show(format_args!("said at {}: {text}", position.offset)),
            Err(error) => show(format_args!("not said: {text}: {error}")),
        }
    });
    Ok(())
}

/// Shows how the connection is doing.
async fn report(session: SessionHandle) {
    let mut events = session.events();
    while let Some(event) = events.next().await {
        match event {
            SessionEvent::Live { resumed, .. } => show(format_args!("connected, resumed: {resumed}")),
            SessionEvent::Disconnected(closed) => show(format_args!("{closed}")),
            SessionEvent::Ended(denial) => return show(format_args!("over: {denial:?}")),
            _ => {}
        }
    }
}

fn show(what: std::fmt::Arguments<'_>) {
    use std::io::Write;
    // Nothing is lost with a line that nobody can read.
    let _closed = writeln!(std::io::stdout(), "{what}");
}
