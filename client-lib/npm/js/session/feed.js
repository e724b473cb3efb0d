// A subscription: an async iterator of what a channel brings.
import { hex, newNumber } from "./bundled.js";
import { mustBe } from "../options.js";
import { CLOSED, NotTakenError, SubscriptionError } from "./errors.js";
import { mustKnow } from "./options.js";
import { decode, encode } from "./payload.js";
import { Reader, Source } from "./reader.js";

/** Kinds of items, in the order of client-lib/npm/session/src/feed.rs; entries and gaps come as they are told. */
const STARTED = 0, MEMBERS = 1, VOLATILE = 2, ENDED = 3, NOT_LISTED = 4;
/** The close code of what is over as it should be. */
const NORMAL = 1000;

const POSITION = /^(\d{1,16})\.([0-9a-f]{1,16})\.(\d{1,16})$/;

/** From where, as the module takes it. */
function readSince(since = "now") {
  if (since === "now") return [0];
  if (since === "everything") return [2];
  if (typeof since === "object" && since !== null && Number.isSafeInteger(since.last) && since.last >= 0) {
    return [1, since.last];
  }
  const [, ordinal, epoch, offset] = (typeof since === "string" && POSITION.exec(since)) || [];
  if (![ordinal, offset].every((part) => Number.isSafeInteger(Number(part)))) {
    throw new TypeError("`since` must be 'now', 'everything', { last: n }, or the position of an entry.");
  }
  const bits = epoch.padStart(16, "0");
  return [3, ordinal, parseInt(bits.slice(0, 8), 16), parseInt(bits.slice(8), 16), offset].map(Number);
}

export class Feed extends Reader {
  #port;
  #bytes;
  #position;
  #members = Object.freeze([]);
  #listed;
  #most;
  #isOver;
  #signal;
  #stop = () => this.end();

  /**
   * `most` has the most bytes of payloads, `isOver` says whether the session closes or has ended. Throws a NotTakenError
   * where the module does not subscribe.
   */
  constructor(port, channel, options = {}, most, isOver) {
    mustKnow(options, ["since", "as", "bytes", "signal"]);
    const { since, as, signal } = options;
    const bytes = mustBe(options, "bytes", "boolean") ?? false;
    if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
      throw new TypeError("The option signal must be an AbortSignal.");
    }
    const bell = newNumber();
    super(new Source(() => {
      const item = this.#port.take();
      return item ? this.#read(item) : item;
    }, () => bell));
    const from = readSince(since);
    const about = as === undefined ? undefined : encode(as, most.presence);
    signal?.throwIfAborted();
    const made = port ? port.subscribe(channel, from, about, bell, !bytes) : CLOSED;
    if (typeof made === "number") throw new NotTakenError(made, as);
    this.#port = made;
    this.#bytes = bytes;
    this.#listed = as !== undefined;
    this.#most = most;
    this.#isOver = isOver;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#stop, { once: true });
    Object.defineProperty(this, "channel", { value: channel, enumerable: true });
  }

  get position() {
    return this.#position;
  }

  get members() {
    return this.#members;
  }

  setPresence(about) {
    if (!this.#listed) throw new TypeError("The feed is not listed: subscribe with the option `as`.");
    const body = encode(about, this.#most.presence);
    const refused = this.#port && !this.#isOver() ? this.#port.set_presence(body) : CLOSED;
    if (refused) throw new NotTakenError(refused, about);
  }

  volatile(value) {
    const body = encode(value);
    return body.length <= this.#most.volatile && (this.#port?.volatile(body) ?? false);
  }

  get [Symbol.toStringTag]() {
    return "Feed";
  }

  #read(item) {
    if (item.type) {
      this.#position = item.position;
      return { value: item.type === "entry" ? this.#decoded(item, item.payload) : item };
    }
    const { what, first, second } = item;
    switch (what) {
      case STARTED:
        this.#position = first;
        return { value: { type: "started", position: first } };
      case MEMBERS:
        this.#members = Object.freeze(this.#readMembers(first));
        return { value: { type: "members", members: this.#members } };
      case VOLATILE:
        return { value: this.#decoded({ type: "volatile", sender: hex(first), payload: second }, second) };
      case NOT_LISTED:
        return { value: { type: "not-listed", error: new SubscriptionError(first, second, { channel: this.channel, position: this.#position }) } };
      case ENDED:
        if (first === NORMAL && this.#isOver()) return null;
        throw new SubscriptionError(first, second, { channel: this.channel, position: this.#position });
    }
  }

  /** The item with its payload as a value, or as one whose payload nobody here can read. */
  #decoded(item, raw) {
    if (this.#bytes) return item;
    try {
      item.payload = decode(raw);
      return item;
    } catch (error) {
      const { payload, type, ...rest } = item;
      return { ...rest, type: "undecodable", of: type, raw, error };
    }
  }

  #readMembers(list) {
    const members = [];
    for (let at = 0; at < list.length; at += 2) {
      const [alias, about] = [hex(list[at]), list[at + 1]];
      const { payload, raw } = this.#decoded({ payload: about }, about);
      members.push(raw === undefined ? { alias, about: payload } : { alias, about: undefined, raw });
    }
    return members;
  }

  left() {
    this.#signal?.removeEventListener("abort", this.#stop);
    this.#port?.free();
    this.#port = undefined;
  }
}
