// Payloads: JSON values as text, Uint8Arrays as they are.
import { NotTakenError, TOO_LARGE, UndecodableError } from "./errors.js";

const tag = (value) => Object.prototype.toString.call(value).slice(8, -1);

/**
 * What the module takes: text or bytes. Throws a TypeError for what JSON can't hold without loss, and a NotTakenError for
 * what is certainly larger than `most` bytes, so that it is not copied to learn that.
 */
export function encode(value, most) {
  // By its tag, since one of another frame is one as well.
  const encoded = tag(value) === "Uint8Array" ? value : toJson(value);
  if (encoded.length > most) throw new NotTakenError(TOO_LARGE + 8 * most, value);
  return encoded;
}

function toJson(value) {
  const fault = faultOf(value, []);
  if (fault) throw new TypeError(`JSON has nothing for ${fault}. Bytes are sent as a Uint8Array that is the whole payload.`);
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`JSON has nothing for ${String(value)}.`);
  return text;
}

/** What of a value JSON would turn into something else, and where; undefined if there is nothing. */
function faultOf(value, path, above = []) {
  const where = () => (path.length ? ` at ${path.map((name) => `[${JSON.stringify(name)}]`).join("")}` : "");
  if (typeof value === "number" && !Number.isFinite(value)) return `${value}${where()}`;
  if (typeof value === "bigint") return `the BigInt ${value}${where()}`;
  if (typeof value !== "object" || value === null) return;
  const kind = ArrayBuffer.isView(value) ? "bytes" : tag(value);
  if (kind !== "bytes" && typeof value.toJSON === "function") return;
  // Those of the language that stand for a primitive become it.
  if (["String", "Number", "Boolean"].includes(kind)) return;
  if (kind !== "Object" && kind !== "Array") return `${kind}${where()}`;
  if (above.includes(value)) return `what contains itself${where()}`;
  above.push(value);
  for (const name of Object.keys(value)) {
    path.push(name);
    const fault = faultOf(value[name], path, above);
    if (fault) return fault;
    path.pop();
  }
  above.pop();
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
