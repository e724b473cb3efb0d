//! What is sent: text or bytes, owned by Rust or by the browser.

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use rejoin_codec::Frame;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, WebSocket};

use crate::global::{Any, js_len};

/// A message to send, as it waits in the queue. What the browser owns stays there as a handle.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message {
    /// Text of Rust's.
    Text(String),
    /// Bytes of Rust's.
    Binary(Vec<u8>),
    /// Text of the browser's. Unpaired surrogates go out as U+FFFD (WHATWG: a `USVString`).
    JsText(JsString),
    /// Bytes of the browser's. They are read when the message is transmitted, not when it is queued: don't change
    /// or transfer the buffer until then. One that was transferred comes back
    /// ([`SendError::Changed`](crate::SendError::Changed)).
    Buffer(ArrayBuffer),
    /// A view of bytes of the browser's; see [`Buffer`](Self::Buffer).
    View(Uint8Array),
    /// A `Blob`: its bytes need not be in memory.
    Blob(Blob),
}

/// What can be sent. Borrowed text and bytes go to the browser without a copy in Rust when the connection is
/// open, and are copied only if they must wait.
pub trait Payload: Sized + private::Sealed {
    #[doc(hidden)]
    fn byte_len(&self) -> usize;
    #[doc(hidden)]
    fn transmit(&self, socket: &WebSocket) -> Result<(), JsValue>;
    #[doc(hidden)]
    fn into_message(self) -> Message;
}

mod private {
    pub trait Sealed {}
}

impl Message {
    /// The payload's length: in bytes, but for [`JsText`](Self::JsText) in UTF-16 code units, at most a third of
    /// its bytes, because the browser does not tell more without encoding it.
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

fn send_bytes(socket: &WebSocket, bytes: &[u8]) -> Result<(), JsValue> {
    // Browsers refuse views of shared memory, and a build with atomics has no other.
    if cfg!(target_feature = "atomics") {
        socket.send_with_js_u8_array(&Uint8Array::new_from_slice(bytes))
    } else {
        socket.send_with_u8_array(bytes)
    }
}

fn send_view(socket: &WebSocket, view: &Uint8Array) -> Result<(), JsValue> {
    // A view of shared memory is refused with a TypeError; its copy is not shared.
    send_js(socket, view).or_else(|_| send_js(socket, &view.slice(0, view.length())))
}

macro_rules! payload {
    ($($type:ty: $self:ident => $len:expr, |$socket:ident| $transmit:expr, $message:expr;)*) => {$(
        impl private::Sealed for $type {}
        impl Payload for $type {
            fn byte_len(&$self) -> usize {
                $len
            }
            fn transmit(&$self, $socket: &WebSocket) -> Result<(), JsValue> {
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
    &str: self => self.len(), |socket| socket.send_with_str(self), Message::Text(self.to_owned());
    String: self => self.len(), |socket| socket.send_with_str(self), Message::Text(self);
    &String: self => self.len(), |socket| socket.send_with_str(self), Message::Text(self.clone());
    &[u8]: self => self.len(), |socket| send_bytes(socket, self), Message::Binary(self.to_vec());
    Vec<u8>: self => self.len(), |socket| send_bytes(socket, self), Message::Binary(self);
    &Vec<u8>: self => self.len(), |socket| send_bytes(socket, self), Message::Binary(self.clone());
    JsString: self => text_len(self), |socket| send_js(socket, self), Message::JsText(self);
    ArrayBuffer: self => buffer_len(self), |socket| send_js(socket, self), Message::Buffer(self);
    Uint8Array: self => buffer_len(self), |socket| send_view(socket, self), Message::View(self);
    Blob: self => blob_len(self), |socket| send_js(socket, self), Message::Blob(self);
}

impl<const N: usize> private::Sealed for &[u8; N] {}
impl<const N: usize> Payload for &[u8; N] {
    fn byte_len(&self) -> usize {
        N
    }
    fn transmit(&self, socket: &WebSocket) -> Result<(), JsValue> {
        send_bytes(socket, &self[..])
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

/// Sends what is already the browser's, as it is.
fn send_js(socket: &WebSocket, data: &JsValue) -> Result<(), JsValue> {
    socket.unchecked_ref::<Any>().send(data)
}

pub(crate) fn text_len(text: &JsValue) -> usize {
    js_len(text.unchecked_ref::<Any>().length())
}

pub(crate) fn buffer_len(buffer: &JsValue) -> usize {
    js_len(buffer.unchecked_ref::<Any>().byte_length())
}

pub(crate) fn blob_len(blob: &JsValue) -> usize {
    js_len(blob.unchecked_ref::<Any>().size())
}

impl private::Sealed for Message {}
impl Payload for Message {
    fn byte_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::JsText(text) => text_len(text),
            Self::Buffer(buffer) => buffer_len(buffer),
            Self::View(view) => buffer_len(view),
            Self::Blob(blob) => blob_len(blob),
        }
    }
    fn transmit(&self, socket: &WebSocket) -> Result<(), JsValue> {
        match self {
            Self::Text(text) => socket.send_with_str(text),
            Self::Binary(bytes) => send_bytes(socket, bytes),
            Self::View(view) => send_view(socket, view),
            Self::JsText(data) => send_js(socket, data),
            Self::Buffer(data) => send_js(socket, data),
            Self::Blob(data) => send_js(socket, data),
        }
    }
    fn into_message(self) -> Message {
        self
    }
}
