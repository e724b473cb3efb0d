//! What is sent: text or bytes, owned by Rust or by the browser.

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use rejoin_codec::Frame;
use wasm_bindgen::JsValue;
use web_sys::{Blob, WebSocket};

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
    /// or transfer the buffer until then.
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
    socket
        .send_with_js_u8_array(view)
        .or_else(|_| socket.send_with_js_u8_array(&view.slice(0, view.length())))
}

/// JavaScript counts lengths as doubles of at most 2^53, wasm32 addresses 2^32.
fn js_len(len: f64) -> usize {
    len as usize
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
    JsString: self => self.length() as usize, |socket| send_js_text(socket, self), Message::JsText(self);
    ArrayBuffer: self => self.byte_length() as usize, |socket| socket.send_with_array_buffer(self), Message::Buffer(self);
    Uint8Array: self => self.length() as usize, |socket| send_view(socket, self), Message::View(self);
    Blob: self => js_len(self.size()), |socket| socket.send_with_blob(self), Message::Blob(self);
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

/// `send(string)` of a string that is already the browser's. `web_sys` offers only `&str`, which would copy it
/// into Rust and back.
fn send_js_text(socket: &WebSocket, text: &JsString) -> Result<(), JsValue> {
    let send: js_sys::Function = js_sys::Reflect::get(socket, &JsValue::from_str("send"))?.into();
    send.call1(socket, text).map(drop)
}

impl private::Sealed for Message {}
impl Payload for Message {
    fn byte_len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::JsText(text) => text.length() as usize,
            Self::Buffer(buffer) => buffer.byte_length() as usize,
            Self::View(view) => view.length() as usize,
            Self::Blob(blob) => js_len(blob.size()),
        }
    }
    fn transmit(&self, socket: &WebSocket) -> Result<(), JsValue> {
        match self {
            Self::Text(text) => socket.send_with_str(text),
            Self::Binary(bytes) => send_bytes(socket, bytes),
            Self::JsText(text) => send_js_text(socket, text),
            Self::Buffer(buffer) => socket.send_with_array_buffer(buffer),
            Self::View(view) => send_view(socket, view),
            Self::Blob(blob) => socket.send_with_blob(blob),
        }
    }
    fn into_message(self) -> Message {
        self
    }
}
