/** What can be sent, as with the browser's WebSocket. */
export type Payload = string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob;

// What the standard's types are called where there is a page's library, and otherwise what they have.

/** A listener, in either of the forms that the standard has. */
export type Listener<TThis, TEvent> = ((this: TThis, event: TEvent) => unknown) | { handleEvent(event: TEvent): unknown };

/** The third argument of `addEventListener`. */
export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

/** The standard's MessageEvent. */
export type DataEvent<T> = (typeof globalThis extends { MessageEvent: { prototype: infer TEvent extends Event } }
  ? Omit<TEvent, "data">
  : Event) & { readonly data: T };

/** The standard's CloseEvent. */
export interface EndEvent extends Event {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/**
 * A value, or a function that is asked for it before each attempt; `attempt` is 1 for the first in a row.
 *
 * One call runs at a time. An attempt whose call takes longer than `providerTimeout` fails with the cause
 * `provider-timeout`, and `signal` is aborted; an answer that comes all the same is used, by the attempt that waits for it
 * then or by the next one, which begins at once; but one that comes while attempts are paused is dropped, since it would be old
 * when the page is shown. A call that outlasts a second attempt as well is given up, and the function is called again.
 * `close()` and `reconnect()` abort the signal and give up the call. The functions for the URL and the subprotocols are called
 * together and share the signal: it is aborted when one of them fails. A call that ignores its signal can't be stopped, so
 * that two may run then, and never more: further attempts wait, within the same time-out, until one settles.
 */
export type Provided<T> = T | ((attempt: number, signal: AbortSignal) => T | Promise<T>);

/** An address: `ws:`, `wss:`, `http:` or `https:`, or relative to the page's. */
export type Address = string | URL;

/** The subprotocols to offer, the preferred one first. */
export type Protocols = string | Iterable<string>;

/** Where a connection is. `waiting`: it was lost, or could not be had, and another attempt follows. */
export type State = "connecting" | "open" | "closing" | "closed" | "waiting";

/** Who or what ended a connection. A page is not told why a handshake failed: all such ends are `refused`. */
export type Cause =
  /** `close()` or `reconnect()`. */
  | "caller"
  /** The server, by a close frame. */
  | "server"
  /** It was open and ended without a close frame. */
  | "network"
  /** It never opened: no such host, refused, TLS, an HTTP error, subprotocols not agreed on, or no sessions spoken. */
  | "refused"
  /** The socket was not open within `connectionTimeout`. */
  | "connect-timeout"
  /** The server did not answer the close frame within `closeTimeout`. */
  | "close-timeout"
  /** Nothing came within the keep-alive's deadline. */
  | "keep-alive"
  /** The function for the URL, the subprotocols or a session's token failed, or gave what can't be used. */
  | "provider"
  /** More came than was taken, or could be held. */
  | "overflow"
  /** The function for the URL, the subprotocols or a session's token did not answer within `providerTimeout`. */
  | "provider-timeout"
  /** This end, because the page is hidden for longer than `closeHiddenAfter`, or goes into the back-forward cache. */
  | "paused";

/** The event of a connection that has ended, or of an attempt that failed. */
export interface RejoinCloseEvent extends EndEvent {
  /** Whether another attempt follows. */
  readonly willRetry: boolean;
  /** Who or what ended it. */
  readonly cause: Cause;
  /** Bytes that were handed to the socket and had not left it: they are lost, and more may be. */
  readonly unsentBytes: number;
  /** Whether no attempt follows because there were as many as `maxRetries` allows. */
  readonly gaveUp: boolean;
}

/** Comes before the `close` event of a connection that failed. Browsers give no reason; this end's own are told. */
export interface RejoinErrorEvent extends Event {
  /** What was thrown, for example by the function for the URL. */
  readonly error?: unknown;
  /** In words. */
  readonly message?: string;
}

/** Another attempt follows. */
export interface ReconnectingEvent extends Event {
  /** The number of the attempt in a row without a stable connection. */
  readonly attempt: number;
  /**
   * In how many milliseconds. The machine's coming online, or the page's being shown, may shorten it. Infinity while attempts
   * are paused, until the page is shown.
   */
  readonly delay: number;
}

/** The state is another now. */
export interface StateChangeEvent extends Event {
  readonly state: State;
}

/** Messages were not sent and will not be. */
export interface LostEvent extends Event {
  /** The messages, oldest first, as they were when they were sent. */
  readonly messages: readonly Payload[];
  /**
   * `closed`: the connection is closed for good; `evicted`: newer ones took their place; `full`: there was no room;
   * `refused`: the socket threw, see `error`.
   */
  readonly reason: "closed" | "evicted" | "full" | "refused";
  readonly error?: unknown;
}

/** The events, by type. `TData` is what messages carry. */
export interface RejoinEventMap<TData = string | Blob | ArrayBuffer> {
  open: Event;
  message: DataEvent<TData>;
  error: RejoinErrorEvent;
  close: RejoinCloseEvent;
  reconnecting: ReconnectingEvent;
  statechange: StateChangeEvent;
  lost: LostEvent;
}

/** Pings of the application's own: a page can't send those of the protocol. */
export interface KeepAlive {
  /** What to send, or a function that makes it. */
  ping: Payload | (() => Payload);
  /** Whether a message answers a ping: it is then told to nobody, and gives `metrics.roundTrip`. */
  isPong?: (data: string | Blob | ArrayBuffer) => boolean;
  /** From one ping to the next, in ms. Default 25,000. */
  interval?: number;
  /**
   * How long after a ping the connection is given up unless something comes, in ms. A browser shows nothing of a message
   * before it is whole, so that a large one on a slow line looks like silence: after each connection that was given up so, the
   * next one waits twice as long, up to sixteen times this. Eight answers in a row within this time, or an attempt that
   * fails, bring it back. Default 10,000.
   */
  deadline?: number;
  /**
   * The same for a ping that is sent because the page or the network came back, the network changed or the machine slept
   * (noticed within 5 s while the page is visible), in ms. Such pings are at least 3 s apart. Default 3,000.
   */
  probe?: number;
}

/** The class of a WebSocket, for `Options.WebSocket`: the browser's own, that of `ws`, one of a test's. */
export interface WebSocketConstructor {
  new (...given: never[]): {
    readonly bufferedAmount: number;
    readonly extensions: string;
    readonly protocol: string;
    readonly readyState: number;
    readonly url: string;
    close(code?: number, reason?: string): void;
    addEventListener(...given: never[]): void;
    removeEventListener(...given: never[]): void;
  };
}

/** What a connection does, for the option `log`. Each type has some of the figures; times are in milliseconds. */
export interface LogRecord {
  /** `session-ended` and `live` are a session's; `lost` are messages that were never sent; `hint` is what the page says. */
  readonly type:
    | "connecting" | "asking" | "dialing" | "open" | "closing" | "closed" | "waiting" | "ended" | "sent" | "received"
    | "lost" | "hint" | "ping" | "pong" | "live" | "session-ended";
  /** One line for a person, which may change. Control characters in it, such as a peer's line breaks, are replaced. */
  readonly message: string;
  /** Of `connecting`, `asking` and `waiting`. */
  readonly attempt?: number;
  /** Of `waiting`: Infinity while paused. */
  readonly delay?: number;
  /** Of `dialing`, without query, fragment and user info. */
  readonly url?: string;
  /** Of `ended` and `session-ended`. */
  readonly code?: number;
  /** Of `ended`. */
  readonly cause?: Cause;
  /** Of `ended`, and of a `lost` of `Rejoin`. */
  readonly reason?: string;
  /** Of `ended`. */
  readonly unsentBytes?: number;
  /** Of `ended`. */
  readonly gaveUp?: boolean;
  /** Of `sent` and `received`: the message's length, for a session's texts in UTF-16 units. */
  readonly bytes?: number;
  /** Of `lost`: how many. */
  readonly messages?: number;
  /**
   * Of `hint`: `online`, `offline`, `on another network`, `hidden`, `visible`, `frozen` or `resumed`. And what follows where the
   * page is hidden for long, or in the back-forward cache: `paused`, or `closed` with the connection.
   */
  readonly hint?: string;
  /** Of `pong`. */
  readonly roundTrip?: number;
}

/** All of it is optional. Times are in milliseconds. */
export interface Options {
  /** Whether to come back. With `false` it does what the browser's WebSocket does. Default true. */
  reconnect?: boolean;
  /** The least that a retry waits. Default 0 for the first in a row, 100 for those that follow. */
  minReconnectionDelay?: number;
  /** The most that a retry waits. Default 30,000. */
  maxReconnectionDelay?: number;
  /**
   * By how much the range from which a retry's wait is drawn grows with each in a row. Default 2. Waits are drawn anew
   * each time (full jitter), so that the clients of a restarted server do not come all at once.
   */
  reconnectionDelayGrowFactor?: number;
  /** How long a connection must have been open for the count of retries to begin anew. Default 10,000. */
  minUptime?: number;
  /** How long a socket may take to open. Default 10,000; none with `reconnect: false`. */
  connectionTimeout?: number;
  /** How long a function for the URL or the subprotocols may take before its attempt fails. Default 60,000. */
  providerTimeout?: number;
  /**
   * How long the page may be hidden before attempts pause until it is shown: for pages that are of no use unseen. While paused
   * the state is `waiting`, and what is sent is queued. An open connection stays open. Default: they go on, since a page may
   * tell its user of news while it is hidden. With `reconnect: false` nothing pauses.
   */
  pauseHiddenAfter?: number;
  /** How long the page may be hidden before its connection is closed as well, with the cause `paused`. Default: it stays. */
  closeHiddenAfter?: number;
  /**
   * Close the connection, with the cause `paused`, when the page goes into the back-forward cache, and make it again when it
   * comes back. Default true: nothing runs in the cache, so that the server would hold a dead connection. Firefox keeps no
   * page in its cache that had a connection when it was left. With
   * `reconnect: false` nothing is closed.
   */
  closeOnPageHide?: boolean;
  /** How long the server may take to answer a close frame. Default 5,000; none with `reconnect: false`. */
  closeTimeout?: number;
  /**
   * How many retries in a row may fail. Those that fail while the browser says that it is offline do not count, and the count
   * begins again when it is online or the page visible. Default: no limit.
   */
  maxRetries?: number;
  /** The most messages that wait for a connection; 0: nothing is queued, and `send` throws. Default 262,144. */
  maxEnqueuedMessages?: number;
  /** The most bytes that wait for a connection. Default 16 MiB. */
  maxEnqueuedBytes?: number;
  /**
   * What `send` does when there is no room: `throw` a QuotaExceededError (the default), or drop the newest or the oldest
   * messages, which the event `lost` hands back.
   */
  whenFull?: "throw" | "drop-newest" | "drop-oldest";
  /**
   * How many bytes the socket's own buffer may hold; what is more waits in the queue, where a cut does not lose it.
   * Default 1 MiB; no limit with `reconnect: false`. Sending goes on at a quarter of it.
   */
  highWatermark?: number;
  /** The most messages that wait for a slow async iteration; then the connection is closed. Default 65,536. */
  maxUnreadMessages?: number;
  /** The most bytes that wait for a slow async iteration; then the connection is closed. Default 64 MiB. */
  maxUnreadBytes?: number;
  /** Default: no pings. */
  keepAlive?: KeepAlive;
  /**
   * Opens a new connection when the page becomes visible, or the browser online, after it was hidden or offline for longer than
   * this. For servers that answer no ping: with `keepAlive` a ping finds out whether the connection lives. The old one ends
   * with the cause `caller`. What waits goes over the new one; what was handed to the old one and had not arrived is lost, and
   * so is what the server sends meanwhile. Default: never, since it cuts connections that live.
   */
  renewAfter?: number;
  /** Whether to come back after this end. It is not asked after `close()`. Default: after every other end. */
  shouldReconnectOnClose?: (event: EndEvent) => boolean;
  /** Do not connect before `reconnect()` is called. Default false. */
  startClosed?: boolean;
  /**
   * Is called with a record of whatever the connection does. A record never has payloads, tokens, nor a URL's query, fragment
   * or user info. The function may call back in. Messages that it sends before it returns are not recorded; one that sends
   * later must not do so for each record, or it would never come to an end. What it throws, or rejects with, is reported as
   * with a listener. Default: none.
   *
   * @example
   * new Rejoin(url, [], { log: ({ message }) => console.debug(message) });
   */
  log?: (record: LogRecord) => void | Promise<void>;
  /** Without `log`: record on the console, by `console.debug`. Default false. */
  debug?: boolean;
  /** The class to use instead of the global WebSocket, such as that of `ws`. */
  WebSocket?: WebSocketConstructor;
  /** The seed of the waits, for tests. Default: a random one. */
  seed?: number;
}

/** Figures of a connection's whole life. */
export interface Metrics {
  /** How often a connection was tried. */
  readonly attempts: number;
  /** How often one was opened. */
  readonly opened: number;
  /** Messages handed to a socket, pings aside. */
  readonly sent: number;
  /** Messages received, pongs aside. */
  readonly received: number;
  /** Messages that the event `lost` handed back. */
  readonly lost: number;
  /** Messages in the queue now. */
  readonly queuedMessages: number;
  /** Bytes in the queue now. */
  readonly queuedBytes: number;
  /** From the last answered ping to its answer, in ms. */
  readonly roundTrip: number | undefined;
  /** How the last connection ended. */
  readonly lastClose: RejoinCloseEvent | undefined;
}

/**
 * WHATWG's WebSocket that comes back: `open` fires at each opening, `error` and `close` at each drop, `readyState` is
 * CONNECTING while it waits or tries, and CLOSED only at the end. What is sent meanwhile waits in a bounded queue.
 *
 * WebSocket has no acknowledgement: what was handed to a socket and had not arrived when it was cut is lost.
 *
 * @typeParam TData - what messages carry, for those who know: `Rejoin<string>` where the server sends text only.
 */
export class Rejoin<TData = string | Blob | ArrayBuffer> extends EventTarget {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /**
   * Begins to connect.
   *
   * @throws {DOMException} SyntaxError: the URL is none of a WebSocket, a subprotocol is illegal or there twice. Where a
   * function gives them the attempt fails instead, with this error in the `error` event.
   * @throws {TypeError | RangeError} An option that can't work.
   */
  constructor(url: Provided<Address>, protocols?: Provided<Protocols | undefined>, options?: Options);

  /** The address, absolute; empty while a function has not been asked for it. */
  readonly url: string;
  /** CONNECTING, OPEN, CLOSING or CLOSED. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** Bytes that were sent and have not left: those in the queue as well. */
  readonly bufferedAmount: number;
  /** The extensions that the server agreed to. */
  readonly extensions: string;
  /** The subprotocol that the server picked. */
  readonly protocol: string;
  /** How binary messages come. Default `blob`. */
  binaryType: "blob" | "arraybuffer";

  onopen: ((this: this, event: Event) => unknown) | null;
  onmessage: ((this: this, event: DataEvent<TData>) => unknown) | null;
  onerror: ((this: this, event: RejoinErrorEvent) => unknown) | null;
  onclose: ((this: this, event: RejoinCloseEvent) => unknown) | null;
  onreconnecting: ((this: this, event: ReconnectingEvent) => unknown) | null;
  onstatechange: ((this: this, event: StateChangeEvent) => unknown) | null;
  onlost: ((this: this, event: LostEvent) => unknown) | null;

  /**
   * Sends a message, or queues it while there is no connection. After `close()` it is silently discarded, as the
   * standard says, but for the event `lost`.
   *
   * @throws {DOMException} InvalidStateError: still connecting, and nothing may be queued (`reconnect: false` or
   * `maxEnqueuedMessages: 0`). QuotaExceededError: the queue is full, with `whenFull: "throw"`.
   */
  send(data: Payload): void;

  /**
   * Closes for good; `reconnect()` can revive it. An open connection first sends what is queued.
   *
   * @throws {DOMException} InvalidAccessError: the code is neither 1000 nor from 3000 to 4999. SyntaxError: the reason has
   * more than 123 bytes of UTF-8.
   */
  close(code?: number, reason?: string): void;

  /**
   * Connects at once, whatever the state: leaves the present connection with this code and reason, skips the rest of a
   * wait, revives a closed one. Throws as `close` does.
   */
  reconnect(code?: number, reason?: string): void;

  /** Where the connection is, waiting and connecting told apart. */
  readonly state: State;
  /** Figures, as of now. */
  readonly metrics: Metrics;
  /** Resolves when the connection is open; rejects when it is closed for good, with the close event as `cause`. */
  readonly ready: Promise<void>;
  /** Resolves when everything that was sent has left; rejects when the connection is closed for good before. */
  readonly drained: Promise<void>;

  /** The data of messages from now on, until the connection is closed for good. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TData, undefined>;

  addEventListener<K extends keyof RejoinEventMap>(
    type: K,
    listener: Listener<this, RejoinEventMap<TData>[K]> | null,
    options?: boolean | ListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: Listener<this, Event> | null,
    options?: boolean | ListenerOptions,
  ): void;
  removeEventListener<K extends keyof RejoinEventMap>(
    type: K,
    listener: Listener<this, RejoinEventMap<TData>[K]> | null,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(
    type: string,
    listener: Listener<this, Event> | null,
    options?: boolean | { capture?: boolean },
  ): void;
}

export default Rejoin;
