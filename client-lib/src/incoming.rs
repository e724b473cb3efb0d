//! What is received: a payload that stays the browser's until somebody asks for its bytes.

use js_sys::{ArrayBuffer, Uint8Array};
use rejoin_codec::Frame;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Blob;

use crate::copying::CopyError;
use crate::global::Any;
use crate::message::{Message, blob_len, buffer_len, text_len};

/// A received message. Nothing of it is copied until asked for: the length of a 10 MB message costs one call.
#[derive(Debug, Clone)]
pub struct Incoming {
    data: JsValue,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Buffer,
    Blob,
}

impl Incoming {
    pub(crate) fn new(data: JsValue) -> Self {
        let kind = if data.is_string() {
            Kind::Text
        } else if !data.unchecked_ref::<Any>().byte_length().is_nan() {
            Kind::Buffer
        } else {
            // WHATWG: a binary message is an ArrayBuffer or a Blob, as binaryType says.
            Kind::Blob
        };
        Self { data, kind }
    }

    /// What [`len`](Self::len) says of a text.
    pub(crate) fn len_of(text: &str) -> usize {
        text.encode_utf16().count()
    }

    /// True for a text message.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.kind == Kind::Text
    }

    /// True for a binary message, whichever way the browser holds it.
    #[must_use]
    pub fn is_binary(&self) -> bool {
        self.kind != Kind::Text
    }

    /// True for a binary message that is a `Blob`, whose bytes only [`bytes`](Self::bytes) can read.
    #[must_use]
    pub fn is_blob(&self) -> bool {
        self.kind == Kind::Blob
    }

    /// The length without copying: bytes of a binary message, UTF-16 code units of a text.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.kind {
            Kind::Text => text_len(&self.data),
            Kind::Buffer => buffer_len(&self.data),
            Kind::Blob => blob_len(&self.data),
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
        self.data.as_string()
    }

    /// The bytes, copied; `None` for a text and for a `Blob`.
    #[must_use]
    pub fn to_vec(&self) -> Option<Vec<u8>> {
        let buffer = self.buffer()?;
        // js-sys's own copying brings the text of a panic with it.
        Some(Uint8Array::new(buffer).unchecked_ref::<Any>().copied())
    }

    /// Copies the bytes into `target`, whose length must be [`len`](Self::len).
    ///
    /// # Errors
    /// [`CopyError`] for a text, a `Blob` and a target of another length; nothing is copied then.
    pub fn copy_to(&self, target: &mut [u8]) -> Result<(), CopyError> {
        let Some(buffer) = self.buffer() else { return Err(CopyError::NotInMemory) };
        let bytes = buffer.byte_length() as usize;
        if bytes != target.len() {
            return Err(CopyError::Length { message: bytes, target: target.len() });
        }
        Uint8Array::new(buffer).copy_to(target);
        Ok(())
    }

    /// The bytes of a binary message, copied, read asynchronously from a `Blob`; of a text its UTF-8.
    ///
    /// # Errors
    /// [`CopyError::Unreadable`] when the browser can't read the `Blob`, which it may keep on disk.
    pub async fn bytes(&self) -> Result<Vec<u8>, CopyError> {
        match self.kind {
            Kind::Text => Ok(self.to_text().unwrap_or_default().into_bytes()),
            Kind::Buffer => Ok(self.to_vec().unwrap_or_default()),
            Kind::Blob => {
                let promise = self.data.unchecked_ref::<Blob>().array_buffer();
                let buffer = JsFuture::from(promise).await.map_err(|_| CopyError::Unreadable)?;
                Ok(Uint8Array::new(&buffer).to_vec())
            }
        }
    }

    /// The payload copied as a codec reads it; `None` for a `Blob`.
    #[must_use]
    pub fn to_frame(&self) -> Option<Frame> {
        match self.kind {
            Kind::Text => self.to_text().map(Frame::Text),
            Kind::Buffer => self.to_vec().map(Frame::Binary),
            Kind::Blob => None,
        }
    }

    /// The same payload as a message to send, without a copy.
    #[must_use]
    pub fn to_message(&self) -> Message {
        let data = self.data.clone();
        match self.kind {
            Kind::Text => Message::JsText(data.unchecked_into()),
            Kind::Buffer => Message::Buffer(data.unchecked_into()),
            Kind::Blob => Message::Blob(data.unchecked_into()),
        }
    }

    /// The browser's own value: a string, an `ArrayBuffer` or a `Blob`.
    #[must_use]
    pub fn as_js(&self) -> &JsValue {
        &self.data
    }

    /// The browser's own value: a string, an `ArrayBuffer` or a `Blob`.
    #[must_use]
    pub fn into_js(self) -> JsValue {
        self.data
    }

    fn buffer(&self) -> Option<&ArrayBuffer> {
        (self.kind == Kind::Buffer).then(|| self.data.unchecked_ref())
    }
}
