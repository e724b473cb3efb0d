//! Channels with entries of a type.

use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin_codec::{CodecError, Decode, Encode};
use rejoin_protocol::Refusal;
use rejoin_protocol::wire::{Body, Since};

use super::typed::{decode_body, to_body};
use super::{Channel, Entry, Feed, FeedItem, Receipt, SessionHandle};
use crate::TypedSendError;

/// A channel whose entries are of a type, as [`Channel`] names it for both ends.
///
/// ```no_run
/// # #[cfg(feature = "json")]
/// # async fn example(session: rejoin::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use futures::StreamExt;
/// use rejoin::session::{Channel, FeedItem, Since};
/// use rejoin::Json;
///
/// struct Room(u32);
/// impl Channel for Room {
///     type Entry = String;
///     type Codec = Json;
///     fn name(&self) -> String {
///         format!("room/{}", self.0)
///     }
/// }
///
/// let room = session.channel(&Room(7));
/// let receipt = room.publish(&"good morning".to_owned()).await?;
/// let mut feed = room.subscribe(Since::All)?;
/// while let Some(item) = feed.next().await {
///     if let FeedItem::Entry(entry) = item {
///         match entry.payload {
///             Ok(text) => println!("{text}"),
///             Err(odd) => println!("{:?}: {}", odd.raw, odd.error),
///         }
///     }
/// }
/// receipt.await?;
/// # Ok(())
/// # }
/// ```
pub struct TypedChannel<C> {
    session: SessionHandle,
    name: String,
    types: PhantomData<fn() -> C>,
}

impl<C: Channel> TypedChannel<C> {
    pub(crate) fn new(session: SessionHandle, name: String) -> Self {
        Self { session, name, types: PhantomData }
    }

    /// The channel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes a value; see [`SessionHandle::try_publish`].
    ///
    /// # Errors
    /// When the value can't be written or not be taken. The value is only borrowed.
    pub fn try_publish(&self, value: &C::Entry) -> Result<Receipt, TypedSendError>
    where
        C::Codec: Encode<C::Entry>,
    {
        let payload = to_body(<C::Codec as Encode<C::Entry>>::encode(value)?);
        self.session
            .try_publish(&self.name, payload)
            .map_err(|refused| TypedSendError::Send(refused.reason.into()))
    }

    /// Publishes a value, waiting for room and not for the receipt; see [`SessionHandle::publish`].
    ///
    /// # Errors
    /// When the value can't be written or not be taken. The value is only borrowed.
    pub async fn publish(&self, value: &C::Entry) -> Result<Receipt, TypedSendError>
    where
        C::Codec: Encode<C::Entry>,
    {
        let payload = to_body(<C::Codec as Encode<C::Entry>>::encode(value)?);
        let published = self.session.publish(&self.name, payload).await;
        published.map_err(|refused| TypedSendError::Send(refused.reason.into()))
    }

    /// Follows the channel; see [`SessionHandle::subscribe`].
    ///
    /// # Errors
    /// As there.
    pub fn subscribe(&self, since: Since) -> Result<TypedFeed<C>, Refusal> {
        Ok(TypedFeed { feed: self.session.subscribe(&self.name, since)?, types: PhantomData })
    }

    /// Follows the channel and is listed there; see [`SessionHandle::subscribe_as`].
    ///
    /// # Errors
    /// As there.
    pub fn subscribe_as(&self, since: Since, about: impl Into<Body>) -> Result<TypedFeed<C>, Refusal> {
        Ok(TypedFeed { feed: self.session.subscribe_as(&self.name, since, about)?, types: PhantomData })
    }
}

/// A payload of a channel that is not of the expected type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecodableEntry {
    /// The bytes as they came.
    pub raw: Body,
    /// What was wrong with them.
    pub error: CodecError,
}

/// What a typed feed yields: a payload that can't be read is part of its item, and the feed goes on.
pub type TypedItem<T> = FeedItem<Result<T, UndecodableEntry>>;

/// A [`Feed`] whose payloads are of a type, volatile ones included.
pub struct TypedFeed<C> {
    feed: Feed,
    types: PhantomData<fn() -> C>,
}

/// What is not about types: position, members, presence.
impl<C> Deref for TypedFeed<C> {
    type Target = Feed;

    fn deref(&self) -> &Feed {
        &self.feed
    }
}

impl<C: Channel> Stream for TypedFeed<C>
where
    C::Codec: Decode<C::Entry>,
{
    type Item = TypedItem<C::Entry>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.feed.poll_item(context).map(|item| item.map(typed::<C>))
    }
}

fn typed<C: Channel>(item: FeedItem) -> TypedItem<C::Entry>
where
    C::Codec: Decode<C::Entry>,
{
    let read =
        |raw: Body| decode_body::<C::Entry, C::Codec>(&raw).map_err(|error| UndecodableEntry { raw, error });
    match item {
        FeedItem::Started(at) => FeedItem::Started(at),
        FeedItem::Entry(Entry { position, time, publisher, number, own, payload }) => {
            FeedItem::Entry(Entry { position, time, publisher, number, own, payload: read(payload) })
        }
        FeedItem::Gap { at, missing } => FeedItem::Gap { at, missing },
        FeedItem::Members => FeedItem::Members,
        FeedItem::Volatile { sender, payload } => FeedItem::Volatile { sender, payload: read(payload) },
        FeedItem::Ended(denial) => FeedItem::Ended(denial),
    }
}
