//! What somebody wants to do in a channel, in bytes and in the channel's types.

use std::fmt;

use rejoin_codec::{Channel, CodecError, Decode, from_bytes};
use rejoin_protocol::wire::Body;

/// What somebody wants to do in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action<'a> {
    /// To follow it.
    Subscribe,
    /// To be listed as present with these bytes.
    Appear(&'a Body),
    /// To publish these bytes.
    Publish(&'a Body),
    /// To send these bytes to those who follow it, as something that may be lost.
    Volatile(&'a Body),
}

/// What somebody wants to do in a channel `C`, in its types.
#[non_exhaustive]
pub enum TypedAction<C: Channel> {
    /// To follow it.
    Subscribe,
    /// To be listed as present with this.
    Appear(C::Presence),
    /// To publish this.
    Publish(C::Entry),
    /// To send this to those who follow it, as something that may be lost.
    Volatile(C::Volatile),
}

impl<C: Channel> fmt::Debug for TypedAction<C>
where
    C::Entry: fmt::Debug,
    C::Volatile: fmt::Debug,
    C::Presence: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribe => f.write_str("Subscribe"),
            Self::Appear(about) => f.debug_tuple("Appear").field(about).finish(),
            Self::Publish(entry) => f.debug_tuple("Publish").field(entry).finish(),
            Self::Volatile(message) => f.debug_tuple("Volatile").field(message).finish(),
        }
    }
}

impl Action<'_> {
    /// Reads what it is about as the channel's types say. For
    /// [`authorize`](super::Application::authorize): what it refuses because it can't be read nobody has to read.
    ///
    /// ```no_run
    /// # #[cfg(feature = "json")] {
    /// use rejoin_server::hub::{
    ///     Action, Application, AuthError, Credentials, Denial, Identity, SessionHandle, TypedAction,
    /// };
    /// use rejoin_server::{Channel, Json, Nothing};
    ///
    /// struct Board;
    /// impl Channel for Board {
    ///     /// What is pinned to it.
    ///     type Entry = String;
    ///     type Volatile = Nothing;
    ///     /// A name.
    ///     type Presence = String;
    ///     type Codec = Json;
    ///     fn name(&self) -> String {
    ///         "board".into()
    ///     }
    /// }
    ///
    /// struct Boards;
    /// impl Application for Boards {
    ///     type Context = ();
    ///     async fn authenticate(&self, _: Credentials<'_>) -> Result<Identity<()>, AuthError> {
    ///         Ok(Identity::anonymous(()))
    ///     }
    ///     fn authorize(&self, _: &SessionHandle<Self>, _: &str, action: Action<'_>) -> Result<(), Denial> {
    ///         let denial = |reason| Denial { code: 400, reason };
    ///         match action.read::<Board>().map_err(|error| denial(error.to_string()))? {
    ///             TypedAction::Publish(text) if text.is_empty() => Err(denial("an empty note".into())),
    ///             TypedAction::Appear(name) if name.is_empty() => Err(denial("no name".into())),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the bytes are no value of the type, as none are of [`Nothing`](crate::Nothing).
    pub fn read<C: Channel>(self) -> Result<TypedAction<C>, CodecError>
    where
        C::Codec: Decode<C::Entry> + Decode<C::Volatile> + Decode<C::Presence>,
    {
        Ok(match self {
            Self::Subscribe => TypedAction::Subscribe,
            Self::Appear(about) => TypedAction::Appear(from_bytes::<C::Presence, C::Codec>(about)?),
            Self::Publish(payload) => TypedAction::Publish(from_bytes::<C::Entry, C::Codec>(payload)?),
            Self::Volatile(payload) => TypedAction::Volatile(from_bytes::<C::Volatile, C::Codec>(payload)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rejoin_codec::{Nothing, Raw};

    struct Board;

    impl Channel for Board {
        type Entry = String;
        type Volatile = Nothing;
        type Presence = Vec<u8>;
        type Codec = Raw;

        fn name(&self) -> String {
            "board".into()
        }
    }

    #[test]
    fn each_action_is_read_as_its_own_type() {
        let (text, odd) = (Body::from("é"), Body::from(b"\xff"));
        let read = |action: Action<'_>| format!("{:?}", action.read::<Board>().unwrap());
        assert_eq!(read(Action::Subscribe), "Subscribe");
        assert_eq!(read(Action::Publish(&text)), r#"Publish("é")"#);
        assert_eq!(read(Action::Appear(&odd)), "Appear([255])");
        for unreadable in [Action::Publish(&odd), Action::Volatile(&text), Action::Volatile(&odd)] {
            let read = unreadable.read::<Board>();
            assert!(matches!(read, Err(CodecError::Malformed { .. })), "{unreadable:?}: {read:?}");
        }
    }
}
