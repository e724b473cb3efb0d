//! A feed of a channel whose payloads are of types.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin_codec::{CodecError, Decode, Encode, from_bytes, to_bytes};
use rejoin_protocol::wire::{Body, Member, Position};

use super::{Channel, ChannelError, Entry, Feed, FeedItem};

/// A payload of a channel, be it an entry's, a volatile message's or what somebody is listed with, that is not of the
/// expected type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecodablePayload {
    /// The bytes as they came.
    pub raw: Body,
    /// What was wrong with them.
    pub error: CodecError,
}

impl fmt::Display for UndecodablePayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for UndecodablePayload {}

/// What a [`TypedFeed`] of the channel `C` yields: a payload that can't be read is part of its item, and the feed goes on.
pub type TypedItem<C> = FeedItem<
    Result<<C as Channel>::Entry, UndecodablePayload>,
    Result<<C as Channel>::Volatile, UndecodablePayload>,
>;

/// Who follows the channel `C`, as [`TypedFeed::members`] tells it: who is listed with something that can't be read is
/// there all the same.
pub type TypedMember<C> = Member<Result<<C as Channel>::Presence, UndecodablePayload>>;

/// A [`Feed`] whose payloads are of the types that the [`Channel`] names: a `Stream` of [`TypedItem`]s.
///
/// ```no_run
/// # #[cfg(feature = "json")]
/// # async fn example(session: rejoin::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use rejoin::Json;
/// use rejoin::session::{Channel, FeedItem, Since};
///
/// struct Room;
/// impl Channel for Room {
///     type Entry = String;
///     /// Whether somebody types.
///     type Volatile = bool;
///     /// A name.
///     type Presence = String;
///     type Codec = Json;
///     fn name(&self) -> String {
///         "room".into()
///     }
/// }
///
/// let mut feed = session.channel(&Room).subscribe_as(Since::Now, &"Ada".to_owned())?;
/// while let Some(item) = feed.next_item().await {
///     match item {
///         FeedItem::Started(_) => {
///             let went = feed.volatile(&true)?;
///             println!("they are told: {went}");
///         }
///         FeedItem::Volatile { sender, payload: Ok(typing) } => println!("{sender} types: {typing}"),
///         FeedItem::Members => {
///             let names = feed.members().into_iter().filter_map(|member| member.about.ok());
///             println!("here are {:?}", names.collect::<Vec<_>>());
///         }
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Channels that do not have all of it
/// What a channel does not have is [`Nothing`](super::Nothing). A room where nothing is volatile and nobody is listed is
/// followed like any other:
///
/// ```no_run
/// use rejoin::session::{Channel, Nothing, Since, TypedChannel};
///
/// struct Room;
/// impl Channel for Room {
///     type Entry = String;
///     type Volatile = Nothing;
///     type Presence = Nothing;
///     type Codec = rejoin::Raw;
///     fn name(&self) -> String {
///         "room".into()
///     }
/// }
///
/// async fn follow(room: &TypedChannel<Room>) -> Result<(), Box<dyn std::error::Error>> {
///     let mut feed = room.subscribe(Since::Now)?;
///     while let Some(item) = feed.next_item().await {
///         println!("{item:?}");
///     }
///     Ok(())
/// }
/// # // Whoever had a value could send it: the value alone is what the next three examples lack.
/// # fn with_a_value(room: &TypedChannel<Room>, feed: &rejoin::session::TypedFeed<Room>, value: &Nothing) {
/// #     let _went = feed.volatile(value);
/// #     let _refused = feed.set_presence(value);
/// #     let _feed = room.subscribe_as(Since::Now, value);
/// # }
/// ```
///
/// What it does not have can't be sent, because there is no value to send. These do not compile:
///
/// ```compile_fail,E0308
/// # use rejoin::session::{Channel, Nothing, TypedFeed};
/// # struct Room;
/// # impl Channel for Room {
/// #     type Entry = String;
/// #     type Volatile = Nothing;
/// #     type Presence = Nothing;
/// #     type Codec = rejoin::Raw;
/// #     fn name(&self) -> String { "room".into() }
/// # }
/// fn whisper(feed: &TypedFeed<Room>) {
///     let _went = feed.volatile(&"psst".to_owned());
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use rejoin::session::{Channel, Nothing, TypedFeed};
/// # struct Room;
/// # impl Channel for Room {
/// #     type Entry = String;
/// #     type Volatile = Nothing;
/// #     type Presence = Nothing;
/// #     type Codec = rejoin::Raw;
/// #     fn name(&self) -> String { "room".into() }
/// # }
/// fn rename(feed: &TypedFeed<Room>) {
///     let _refused = feed.set_presence(&"Ada".to_owned());
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use rejoin::session::{Channel, Nothing, Since, TypedChannel};
/// # struct Room;
/// # impl Channel for Room {
/// #     type Entry = String;
/// #     type Volatile = Nothing;
/// #     type Presence = Nothing;
/// #     type Codec = rejoin::Raw;
/// #     fn name(&self) -> String { "room".into() }
/// # }
/// fn appear(room: &TypedChannel<Room>) {
///     let _feed = room.subscribe_as(Since::Now, &"Ada".to_owned());
/// }
/// ```
pub struct TypedFeed<C> {
    feed: Feed,
    types: PhantomData<fn() -> C>,
}

impl<C> TypedFeed<C> {
    pub(crate) fn new(feed: Feed) -> Self {
        Self { feed, types: PhantomData }
    }

    /// Behind the last entry that came, whether it has been read or not. For where reading stands, keep the position
    /// of the last entry that was read.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.feed.position()
    }

    /// The feed without types, for what the channel's types do not say.
    #[must_use]
    pub fn as_feed(&self) -> &Feed {
        &self.feed
    }
}

impl<C: Channel> TypedFeed<C> {
    /// Who follows the channel and is listed, for a subscription that is itself: made with
    /// [`subscribe_as`](super::TypedChannel::subscribe_as), or listed since by [`set_presence`](Self::set_presence). Empty
    /// while away. What they are listed with is read anew at each call.
    #[must_use]
    pub fn members(&self) -> Vec<TypedMember<C>>
    where
        C::Codec: Decode<C::Presence>,
    {
        let read = |Member { alias, about }| Member { alias, about: read::<C::Presence, C>(about) };
        self.feed.members().into_iter().map(read).collect()
    }

    /// Lists this subscriber, or lists it with another value; see [`Feed::set_presence`].
    ///
    /// # Errors
    /// When the value can't be written, and as there. The value is only borrowed.
    pub fn set_presence(&self, about: &C::Presence) -> Result<(), ChannelError>
    where
        C::Codec: Encode<C::Presence>,
    {
        let about = to_bytes::<C::Presence, C::Codec>(about)?;
        self.feed.set_presence(about).map_err(|refused| refused.reason.into())
    }

    /// Sends the channel's other subscribers a value that may be lost. Returns false, which is no error of anybody's, if
    /// it can't go: the session is not live, the feed has not begun, or too many wait already.
    ///
    /// # Errors
    /// When the value can't be written. It is only borrowed.
    pub fn volatile(&self, value: &C::Volatile) -> Result<bool, CodecError>
    where
        C::Codec: Encode<C::Volatile>,
    {
        Ok(self.feed.volatile(to_bytes::<C::Volatile, C::Codec>(value)?))
    }

    /// The next item, or `None` after the last. Dropping the future loses no item.
    pub async fn next_item(&mut self) -> Option<TypedItem<C>>
    where
        C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
    {
        self.feed.next_item().await.map(typed::<C>)
    }
}

impl<C: Channel> Stream for TypedFeed<C>
where
    C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
{
    type Item = TypedItem<C>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.feed.poll_item(context).map(|item| item.map(typed::<C>))
    }
}

fn typed<C: Channel>(item: FeedItem) -> TypedItem<C>
where
    C::Codec: Decode<C::Entry> + Decode<C::Volatile>,
{
    match item {
        FeedItem::Started(at) => FeedItem::Started(at),
        FeedItem::Entry(Entry { position, time, publisher, number, own, payload }) => {
            let payload = read::<C::Entry, C>(payload);
            FeedItem::Entry(Entry { position, time, publisher, number, own, payload })
        }
        FeedItem::Gap { at, missing } => FeedItem::Gap { at, missing },
        FeedItem::Members => FeedItem::Members,
        FeedItem::NotListed(denial) => FeedItem::NotListed(denial),
        FeedItem::Volatile { sender, payload } => {
            FeedItem::Volatile { sender, payload: read::<C::Volatile, C>(payload) }
        }
        FeedItem::Ended(denial) => FeedItem::Ended(denial),
    }
}

fn read<T, C: Channel>(raw: Body) -> Result<T, UndecodablePayload>
where
    C::Codec: Decode<T>,
{
    from_bytes::<T, C::Codec>(&raw).map_err(|error| UndecodablePayload { raw, error })
}
