//! What is received: a payload shared with the buffer in which it came.

use rejoin_codec::Frame;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use crate::copying::CopyError;
use crate::message::Message;

/// A received message, cheap to clone.
#[derive(Debug, Clone)]
pub struct Incoming(Data);

#[derive(Debug, Clone)]
enum Data {
    Text(Utf8Bytes),
    Binary(Bytes),
}

impl Incoming {
    pub(crate) fn text(text: Utf8Bytes) -> Self {
        Self(Data::Text(text))
    }

    pub(crate) fn binary(bytes: Bytes) -> Self {
        Self(Data::Binary(bytes))
    }

    /// What [`len`](Self::len) says of a text.
    pub(crate) fn len_of(text: &str) -> usize {
        text.len()
    }

    /// True for a text message.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.0, Data::Text(_))
    }

    /// True for a binary message.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        !self.is_text()
    }

    /// The length in bytes. In a browser that of a text is in UTF-16 code units.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Data::Text(text) => text.len(),
            Data::Binary(bytes) => bytes.len(),
        }
    }

    /// True if the payload is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, copied; `None` for a binary message.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        match &self.0 {
            Data::Text(text) => Some(text.as_str().to_owned()),
            Data::Binary(_) => None,
        }
    }

    /// The bytes, copied; `None` for a text.
    #[must_use]
    pub fn to_vec(&self) -> Option<Vec<u8>> {
        self.buffer().map(<[u8]>::to_vec)
    }

    /// Copies the bytes into `target`, whose length must be [`len`](Self::len).
    ///
    /// # Errors
    /// [`CopyError`] for a text and a target of another length; nothing is copied then.
    pub fn copy_to(&self, target: &mut [u8]) -> Result<(), CopyError> {
        let Some(bytes) = self.buffer() else { return Err(CopyError::NotInMemory) };
        if bytes.len() != target.len() {
            return Err(CopyError::Length { message: bytes.len(), target: target.len() });
        }
        target.copy_from_slice(bytes);
        Ok(())
    }

    /// The bytes of a binary message, copied; of a text its UTF-8.
    ///
    /// # Errors
    /// None here: a browser may be unable to read what it keeps on disk.
    pub async fn bytes(&self) -> Result<Vec<u8>, CopyError> {
        Ok(match &self.0 {
            Data::Text(text) => text.as_bytes().to_vec(),
            Data::Binary(bytes) => bytes.to_vec(),
        })
    }

    /// The payload copied as a codec reads it; always there, other than in a browser.
    #[must_use]
    pub fn to_frame(&self) -> Option<Frame> {
        Some(match &self.0 {
            Data::Text(text) => Frame::Text(text.as_str().to_owned()),
            Data::Binary(bytes) => Frame::Binary(bytes.to_vec()),
        })
    }

    /// The same payload as a message to send, copied.
    #[must_use]
    pub fn to_message(&self) -> Message {
        match &self.0 {
            Data::Text(text) => Message::Text(text.as_str().to_owned()),
            Data::Binary(bytes) => Message::Binary(bytes.to_vec()),
        }
    }

    fn buffer(&self) -> Option<&[u8]> {
        match &self.0 {
            Data::Text(_) => None,
            Data::Binary(bytes) => Some(bytes),
        }
    }
}
