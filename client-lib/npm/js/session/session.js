// The class: what a user sees of a session.
import { text } from "../address.js";
import { eventWith, Handlers } from "../events.js";
import { hex, newNumber, sessions } from "./bundled.js";
import { Audience } from "./audience.js";
import { ask, question } from "./calling.js";
import { core } from "./core.js";
import { CLOSED, KeepError, NotTakenError, SessionEndedError, whyTooLarge } from "./errors.js";
import { Feed } from "./feed.js";
import { Mailbox } from "./mailbox.js";
import { readMetrics } from "./metrics.js";
import { DISCONNECTED, ENDED, eventOf, LIVE, MESSAGE, STATE, stateEvent, STATES } from "./news.js";
import { readOptions, readToken } from "./options.js";
import { byteLength } from "../payload.js";
import { logTo } from "../record.js";
import { decodeBytes, decodeMessage, encode } from "./payload.js";
import { publish, readName, receipt, tryPublish } from "./publishing.js";
import { disposable } from "./reader.js";

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
  /** How often `reconnect` was called: news of an end before it are none any more. */
  #life = 0;
  #kept;
  #handlers = new Handlers(this);
  /** What is to be told, and up to where it has been. */
  #news = [];
  #at = 0;
  /** The last state that was told. */
  #told = "connecting";
  #ended;
  /** The promise that it is live, and the state for which it was settled. */
  #ready;
  /** How the last connection ended. */
  #last;
  /** What `close` left undone. */
  #left = [0, 0, 0];
  #protocol;
  #metrics;
  /** What the functions for URL and token threw, or the WebSocket said, since the last connection ended. */
  #error;
  /** Aborts the call of the functions for URL and token that was made last. */
  #call;
  /** The bytes of what authenticated the last attempt. */
  #tokenBytes = 0;
  #mailbox = new Mailbox(() => this.#port, () => this.#number, (raw, error) => this.#undecodable(raw, error));
  /** Those who listen to messages, and to what can't be decoded. */
  #audiences = new Map([
    ["message", new Audience((listens) => this.#listen(listens))],
    ["undecodable", new Audience(() => {})],
  ]);

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
      const [port, list, notKept] = await core().reopen(session.#number, text(name), settings, protocols);
      session.#port = port;
      return { session, publications: readPublications(list), notKept: notKept && new KeepError(notKept) };
    } catch (words) {
      sessions.delete(session.#number);
      throw typeof words === "string" ? new RangeError(words) : words;
    }
  }

  get state() {
    return this.#port ? STATES[this.#port.state()] : this.#ended ? "ended" : "connecting";
  }

  get alias() {
    const alias = this.#ended ? undefined : this.#port?.alias();
    return alias === undefined ? undefined : hex(alias);
  }

  get protocol() {
    return this.#protocol;
  }

  get metrics() {
    return readMetrics(this.#port?.metrics() ?? this.#metrics);
  }

  get retryIn() {
    return this.#port?.retry_in();
  }

  get ready() {
    const { state } = this;
    if (this.#ready?.settled && this.#ready.settled !== state) this.#ready = undefined;
    if (!this.#ready) {
      this.#ready = withResolvers();
      // Who only looks, or asks again, need not mind.
      this.#ready.promise.catch(() => {});
      if (this.#ended) this.#settle("ended");
      else if (state === "live") this.#settle("live");
    }
    return this.#ready.promise;
  }

  // Messages.

  async send(message) {
    const payload = encode(message, this.#options.most.message);
    const refused = this.#port ? await this.#port.send(payload) : CLOSED;
    if (refused) throw new NotTakenError(refused, message);
  }

  trySend(message) {
    const payload = encode(message, this.#options.most.message);
    const refused = this.#port ? this.#port.try_send(payload) : CLOSED;
    if (refused) throw new NotTakenError(refused, message);
  }

  volatile(message) {
    const payload = encode(message);
    return payload.length <= this.#options.most.volatile && (this.#port?.volatile(payload) ?? false);
  }

  messages() {
    if (!this.#audiences.get("message").isEmpty) {
      throw new TypeError("The messages go to the listeners of the event `message`: remove them to iterate.");
    }
    return this.#mailbox.read();
  }

  [Symbol.asyncIterator]() {
    return this.messages();
  }

  addEventListener(...given) {
    const [type, callback, options] = given;
    const audience = this.#audiences.get(type);
    if (!audience || given.length < 2) return super.addEventListener(...given);
    audience.add(callback, options, (listener) => super.addEventListener(type, listener, options));
  }

  removeEventListener(...given) {
    const [type, callback, options] = given;
    const listener = this.#audiences.get(type)?.remove(callback, options) ?? callback;
    if (given.length > 1) given[1] = listener;
    super.removeEventListener(...given);
  }

  // Channels and calls.

  publish(channel, payload) {
    return publish(this.#port, channel, payload, this.#options.most.publication);
  }

  tryPublish(channel, payload) {
    return tryPublish(this.#port, channel, payload, this.#options.most.publication);
  }

  subscribe(channel, options) {
    const isOver = () => ["closing", "ended"].includes(this.state);
    return new Feed(this.#port, readName(channel), options, this.#options.most, isOver);
  }

  ask(question, options) {
    return ask(() => this.#port, question, options, this.#options.most.call);
  }

  async call(name, args, options) {
    return this.ask(question(name, args), options);
  }

  // The session itself.

  authenticate(token) {
    const given = readToken(token);
    if (given === undefined) throw new TypeError("There must be a token: a string or a Uint8Array.");
    if (this.state !== "live") return false;
    const refused = this.#port.authenticate(given);
    if (refused) throw new NotTakenError(refused, token);
    return true;
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
    if (over) this.#protocol = undefined;
    this.#left = [0, 0, 0];
    if (!this.#port) return this.#open();
    if (over) sessions.set(this.#number, this.#seam());
    this.#life++;
    this.#port.reconnect();
  }

  async close() {
    if (!this.#ended) this.#left = await this.#port.close();
    const [unsent, unacked, unanswered] = this.#left;
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
    if (!this.#audiences.get("message").isEmpty) this.#port.listen(true);
  }

  #begin() {
    this.#number = newNumber();
    sessions.set(this.#number, this.#seam());
  }

  /** What the module tells and asks. It keeps the session, until that has ended. */
  #seam() {
    const { Socket, ask, log } = this.#options;
    return {
      Socket,
      failed: (error) => (this.#error = { error }),
      ask: async (attempt, fresh) => {
        const call = (this.#call = new AbortController());
        try {
          const target = await ask(attempt, fresh, call.signal);
          this.#tokenBytes = byteLength(target[1] ?? "");
          if (this.#call === call) this.#call = undefined;
          return target;
        } catch (error) {
          // The other of two functions may still be running.
          queueMicrotask(() => call.abort());
          // A call that was aborted has no say in the next attempt's error.
          if (this.#call === call) this.#error = { error };
          throw String(error?.message ?? error);
        }
      },
      tell: (...news) => this.#note(...news),
      // Later, since it may call back in.
      record: (record) => queueMicrotask(() => logTo(log, record, report)),
    };
  }

  #note(what, first, second) {
    const call = this.#call;
    // With its attempt; later, since the signal's listeners may call back in.
    if (what === DISCONNECTED && call) queueMicrotask(() => call.abort());
    if (this.#news.push({ what, first, second, life: this.#life }) === 1) queueMicrotask(() => this.#tellAll());
  }

  #tellAll() {
    try {
      while (this.#at < this.#news.length) this.#tell(this.#news[this.#at++]);
    } finally {
      this.#news = [];
      this.#at = 0;
    }
  }

  #tell({ what, first, second, life }) {
    if (life !== this.#life && (what === ENDED || what === STATE + 8 * STATES.indexOf("ended"))) return;
    const event = eventOf(what, first, second);
    if (what === LIVE) {
      this.#protocol = event.protocol;
      if (this.#ready && !this.#ready.settled) this.#settle("live");
    } else if (event.type === "disconnect") {
      this.#last = first;
      Object.assign(event, this.#error);
      this.#error = undefined;
    } else if (what === ENDED) {
      // One that was closed here is not over for the way in which the connection ended.
      const last = event.code === 1000 ? undefined : this.#last;
      whyTooLarge(event, this.#tokenBytes, this.#options.most.auth);
      // Of what a browser refused there are no words; those are the client's own.
      const disagreed = last?.cause === "refused" && last.reason !== "";
      this.#ended = Object.assign(event, { last, disagreed });
      this.#tellState(stateEvent("ended"));
    } else if ((what & 7) === STATE) {
      return this.#tellState(event);
    }
    // At a close as it should be there is nothing to lose.
    if (event.reason === "ended" && event.type === "lost" && !event.unacked.length && !event.unsent.length) return;
    if (event.type === "undecodable") return this.#undecodable(event.raw, event.error);
    this.dispatchEvent(event);
    if (what === ENDED && this.#ended) this.#leave();
  }

  /** Never silently: who does not listen to it finds it on the console. */
  #undecodable(raw, error) {
    if (this.#audiences.get("undecodable").isEmpty) report(error);
    else this.dispatchEvent(eventWith("undecodable", { raw, error }));
  }

  #tellState(event) {
    if (this.#told === event.state && event.state !== "connecting") return;
    this.#told = event.state;
    this.dispatchEvent(event);
  }

  /** The session is over: nothing of the module is held any more, but for one that is kept: that begins anew as itself. */
  #leave() {
    if (this.#ready && !this.#ready.settled) this.#settle("ended");
    sessions.delete(this.#number);
    if (!this.#kept) {
      if (this.#audiences.get("message").isEmpty) this.#mailbox.drain();
      this.#metrics = this.#port.metrics();
      this.#port.free();
      this.#port = undefined;
    }
    this.#mailbox.serve();
  }

  /** Messages go to listeners from now on, those that wait before others; or they wait again. */
  #listen(listens) {
    if (listens) {
      if (this.#mailbox.isRead) {
        throw new TypeError("The messages are read by iteration: end that to listen to the event `message`.");
      }
      for (const raw of this.#mailbox.empty()) this.#note(MESSAGE, raw);
    }
    this.#port?.listen(listens);
    if (listens) return;
    // What was told, and not yet to anybody, waits as well.
    const told = this.#news.splice(this.#at);
    this.#news.push(...told.filter(({ what }) => what !== MESSAGE));
    this.#mailbox.put(told.filter(({ what }) => what === MESSAGE).map(({ first }) => first));
  }

  #settle(state) {
    this.#ready.settled = state;
    if (state === "live") this.#ready.resolve();
    else this.#ready.reject(new SessionEndedError(this.#ended));
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
    disposable(this, function () { return this.close().then(() => {}); });
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
    const promise = receipt(outcome, { channel, number, payload });
    // Who does not look into the list need not mind.
    promise.catch(() => {});
    publications.push({ channel, number, payload, receipt: promise });
  }
  return publications;
}

/** As a page tells of an exception that nobody catches. Elsewhere that would end the program, by what a peer sent. */
function report(error) {
  if (typeof reportError === "function") reportError(error);
  else console.error(error);
}

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
