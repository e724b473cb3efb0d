//! What is sent: text or bytes.

use rejoin_codec::Frame;

use super::line::Line;

/// A message to send, as it waits in the queue.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// What can be sent. Borrowed text and bytes are copied when they are handed over or queued.
pub trait Payload: Sized + private::Sealed {
    #[doc(hidden)]
    fn byte_len(&self) -> usize;
    #[doc(hidden)]
    fn transmit(&self, line: &Line) -> Result<(), String>;
    #[doc(hidden)]
    fn into_message(self) -> Message;
}

mod private {
    pub trait Sealed {}
}

impl Message {
    /// The payload's length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.byte_len()
    }

    /// True if the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

macro_rules! payload {
    ($($type:ty: $self:ident => |$line:ident| $transmit:expr, $message:expr;)*) => {$(
        impl private::Sealed for $type {}
        impl Payload for $type {
            fn byte_len(&$self) -> usize {
                $self.len()
            }
            fn transmit(&$self, $line: &Line) -> Result<(), String> {
                $transmit
            }
            fn into_message($self) -> Message {
                $message
            }
        }
        impl From<$type> for Message {
            fn from(value: $type) -> Self {
                value.into_message()
            }
        }
    )*};
}

payload! {
    &str: self => |line| line.push_text(self), Message::Text(self.to_owned());
    String: self => |line| line.push_text(self), Message::Text(self);
    &String: self => |line| line.push_text(self), Message::Text(self.clone());
    &[u8]: self => |line| line.push_bytes(self), Message::Binary(self.to_vec());
    Vec<u8>: self => |line| line.push_bytes(self), Message::Binary(self);
    &Vec<u8>: self => |line| line.push_bytes(self), Message::Binary(self.clone());
}

impl<const N: usize> private::Sealed for &[u8; N] {}
impl<const N: usize> Payload for &[u8; N] {
    fn byte_len(&self) -> usize {
        N
    }
    fn transmit(&self, line: &Line) -> Result<(), String> {
        line.push_bytes(&self[..])
    }
    fn into_message(self) -> Message {
        Message::Binary(self.to_vec())
    }
}

impl From<Frame> for Message {
    fn from(frame: Frame) -> Self {
        match frame {
            Frame::Text(text) => Self::Text(text),
            Frame::Binary(bytes) => Self::Binary(bytes),
        }
    }
}

impl private::Sealed for Message {}
impl Payload for Message {
    fn byte_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
    fn transmit(&self, line: &Line) -> Result<(), String> {
        match self {
            Self::Text(text) => line.push_text(text),
            Self::Binary(bytes) => line.push_bytes(bytes),
        }
    }
    fn into_message(self) -> Message {
        self
    }
}
