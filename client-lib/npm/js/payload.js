// What can be sent: its length in bytes, and a copy of it for the queue.

/** What WebIDL makes of an argument of `send`: a view, an ArrayBuffer, a Blob, or a string. */
export function readPayload(data) {
  if (typeof data === "string") return data;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data) || isBlob(data)) return data;
  const tag = Object.prototype.toString.call(data);
  // From another window or frame.
  if (tag === "[object ArrayBuffer]" || tag === "[object Blob]" || tag === "[object File]") return data;
  return `${data}`;
}

function isBlob(data) {
  return typeof Blob === "function" && data instanceof Blob;
}

/** The payload's length in bytes; text counts as UTF-8, and a surrogate without its partner as U+FFFD. */
export function byteLength(data) {
  if (typeof data === "string") return utf8Length(data);
  return data.byteLength ?? data.size;
}

export function utf8Length(text) {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00) {
      const next = text.charCodeAt(at + 1);
      // Four bytes for two units: the first has been counted with three.
      if (next >= 0xdc00 && next < 0xe000) at++;
    }
  }
  return bytes;
}

/** The payload as it is now: what is changed after `send` is not to change what is sent. */
export function snapshot(data) {
  if (typeof data === "string" || isBlob(data)) return data;
  if (ArrayBuffer.isView(data)) return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  return typeof data.slice === "function" ? data.slice() : data;
}
