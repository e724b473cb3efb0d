// Payloads: JSON values as text, Uint8Arrays as they are.
import { UndecodableError } from "./errors.js";

/** What the module takes: text or bytes. Throws a TypeError for what JSON can't hold. */
export function encode(value) {
  // By its tag, since one of another frame is one as well.
  if (Object.prototype.toString.call(value) === "[object Uint8Array]") return value;
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    throw new TypeError("Bytes are sent as a Uint8Array: `new Uint8Array(buffer)` makes one.");
  }
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON has nothing for ${String(value)}.`);
  return text;
}

/** Throws an UndecodableError for text that is no JSON, and for bytes where `bytes` are not expected. */
export function decode(raw, bytes = false) {
  if (typeof raw !== "string") {
    if (bytes) return raw;
    throw new UndecodableError("The payload is not UTF-8.", raw);
  }
  try {
    return JSON.parse(raw);
  } catch (cause) {
    throw new UndecodableError(`The payload is not JSON: ${cause.message}`, raw, cause);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The same for bytes that may be text. */
export function decodeBytes(raw) {
  let text;
  try {
    text = utf8.decode(raw);
  } catch {
    throw new UndecodableError("The payload is not UTF-8.", raw);
  }
  return decode(text);
}

/** A message of a session, which says of itself whether it is text; what can't be decoded stays as it came. */
export function decodeMessage(raw) {
  try {
    return decode(raw, true);
  } catch {
    return raw;
  }
}
