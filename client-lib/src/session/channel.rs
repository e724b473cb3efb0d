//! A channel whose payloads are of types: publishing there, and following it.

use std::marker::PhantomData;

use rejoin_codec::{Encode, to_bytes};
use rejoin_protocol::Refusal;
use rejoin_protocol::wire::Since;

use super::{Channel, ChannelError, Receipt, SessionHandle, TypedFeed};

/// A channel whose entries, volatile messages and presence are of types, as [`Channel`] names them for both ends.
///
/// ```no_run
/// # #[cfg(feature = "json")]
/// # async fn example(session: rejoin::Session) -> Result<(), Box<dyn std::error::Error>> {
/// use futures::StreamExt;
/// use rejoin::session::{Channel, FeedItem, Nothing, Since};
/// use rejoin::Json;
///
/// struct Room(u32);
/// impl Channel for Room {
///     type Entry = String;
///     type Volatile = Nothing;
///     type Presence = Nothing;
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
    pub fn try_publish(&self, value: &C::Entry) -> Result<Receipt, ChannelError>
    where
        C::Codec: Encode<C::Entry>,
    {
        let payload = to_bytes::<C::Entry, C::Codec>(value)?;
        self.session.try_publish(&self.name, payload).map_err(|refused| refused.reason.into())
    }

    /// Publishes a value, waiting for room and not for the receipt; see [`SessionHandle::publish`].
    ///
    /// # Errors
    /// When the value can't be written or not be taken. The value is only borrowed.
    pub async fn publish(&self, value: &C::Entry) -> Result<Receipt, ChannelError>
    where
        C::Codec: Encode<C::Entry>,
    {
        let payload = to_bytes::<C::Entry, C::Codec>(value)?;
        let published = self.session.publish(&self.name, payload).await;
        published.map_err(|refused| refused.reason.into())
    }

    /// Follows the channel; see [`SessionHandle::subscribe`].
    ///
    /// # Errors
    /// As there.
    pub fn subscribe(&self, since: Since) -> Result<TypedFeed<C>, Refusal> {
        self.session.subscribe(&self.name, since).map(TypedFeed::new)
    }

    /// Follows the channel and is listed there with a value; see [`SessionHandle::subscribe_as`].
    ///
    /// # Errors
    /// When the value can't be written, and as there. The value is only borrowed.
    pub fn subscribe_as(&self, since: Since, about: &C::Presence) -> Result<TypedFeed<C>, ChannelError>
    where
        C::Codec: Encode<C::Presence>,
    {
        let about = to_bytes::<C::Presence, C::Codec>(about)?;
        Ok(TypedFeed::new(self.session.subscribe_as(&self.name, since, about)?))
    }
}
