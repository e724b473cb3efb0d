// The class: WHATWG's WebSocket in every member, with what reconnecting adds.
import { readTarget, text } from "./address.js";
import { CLOSED, CLOSING, CONNECTING, Driver, OPEN } from "./driver.js";
import { eventWith, Handlers, IncomingEvent } from "./events.js";
import { Messages } from "./iterate.js";
import { readOptions } from "./options.js";
import { byteLength, readPayload, utf8Length } from "./payload.js";

const CONSTANTS = { CONNECTING, OPEN, CLOSING, CLOSED };
const HANDLERS = ["open", "message", "error", "close", "reconnecting", "statechange", "lost"];
/** The most bytes of UTF-8 that a close reason may have (RFC 6455, 5.5). */
const MOST_REASON_BYTES = 123;

/** WebIDL's `[Clamp] unsigned short`. */
function clamp(value) {
  const number = Math.min(Math.max(+value, 0), 65_535) || 0;
  const floor = Math.floor(number);
  const half = number - floor;
  return half > 0.5 || (half === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The arguments of `close`, checked as the standard says. */
function readClose(code, reason) {
  const words = reason === undefined ? undefined : text(reason);
  // A reason needs a code before it (RFC 6455, 5.5.1); Chromium takes none for 0 then.
  const number = code === undefined && words === undefined ? undefined : clamp(code);
  if (number !== undefined && number !== 1000 && !(number >= 3000 && number <= 4999)) {
    throw new DOMException(
      `The close code must be either 1000, or between 3000 and 4999. ${number} is neither.`,
      "InvalidAccessError",
    );
  }
  if (words !== undefined && utf8Length(words) > MOST_REASON_BYTES) {
    throw new DOMException(`The close reason must not be greater than ${MOST_REASON_BYTES} UTF-8 bytes.`, "SyntaxError");
  }
  return { code: number, reason: words };
}

export class Rejoin extends EventTarget {
  #driver;
  #options;
  #handlers = new Handlers(this);
  /** What the events told so far make of `readyState`. */
  #told;
  /** Bytes that were discarded since the last opening. */
  #discarded = 0;
  #readers = new Set();
  #ready;
  #drained;

  constructor(url, protocols, options) {
    if (arguments.length === 0) throw new TypeError("1 argument required, but only 0 present.");
    super();
    const target = readTarget(url, protocols);
    this.#options = readOptions(options);
    this.#told = this.#options.startClosed ? CLOSED : CONNECTING;
    this.#driver = new Driver(
      {
        tell: (event, error) => this.#tell(event, error),
        stateChanged: (state, name) => this.#stateChanged(state, name),
        message: (data, origin) => this.#message(data, origin),
        atRest: () => this.#atRest(),
      },
      target,
      this.#options,
    );
    if (this.#options.startClosed) return;
    this.#driver.constructing = true;
    this.#driver.open();
    this.#driver.constructing = false;
  }

  get url() {
    return this.#driver.socket?.url ?? this.#driver.target.fixed?.url ?? "";
  }

  get readyState() {
    const { socket, state } = this.#driver;
    return this.#told === OPEN && (state !== OPEN || socket?.readyState > OPEN) ? CLOSING : this.#told;
  }

  get bufferedAmount() {
    return this.#driver.bufferedAmount + this.#discarded;
  }

  get extensions() {
    return this.#driver.socket?.extensions ?? "";
  }

  get protocol() {
    return this.#driver.socket?.protocol ?? "";
  }

  get binaryType() {
    return this.#driver.binaryType;
  }

  set binaryType(type) {
    const name = text(type);
    // As with every enumeration, what is not among its values changes nothing.
    if (name !== "blob" && name !== "arraybuffer") return;
    this.#driver.binaryType = name;
    if (this.#driver.socket) this.#driver.socket.binaryType = name;
  }

  send(data) {
    if (arguments.length === 0) throw new TypeError("1 argument required, but only 0 present.");
    const payload = readPayload(data);
    const { reconnect, mayQueue, whenFull } = this.#options;
    const { socket, state } = this.#driver;
    const { readyState } = this;
    if (readyState === CONNECTING && !mayQueue) {
      throw new DOMException("Still in CONNECTING state.", "InvalidStateError");
    }
    const over = this.#told >= CLOSING || (readyState === CLOSING && !reconnect);
    if (over) return this.#discard(socket, payload);
    const refused = this.#driver.send(payload);
    if (!refused) return;
    if (refused === 3) return this.#discard(undefined, payload);
    if (whenFull === "throw" || (whenFull === "drop-oldest" && refused !== 2)) {
      throw new DOMException(
        state === OPEN && !mayQueue ? "Nothing may be queued." : "The queue has no room for the message.",
        "QuotaExceededError",
      );
    }
    this.#driver.noteLost([payload], "full");
    queueMicrotask(() => this.#driver.dispatch());
  }

  /** As the standard says: counted, and silent but for the event of ours. */
  #discard(socket, payload) {
    if (socket && socket.readyState > OPEN) socket.send(payload);
    else this.#discarded += byteLength(payload);
    if (!this.#options.reconnect) return;
    this.#driver.noteLost([payload], "closed");
    queueMicrotask(() => this.#driver.dispatch());
  }

  close(code, reason) {
    const close = readClose(code, reason);
    if (this.#told >= CLOSING) return;
    this.#told = CLOSING;
    this.#driver.close(close.code, close.reason);
  }

  reconnect(code, reason) {
    const close = readClose(code, reason);
    if (this.#told === CLOSED) this.#discarded = 0;
    this.#told = CONNECTING;
    this.#driver.reconnect(close.code ?? 1000, close.reason);
  }

  get state() {
    const { state } = this.#driver;
    return ["connecting", "open", "closing", "closed", "waiting"][state];
  }

  get metrics() {
    const { metrics, core, id } = this.#driver;
    return { ...metrics, queuedMessages: core.queued_messages(id), queuedBytes: core.queued_bytes(id) };
  }

  get ready() {
    if (this.readyState === OPEN) return Promise.resolve();
    if (this.#told === CLOSED) return Promise.reject(this.#closedError());
    return (this.#ready ??= withResolvers()).promise;
  }

  get drained() {
    if (this.#driver.watchDrain()) return Promise.resolve();
    return (this.#drained ??= withResolvers()).promise;
  }

  [Symbol.asyncIterator]() {
    const reader = new Messages(this.#driver, this.#options, (reader) => this.#readers.delete(reader));
    this.#readers.add(reader);
    if (this.#told === CLOSED) reader.end();
    return reader;
  }

  get [Symbol.toStringTag]() {
    return "Rejoin";
  }

  #tell(event, error) {
    if (event.type === "close") {
      // A close() after the end, and before it is told, stands.
      if (!event.willRetry) this.#told = CLOSED;
      else if (this.#told !== CLOSING) this.#told = CONNECTING;
      if (error) this.dispatchEvent(error);
    } else if (event.type === "lost" && this.#driver.state === CLOSED) {
      for (const message of event.messages) this.#discarded += byteLength(message);
    }
    this.dispatchEvent(event);
    if (event.type !== "close" || event.willRetry) return;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
    const closed = this.#closedError(event);
    this.#ready?.reject(closed);
    this.#drained?.reject(closed);
    this.#ready = this.#drained = undefined;
  }

  #stateChanged(state, name) {
    if (state === OPEN && this.#told === CONNECTING) {
      this.#told = OPEN;
      this.#ready?.resolve();
      this.#ready = undefined;
      this.dispatchEvent(new Event("open"));
    }
    this.dispatchEvent(eventWith("statechange", { state: name }));
  }

  #message(data, origin) {
    if (this.#readers.size) for (const reader of this.#readers) reader.push(data, byteLength(data));
    this.dispatchEvent(new IncomingEvent(data, origin));
  }

  #atRest() {
    if (this.#drained && this.#driver.core.is_drained(this.#driver.id)) {
      this.#drained.resolve();
      this.#drained = undefined;
    }
  }

  #closedError(event = this.#driver.metrics.lastClose) {
    const words = event ? `The connection is closed (${event.code}). ${event.reason}`.trim() : "There is no connection.";
    return new Error(words, { cause: event });
  }

  static {
    const { prototype } = this;
    for (const [name, value] of Object.entries(CONSTANTS)) {
      for (const place of [this, prototype]) Object.defineProperty(place, name, { value, enumerable: true });
    }
    for (const type of HANDLERS) {
      Object.defineProperty(prototype, `on${type}`, {
        get() { return this.#handlers.get(type); },
        set(value) { this.#handlers.set(type, value); },
        configurable: true,
      });
    }
    // As in WebIDL, what is public can be enumerated.
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name !== "constructor") Object.defineProperty(prototype, name, { enumerable: true });
    }
    // Arguments that may be left out do not count.
    Object.defineProperty(this, "length", { value: 1 });
    Object.defineProperty(prototype.close, "length", { value: 0 });
  }
}

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
