//! A feed: what a subscriber of a channel is told, in order and without silent gaps.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin_protocol::Refused;
use rejoin_protocol::session::{ChannelEvent, SubscriptionId};
use rejoin_protocol::wire::{Alias, Body, Denial, Member, Missing, Position};

use super::core::Core;

/// An entry of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T = Body> {
    /// Where it is: to subscribe from here on later.
    pub position: Position,
    /// Milliseconds since the Unix epoch, by the clock of the log's writer.
    pub time: u64,
    /// Who published it, by the name that all see.
    pub publisher: Alias,
    /// The publisher's number of it in this channel.
    pub number: u64,
    /// Whether this session published it, under its present identity.
    pub own: bool,
    /// What was published.
    pub payload: T,
}

/// What a subscriber is told, in order: entries of the payload `T` and volatile messages of the payload `V`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedItem<T = Body, V = T> {
    /// The feed has begun behind this position. On each new connection it goes on without a word.
    Started(Position),
    /// An entry.
    Entry(Entry<T>),
    /// Entries are missing; the feed goes on behind `at`.
    ///
    /// Where the reason is [`UnknownEpoch`](rejoin_protocol::wire::GapReason::UnknownEpoch), the log is another than the one
    /// that was read, and `at` is its end, so that nothing can come twice: what it holds already is passed over. To have
    /// that, drop this feed and subscribe anew with [`Since::All`](rejoin_protocol::wire::Since::All) or
    /// [`Last`](rejoin_protocol::wire::Since::Last). Entries of epochs whose ordinal is lower than that of the last position
    /// before the gap were in the log that was read; all others were not.
    Gap {
        /// Where.
        at: Position,
        /// Which, and why.
        missing: Missing,
    },
    /// Others follow the channel, or follow it no longer: [`Feed::members`] has them.
    Members,
    /// The server does not list this subscriber with what it asked to be [listed with](Feed::set_presence), for this reason,
    /// and the feed goes on. As it was listed before on this connection, it still is; it is asked again on each new
    /// connection.
    NotListed(Denial),
    /// A message of another subscriber that may have been lost.
    Volatile {
        /// Who sent it.
        sender: Alias,
        /// What was sent.
        payload: V,
    },
    /// Nothing more comes: the server ended the subscription, or the session has ended.
    Ended(Denial),
}

/// A subscription: a `Stream` of what a channel brings, over all connections. It ends behind
/// [`FeedItem::Ended`]. Who does not read stops its own feed and no other. It keeps the session alive; dropping it
/// unsubscribes.
///
/// ```no_run
/// use futures::StreamExt;
/// use rejoin::session::{FeedItem, Since};
///
/// # async fn example(session: rejoin::Session) -> Result<(), Box<dyn std::error::Error>> {
/// let mut feed = session.subscribe_as("room/1", Since::All, "Ada")?;
/// while let Some(item) = feed.next().await {
///     match item {
///         FeedItem::Entry(entry) if entry.own => {}
///         FeedItem::Entry(entry) => println!("{:?}", entry.payload),
///         FeedItem::Members => println!("{} are here", feed.members().len()),
///         FeedItem::Gap { missing, .. } => println!("{missing:?}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Feed {
    core: Rc<Core>,
    id: SubscriptionId,
    ended: bool,
}

impl Feed {
    pub(crate) fn new(core: Rc<Core>, id: SubscriptionId) -> Self {
        Self { core, id, ended: false }
    }

    /// Behind the last entry that came, whether it has been read or not. For where reading stands, keep the position
    /// of the last entry that was read.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.core.machine.borrow().position(self.id)
    }

    /// Who follows the channel and is listed, for a subscription that is itself: made with
    /// [`subscribe_as`](super::SessionHandle::subscribe_as), or listed since by [`set_presence`](Self::set_presence). Empty
    /// while away.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.core.machine.borrow().members(self.id).to_vec()
    }

    /// Lists this subscriber, or lists it with something else.
    ///
    /// # Errors
    /// Hands it back when it is larger than [`presence_bytes`](super::SessionLimits::presence_bytes), or the subscription is
    /// over. A server that takes less ends the subscription with 1009. What its application refuses comes as
    /// [`FeedItem::NotListed`].
    pub fn set_presence(&self, about: impl Into<Body>) -> Result<(), Refused<Body>> {
        // The caller's own code runs before anything is borrowed, here and below.
        let about = about.into();
        self.core.step(|machine, _| machine.set_presence(self.id, about))
    }

    /// Sends the channel's other subscribers what may be lost. Returns false if it can't go: the session is not
    /// live, the feed has not begun, or too many wait already.
    pub fn volatile(&self, payload: impl Into<Body>) -> bool {
        let payload = payload.into();
        self.core.step(|machine, _| machine.volatile(Some(self.id), payload))
    }

    /// The next item, or `None` after the last.
    pub async fn next_item(&mut self) -> Option<FeedItem> {
        std::future::poll_fn(|context| self.poll_item(context)).await
    }

    pub(crate) fn poll_item(&mut self, context: &Context<'_>) -> Poll<Option<FeedItem>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let (event, own) = {
            let mut machine = self.core.machine.borrow_mut();
            (machine.take_channel_event(self.id), machine.pair().map(|pair| pair.alias))
        };
        let Some(event) = event else {
            self.core.register_feed(self.id, context);
            return Poll::Pending;
        };
        // The server may send more.
        self.core.wake_task();
        let item = match event {
            ChannelEvent::Started(at) => FeedItem::Started(at),
            ChannelEvent::Entry { position, time, publisher, number, payload } => {
                let own = own == Some(publisher);
                FeedItem::Entry(Entry { position, time, publisher, number, own, payload })
            }
            ChannelEvent::Gap { at, missing } => FeedItem::Gap { at, missing },
            ChannelEvent::Members => FeedItem::Members,
            ChannelEvent::NotListed(denial) => FeedItem::NotListed(denial),
            ChannelEvent::Volatile { sender, payload } => FeedItem::Volatile { sender, payload },
            ChannelEvent::Ended(denial) => {
                self.ended = true;
                FeedItem::Ended(denial)
            }
        };
        Poll::Ready(Some(item))
    }
}

impl Stream for Feed {
    type Item = FeedItem;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<FeedItem>> {
        self.poll_item(context)
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        drop(self.core.forget_feed(self.id));
        self.core.step(|machine, _| machine.unsubscribe(self.id));
    }
}
