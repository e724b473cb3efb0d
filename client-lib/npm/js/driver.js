// The driver: the only place that drains the link, and what ties it to a socket, a timer and the page.
//
// After every change it does all that the link asks for, and tells the application when the link is at rest again,
// so that a listener may call anything. What a call of the application's own brings about is told after that call.
import { CAUSES } from "./causes.js";
import { createLink, load } from "./core.js";
import { closeEvent, eventWith, report } from "./events.js";
import { HINTS, watchLeaving, watchPage } from "./lifecycle.js";
import { byteLength, snapshot } from "./payload.js";
import { logTo, recordOf } from "./record.js";

export const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3, WAITING = 4;

/** The names of the link's states. */
const STATES = ["connecting", "open", "closing", "closed", "waiting"];

/** What this end says of an end that no close frame explains. */
const REASONS = {
  "connect-timeout": "The connection was not open within the time-out.",
  "close-timeout": "The close handshake was not over within the time-out.",
  "keep-alive": "Nothing came within the keep-alive's deadline.",
  overflow: "More came than was read.",
  "provider-timeout": "The function for the URL or the subprotocols did not answer within the time-out.",
  paused: "The page is hidden.",
};

/** The longest wait of a timer: 31 bits of milliseconds. */
const LONGEST_WAIT = 2_147_483_647;

const INPUT_OPENED = 0, INPUT_PONG = 1, INPUT_BUFFERED = 2, INPUT_PEER_CLOSING = 3, INPUT_DIALING = 4, INPUT_TIMEOUT = 6;

export class Driver {
  /** `owner` is told by `tell`, `stateChanged`, `message`, and by `atRest` when there is nothing more to tell. */
  constructor(owner, target, options) {
    this.owner = owner;
    this.target = target;
    this.options = options;
    this.core = load();
    if (target.fixed) options.settings.pop();
    this.id = createLink(this, options.settings);
    this.state = CLOSED;
    this.socket = null;
    this.serial = 0;
    this.binaryType = "blob";
    this.messages = new Map();
    this.newest = 0;
    this.events = [];
    this.metrics = { attempts: 0, opened: 0, sent: 0, received: 0, lost: 0, roundTrip: undefined, lastClose: undefined };
    this.wakeAt = -1;
    /** The call of the provider under way, for the present attempt or the next; or its `answer`, which came too late. */
    this.call = undefined;
    this.hint = (input) => {
      this.record("hint", { hint: HINTS[input] });
      this.input(input);
    };
    // A browser may close its sockets then although the page lives on.
    this.leaving = () => (this.leavingUntil = performance.now() + 1_000);
    this.timeout = () => {
      this.wakeAt = -1;
      this.input(INPUT_TIMEOUT);
    };
  }

  // For the application.

  open() {
    this.step((now) => this.core.open(this.id, now));
  }

  reconnect(code, reason) {
    this.dropCall();
    // The time for which the page may be hidden begins again.
    this.watch(this.state !== CLOSED);
    this.measure();
    this.closing = { code, reason };
    this.step((now) => this.core.reconnect(this.id, now));
    this.closing = undefined;
  }

  close(code, reason) {
    this.closing = { code, reason };
    this.step((now) => this.core.close(this.id, now, code ?? 0));
  }

  /** Whether the message went to the socket or into the queue; otherwise why not: 1 full, 2 too large, 3 closed. */
  send(data) {
    const length = byteLength(data);
    if (this.socket?.readyState === OPEN && this.core.try_transmit(this.id, length)) {
      this.socket.send(data);
      this.metrics.sent++;
      if (this.options.log) {
        this.record("sent", { bytes: length });
        queueMicrotask(() => this.dispatch());
      }
      if (this.core.is_congested(this.id)) this.measure();
      return 0;
    }
    const handle = (this.newest = (this.newest + 1) >>> 0);
    this.messages.set(handle, snapshot(data));
    let refused;
    this.step((now) => (refused = this.core.send(this.id, now, handle, length)));
    if (refused) this.messages.delete(handle);
    return refused;
  }

  get bufferedAmount() {
    return this.core.queued_bytes(this.id) + this.buffered();
  }

  overflow() {
    this.measure();
    this.step((now) => this.core.overflow(this.id, now), true);
  }

  watchDrain() {
    this.measure();
    this.step((now) => this.core.watch_drain(this.id, now));
    return this.core.is_drained(this.id);
  }

  // The link.

  /** Changes the link, does what it asks for, then tells: at once if `within` an event, else after this call. */
  step(change, within = false) {
    const now = performance.now();
    const { socket } = this;
    if (this.state === OPEN && socket && socket.readyState > OPEN) {
      this.core.socket_input(this.id, now, this.serial, INPUT_PEER_CLOSING, 0);
      this.drain(now);
    }
    change(now);
    this.drain(now);
    this.finish();
    if (within) this.dispatch();
    else if (this.events.length) queueMicrotask(() => this.dispatch());
  }

  drain(now) {
    const { core, id } = this;
    for (;;) {
      switch (core.poll(id)) {
        case 0: return this.sleep(now, core.field(id, 0));
        case 1: {
          this.serial = core.field(id, 0);
          this.wanted = core.field(id, 1);
          this.socket = null;
          break;
        }
        case 2: this.transmit(core.field(id, 0)); break;
        case 3: this.ping(); break;
        case 4: this.beginClosing(); break;
        case 5: this.abandon(); break;
        case 6: this.changed(now); break;
        case 7: this.ended(); break;
        case 8: this.lose("closed"); break;
        case 9: this.lose("evicted"); break;
        case 10:
          this.metrics.roundTrip = core.field(id, 0);
          this.record("pong", { roundTrip: this.metrics.roundTrip });
          break;
      }
    }
  }

  sleep(now, at) {
    if (at === this.wakeAt) return;
    clearTimeout(this.timer);
    this.wakeAt = at;
    if (at >= 0) this.timer = setTimeout(this.timeout, Math.min(Math.ceil(at - now), LONGEST_WAIT));
  }

  /** What could not be done while the link was being drained. */
  finish() {
    const { judged } = this;
    if (judged) {
      // An end that the link found by itself, and that the application has a say in.
      this.judged = undefined;
      if (this.state === WAITING && !this.decide(judged)) {
        this.events = this.events.filter(({ event, waiting }) => !waiting && event?.type !== "reconnecting");
        this.step((now) => this.core.stop(this.id, now));
      }
    }
    for (const { event } of this.events) {
      if (event?.type === "close" && event.willRetry === undefined) event.willRetry = this.state !== CLOSED;
    }
    if (this.neverOpened) {
      this.neverOpened = false;
      this.failed = { message: "The connection was closed before it was established." };
      this.step((now) => this.core.disconnected(this.id, now, this.serial, 1006, false, 0, false));
    }
    const attempt = this.wanted;
    if (attempt !== undefined) {
      this.wanted = undefined;
      this.seek(this.serial, attempt);
    }
  }

  changed(now) {
    const { core, id } = this;
    const state = core.field(id, 0);
    if ((this.state === CLOSED) !== (state === CLOSED)) this.watch(state !== CLOSED);
    this.state = state;
    if (state === CLOSED) this.dropCall();
    watchLeaving(this.leaving, state === OPEN);
    const fields = {};
    if (state === WAITING || state === CONNECTING) fields.attempt = core.field(id, 1);
    if (state === WAITING) fields.delay = Math.max(core.field(id, 2) - now, 0);
    this.record(STATES[state], fields);
    this.events.push({ state, waiting: state === WAITING });
    if (state === WAITING) this.events.push({ event: eventWith("reconnecting", fields) });
  }

  ended() {
    const { core, id } = this;
    const [code, clean, by, , unsent, gaveUp] = [0, 1, 2, 3, 4, 5].map((index) => core.field(id, index));
    const cause = CAUSES[by];
    const found = REASONS[cause];
    const event = this.ending ?? closeEvent(code, found ?? this.closing?.reason ?? "", clean === 1);
    this.ending = undefined;
    Object.assign(event, { willRetry: undefined, cause, unsentBytes: unsent, gaveUp: gaveUp === 1 });
    if (found && cause !== "overflow" && cause !== "paused") {
      this.failed ??= { message: found };
      this.judged = event;
    }
    if (cause !== "provider-timeout" || this.call?.late) this.dropCall();
    else if (this.call) {
      // Its answer is still used when it comes. If the next attempt ends like this too, it is given up.
      this.call.late = true;
      this.abortCall();
    }
    const error = this.failed && eventWith("error", this.failed);
    this.failed = undefined;
    this.metrics.lastClose = event;
    // What a provider or a class throws is the application's, and may have the URL in it.
    const reason = cause === "provider" ? "" : event.reason;
    this.record("ended", { code: event.code, cause, reason, unsentBytes: unsent, gaveUp: event.gaveUp });
    this.events.push({ event, error });
  }

  /** Messages that were taken and will not be sent. */
  lose(reason) {
    const { core, id } = this;
    const messages = Array.from({ length: core.field(id, 0) }, (_, at) => this.takeMessage(core.listed(id, at)));
    this.noteLost(messages, reason);
  }

  noteLost(messages, reason, error) {
    this.metrics.lost += messages.length;
    this.record("lost", { messages: messages.length, reason });
    this.events.push({ event: eventWith("lost", { messages, reason, error }) });
  }

  takeMessage(handle) {
    const message = this.messages.get(handle);
    this.messages.delete(handle);
    return message;
  }

  // The socket.

  /** Learns where to connect, unless an earlier attempt's call has or will say it, and connects. */
  seek(serial, attempt) {
    this.metrics.attempts++;
    const { fixed, ask } = this.target;
    if (fixed) return this.connect(serial, fixed);
    if (this.call) return this.call.answer?.();
    this.record("asking", { attempt });
    const call = (this.call = new AbortController());
    const answered = (use) => {
      if (this.call !== call) return;
      if (this.state === CONNECTING) {
        this.call = undefined;
        this.step((now) => this.core.socket_input(this.id, now, this.serial, INPUT_DIALING, 0));
        use();
      } else {
        call.answer = () => answered(use);
        this.step((now) => this.core.retry_now(this.id, now), true);
        // While attempts are paused none follows, and the answer would be old when it is used.
        if (this.call === call && this.wakeAt < 0) this.call = undefined;
      }
    };
    ask(attempt, call.signal).then(
      (target) => answered(() => this.connect(this.serial, target)),
      (error) => {
        // The other of two functions may still be running.
        queueMicrotask(() => call.abort());
        // One that fails too late for its attempt: the next one calls again.
        if (this.call === call && this.state !== CONNECTING) this.call = undefined;
        answered(() => this.fail(this.serial, error));
      },
    );
  }

  dropCall() {
    this.abortCall();
    this.call = undefined;
  }

  /** Later, since the signal's listeners may call back in. */
  abortCall() {
    const { call } = this;
    if (call) queueMicrotask(() => call.abort());
  }

  connect(serial, { url, protocols }) {
    const { protocol, host, pathname } = new URL(url);
    this.record("dialing", { url: `${protocol}//${host}${pathname}` });
    let socket;
    try {
      socket = new this.options.Socket(url, protocols);
      this.listen(socket, serial);
      socket.binaryType = this.binaryType;
    } catch (error) {
      this.socket = socket;
      this.abandon();
      this.socket = null;
      if (!this.constructing) return this.fail(serial, error);
      // The first attempt of all is made by the constructor, which throws what the browser's throws.
      clearTimeout(this.timer);
      this.state = CLOSED;
      throw error;
    }
    this.socket = socket;
  }

  listen(socket, serial) {
    const on = (type, listener) => socket.addEventListener(type, listener);
    on("open", (this.onopen = () => serial === this.serial && this.opened(serial)));
    // The same for every message of a connection, and dear to ask for.
    let origin;
    on("message", (this.onmessage = (event) => {
      if (serial === this.serial) this.received(serial, event.data, (origin ??= event.origin));
    }));
    on("error", (this.onerror = ({ message, error }) => {
      if (serial !== this.serial) return;
      this.failed = message === undefined ? {} : { message, error };
      // By the standard `close` follows. Where a browser may not connect, some emit none: WebKit at a blocked port,
      // Chromium under a Content-Security-Policy.
      if (this.state !== OPEN) setTimeout(() => {
        if (serial === this.serial && socket.readyState === CLOSED) this.closed(serial, closeEvent(1006, "", false));
      });
    }));
    on("close", (this.onclose = (event) => serial === this.serial && this.closed(serial, event)));
  }

  opened(serial) {
    if (this.socket.readyState > OPEN) return;
    this.metrics.opened++;
    this.step((now) => this.core.socket_input(this.id, now, serial, INPUT_OPENED, 0), true);
  }

  received(serial, data, origin) {
    if (this.options.keepAlive && this.alive(serial, data)) return;
    this.metrics.received++;
    if (this.options.log) this.record("received", { bytes: byteLength(data) });
    if (this.events.length) this.dispatch();
    this.owner.message(data, origin);
  }

  /** Tells the link of a sign of life; whether the message is the answer to a ping. */
  alive(serial, data) {
    if (!this.core.received(this.id, serial)) return true;
    try {
      if (!this.options.keepAlive.isPong?.(data)) return false;
    } catch (error) {
      report(error);
      return false;
    }
    this.step((now) => this.core.socket_input(this.id, now, serial, INPUT_PONG, 0), true);
    return true;
  }

  closed(serial, closed) {
    // One that the event `error` has told of already.
    if (serial === this.over) return;
    if (performance.now() < this.leavingUntil) {
      setTimeout(this.onclose, 1_000, closed);
      // The socket takes nothing more, which is to be seen.
      return this.step(() => {}, true);
    }
    this.over = serial;
    const { code, reason, wasClean } = closed;
    const event = (this.ending = closeEvent(code, reason, wasClean));
    const again = !this.closing && this.decide(event);
    const unsent = this.buffered();
    this.step((now) => this.core.disconnected(this.id, now, serial, code, wasClean, unsent, again), true);
  }

  /** An attempt that came to nothing before there was a socket. */
  fail(serial, error) {
    this.noteError(error);
    const event = (this.ending = closeEvent(1006, this.failed.message, false));
    const again = !this.target.fixed && this.decide(event);
    this.step((now) => this.core.disconnected(this.id, now, serial, 0, false, 0, again), true);
  }

  /** What the event `error` says of the end that follows. */
  noteError(error) {
    this.failed = { error, message: error?.message ?? String(error) };
  }

  /** Whether the application wants another connection after this end. */
  decide(event) {
    if (!this.options.reconnect) return false;
    try {
      return this.options.shouldReconnectOnClose?.(event) ?? true;
    } catch (error) {
      report(error);
      return true;
    }
  }

  transmit(handle) {
    const message = this.takeMessage(handle);
    try {
      this.socket.send(message);
      this.metrics.sent++;
      this.record("sent", { bytes: byteLength(message) });
    } catch (error) {
      this.noteLost([message], "refused", error);
    }
  }

  ping() {
    this.record("ping");
    try {
      this.socket.send(this.options.keepAlive.ping());
    } catch (error) {
      report(error);
    }
  }

  beginClosing() {
    if (!this.socket) {
      this.neverOpened = true;
      this.wanted = undefined;
      return;
    }
    try {
      closeSocket(this.socket, this.closing);
    } catch (error) {
      // The close time-out ends it.
      this.noteError(error);
    }
  }

  abandon() {
    const { socket } = this;
    this.wanted = undefined;
    if (!socket) return;
    this.serial = -1;
    try {
      for (const type of ["open", "message", "close"]) socket.removeEventListener(type, this[`on${type}`]);
      // The listener of `error` stays: in Node.js an error that nobody listens to ends the program.
      // One that is closing already has had its time; `ws` would keep the program for 30 s more.
      if (socket.readyState === CLOSING && socket.terminate) socket.terminate();
      else closeSocket(socket, this.closing ?? { code: 1000 });
    } catch (error) {
      this.noteError(error);
    }
  }

  /** A timer, or something that the page says: the machine may have slept, which the two clocks show. */
  input(input) {
    this.measure();
    this.step((now) => this.core.page_input(this.id, now, input, Date.now()), true);
  }

  /** Gives the link the socket's word on its buffer. */
  measure() {
    if (!this.socket || (this.state !== OPEN && this.state !== CLOSING)) return;
    const bytes = this.buffered();
    this.step((now) => this.core.socket_input(this.id, now, this.serial, INPUT_BUFFERED, bytes));
  }

  /** The bytes that the socket has yet to send; 0 if its class can't say. */
  buffered() {
    try {
      return this.socket?.bufferedAmount ?? 0;
    } catch {
      return 0;
    }
  }

  // The page and the application.

  watch(begin) {
    this.unwatch?.();
    this.unwatch = undefined;
    if (begin) {
      queueMicrotask(() => {
        if (this.state === CLOSED || this.unwatch) return;
        this.unwatch = watchPage(this.hint, this.options);
      });
    }
  }

  dispatch() {
    if (this.dispatching) return;
    this.dispatching = true;
    for (let entry; (entry = this.events.shift()); ) {
      if (entry.record) this.logRecord(entry.record);
      else if (entry.event) this.owner.tell(entry.event, entry.error);
      else this.owner.stateChanged(entry.state, STATES[entry.state]);
    }
    this.dispatching = false;
    this.owner.atRest();
  }

  /** For the log, never payloads, tokens, nor a URL's query, fragment or user info. */
  record(type, fields = {}) {
    // A log that sends its records over the connection would never come to an end.
    if (!this.options.log || (this.logging && (type === "sent" || type === "lost"))) return;
    this.events.push({ record: recordOf(type, fields) });
  }

  logRecord(record) {
    this.logging = true;
    logTo(this.options.log, record, report);
    this.logging = false;
  }
}

function closeSocket(socket, { code, reason }) {
  if (code === undefined) socket.close();
  else if (reason === undefined) socket.close(code);
  else socket.close(code, reason);
}
