// The class: what a user sees of a session.
import { text } from "../address.js";
import { eventWith, Handlers, report } from "../events.js";
import { hex, newNumber, sessions } from "./bundled.js";
import { ask } from "./calling.js";
import { core } from "./core.js";
import { CLOSED, KeepError, NotTakenError, SessionEndedError } from "./errors.js";
import { Feed } from "./feed.js";
import { readMetrics } from "./metrics.js";
import { ENDED, eventOf, LIVE, STATE, stateEvent, STATES } from "./news.js";
import { readOptions, readToken } from "./options.js";
import { decode, decodeBytes, decodeMessage, encode } from "./payload.js";
import { publish, receipt } from "./publishing.js";
import { Reader } from "./reader.js";

const HANDLERS = [
  "live", "message", "statechange", "lost", "disconnect", "volatile", "undecodable", "notkept", "ended",
];
/** Given to the constructor by `reopen` alone. */
const KEPT = Symbol();

export class RejoinSession extends EventTarget {
  #options;
  /** The module's session, while there is one. */
  #port;
  #number;
  #kept;
  #handlers = new Handlers(this);
  #news = [];
  /** The last state that was told. */
  #told = "connecting";
  #ended;
  #ready;
  #protocol;
  #metrics;
  #providerError;
  /** How messages are taken: not yet, by "listeners" or by "iteration". */
  #taken;
  /** Whether somebody wants to know of what can't be decoded. */
  #minds = false;
  /** Messages that nobody had read when the session ended. */
  #unread = [];

  constructor(url, options, kept) {
    if (arguments.length === 0) throw new TypeError("1 argument required, but only 0 present.");
    super();
    this.#options = readOptions(url, options);
    this.#kept = kept === KEPT;
    if (!this.#kept) this.#open();
  }

  static async reopen(name, url, options) {
    const session = new RejoinSession(url, options, KEPT);
    session.#begin();
    const { settings, protocols } = session.#options;
    try {
      const [port, list] = await core().reopen(session.#number, text(name), settings, protocols);
      session.#port = port;
      return { session, publications: readPublications(list) };
    } catch (words) {
      sessions.delete(session.#number);
      throw words instanceof Error
        ? words
        : new KeepError(words ?? "There is no sessionStorage that the page may use.");
    }
  }

  get state() {
    return this.#port ? STATES[this.#port.state()] : this.#ended ? "ended" : "connecting";
  }

  get alias() {
    const alias = this.#port?.alias();
    return alias === undefined ? undefined : hex(alias);
  }

  get protocol() {
    return this.#protocol;
  }

  get metrics() {
    return readMetrics(this.#port?.metrics() ?? this.#metrics);
  }

  get ready() {
    if (this.#ended) return Promise.reject(this.#endedError());
    if (this.#port.state() === STATES.indexOf("live")) return Promise.resolve();
    return (this.#ready ??= withResolvers()).promise;
  }

  // Messages.

  async send(message) {
    const payload = encode(message);
    const refused = this.#port ? await this.#port.send(payload) : CLOSED;
    if (refused) throw new NotTakenError(refused, message);
  }

  trySend(message) {
    const refused = this.#port ? this.#port.try_send(encode(message)) : CLOSED;
    if (refused) throw new NotTakenError(refused, message);
  }

  volatile(message) {
    return this.#port?.volatile(encode(message)) ?? false;
  }

  messages() {
    if (this.#taken === "listeners") throw new TypeError("The messages go to the listeners of the event `message`.");
    this.#taken = "iteration";
    return new Reader(this.#number, () => this.#nextMessage());
  }

  [Symbol.asyncIterator]() {
    return this.messages();
  }

  addEventListener(type, ...given) {
    if (type === "message") this.#listen();
    if (type === "undecodable") this.#minds = true;
    super.addEventListener(type, ...given);
  }

  // Channels and calls.

  publish(channel, payload) {
    return publish(this.#port, text(channel), payload);
  }

  subscribe(channel, options) {
    return new Feed(this.#port, text(channel), options);
  }

  ask(question, options) {
    return ask(() => this.#port, question, options);
  }

  call(name, args, options) {
    return this.ask({ type: text(name), ...args }, options);
  }

  // The session itself.

  authenticate(token) {
    this.#port?.authenticate(readToken(token) ?? "");
  }

  letGo() {
    this.#port?.let_go();
  }

  takeWaiting() {
    return this.#port?.take_waiting().map(decodeMessage) ?? [];
  }

  reconnect() {
    const over = this.#ended !== undefined;
    this.#ended = undefined;
    if (!this.#port) return this.#open();
    if (over) sessions.set(this.#number, this.#seam());
    this.#port.reconnect();
  }

  async close() {
    const [unsent, unacked, unanswered] = (this.#ended ? undefined : await this.#port.close()) ?? [0, 0, 0];
    return { unsent, unacked, unanswered };
  }

  get [Symbol.toStringTag]() {
    return "RejoinSession";
  }

  #open() {
    this.#begin();
    const { settings, protocols } = this.#options;
    try {
      this.#port = core().open(this.#number, settings, protocols);
    } catch (words) {
      sessions.delete(this.#number);
      throw typeof words === "string" ? new RangeError(words) : words;
    }
    if (this.#taken === "listeners") this.#port.listen();
  }

  #begin() {
    this.#number = newNumber();
    sessions.set(this.#number, this.#seam());
  }

  /** What the module tells and asks. It keeps the session, until that has ended. */
  #seam() {
    const { Socket, ask } = this.#options;
    return {
      Socket,
      ask: (attempt, fresh) => ask(attempt, fresh).catch((error) => {
        this.#providerError = { error };
        throw String(error?.message ?? error);
      }),
      tell: (...news) => {
        if (this.#news.push(news) === 1) queueMicrotask(() => this.#tellAll());
      },
    };
  }

  #tellAll() {
    for (let at = 0; at < this.#news.length; at++) this.#tell(...this.#news[at]);
    this.#news = [];
  }

  #tell(what, first, second) {
    const event = eventOf(what, first, second);
    if (what === LIVE) {
      this.#protocol = event.protocol;
      this.#ready?.resolve();
      this.#ready = undefined;
    } else if (event.type === "disconnect") {
      Object.assign(event, this.#providerError);
      this.#providerError = undefined;
    } else if (what === ENDED) {
      this.#ended = { code: event.code, reason: event.reason };
      this.#tellState(stateEvent("ended"));
    } else if ((what & 7) === STATE) {
      return this.#tellState(event);
    }
    // At a close as it should be there is nothing to lose.
    if (event.reason === "ended" && event.type === "lost" && !event.unacked.length && !event.unsent.length) return;
    if (event.type === "undecodable") return this.#tellUndecodable(event);
    this.dispatchEvent(event);
    if (what === ENDED && this.#ended) this.#leave();
  }

  /** Never silently: who does not listen to it finds it on the console. */
  #tellUndecodable(event) {
    if (this.#minds) this.dispatchEvent(event);
    else report(event.error);
  }

  #tellState(event) {
    if (this.#told === event.state && event.state !== "connecting") return;
    this.#told = event.state;
    this.dispatchEvent(event);
  }

  /** The session is over: nothing of the module or the page is held any more. */
  #leave() {
    this.#ready?.reject(this.#endedError());
    this.#ready = undefined;
    sessions.delete(this.#number);
    if (this.#kept) return;
    for (let raw; this.#taken !== "listeners" && (raw = this.#port.take()) != null; ) this.#unread.push(raw);
    this.#metrics = this.#port.metrics();
    this.#port.free();
    this.#port = undefined;
  }

  #listen() {
    if (this.#taken === "iteration") throw new TypeError("The messages are read by iteration.");
    if (this.#taken) return;
    this.#taken = "listeners";
    this.#port?.listen();
  }

  #nextMessage() {
    for (;;) {
      const raw = this.#unread.shift() ?? (this.#port ? this.#port.take() : null);
      if (raw === undefined || raw === null) return raw;
      try {
        return { value: decode(raw, true) };
      } catch (error) {
        this.#tellUndecodable(eventWith("undecodable", { raw, error }));
      }
    }
  }

  #endedError() {
    return new SessionEndedError(this.#ended.code, this.#ended.reason);
  }

  static {
    const { prototype } = this;
    for (const type of HANDLERS) {
      Object.defineProperty(prototype, `on${type}`, {
        get() { return this.#handlers.get(type); },
        set(value) { this.#handlers.set(type, value); },
        configurable: true,
      });
    }
    // As it is written, whatever a minifier makes of it.
    Object.defineProperties(this, { length: { value: 1 }, name: { value: "RejoinSession" } });
  }
}

/** The publications of an earlier page: four values for each. */
function readPublications(list) {
  const publications = [];
  for (let at = 0; at < list.length; at += 4) {
    const [channel, number, raw, outcome] = list.slice(at, at + 4);
    let payload;
    try {
      payload = decodeBytes(raw);
    } catch {
      payload = raw;
    }
    publications.push({ channel, number, payload, receipt: receipt(outcome, { channel, number, payload }) });
  }
  return publications;
}

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
