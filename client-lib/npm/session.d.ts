/// <reference lib="esnext.disposable" />
import type { Address, Cause, DataEvent, Listener, ListenerOptions, LogRecord } from "./rejoin.js";
export type { Address, Cause, LogRecord };

/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What is sent and received: values, which travel as JSON, or bytes, which travel as they are. */
export type Payload = JsonValue | Uint8Array;

/**
 * `T` as far as JSON holds it, whatever it is declared as: a type, an interface, a class. Members that are undefined are left
 * out, in a list they become null; what has `toJSON` goes as what that gives. What JSON would change without a word is
 * refused with a TypeError that names its place: numbers that are not finite, BigInts, bytes inside of values, maps, sets,
 * errors, and other objects of the language or the platform.
 */
export type Jsonable<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends (...given: never[]) => unknown
    ? never
    : T extends symbol | bigint
      ? never
      : T extends { toJSON(): unknown }
        ? T
        : T extends object
          ? { [K in keyof T]: Jsonable<T[K]> }
          : never;

/** A payload of any type that can be sent. */
type Sendable<T> = T extends Uint8Array ? T : Jsonable<T>;

/** A message of the server's application, as the event that a WebSocket has. */
export type SessionMessageEvent<T = Payload> = DataEvent<T>;

/**
 * What authenticates the client: at most `maxAuthBytes`, and no more than the server takes. A larger one that is given as it is
 * is a RangeError; one of a function, or one that the server refuses, ends the session with 4413 and a reason that names its
 * length and the limit. It travels in the first frame, never in the URL.
 */
export type Token = string | Uint8Array;

/**
 * A value, or a function that is asked for it before each attempt. `attempt` is 1 for the first in a row; `fresh` is true
 * if the server has refused the token and no call has answered since, so that one from a cache will not do.
 *
 * One call runs at a time. An attempt whose call takes longer than `providerTimeout` fails with the cause
 * `provider-timeout`, and `signal` is aborted; an answer that comes all the same is used, by the attempt that waits for it
 * then or by the next one, which begins at once; but one that comes while attempts are paused is dropped, since it would be old
 * when the page is shown. A call that outlasts a second attempt as well is given up, and the function is called again.
 * `close()` and `reconnect()` abort the signal and give up the call. The functions for the URL and the token are called
 * together and share the signal: it is aborted when one of them fails. A call that ignores its signal can't be stopped, so
 * that two may run then, and never more: further attempts wait, within the same time-out, until one settles.
 */
export type Provided<T> = T | ((attempt: number, fresh: boolean, signal: AbortSignal) => T | Promise<T>);

/**
 * A place in a channel, behind an entry. To be kept as it is (JSON and storage hold it) and given back as `since`; what
 * stands in it means nothing to anybody else.
 */
export type Position = `${number}.${string}.${number}`;

/** From where a channel is read: what comes from now on, the last so many entries, all there are, or behind a position. */
export type Since = "now" | "everything" | { readonly last: number } | Position;

/**
 * Where a session is. `greeting`: the connection is open and the server's welcome is awaited; `waiting`: away, and
 * another attempt follows; `ended`: over for good, unless `reconnect()` begins another.
 */
export type SessionState = "connecting" | "greeting" | "live" | "waiting" | "closing" | "ended";

/** How a connection, or an attempt at one, ended. */
export interface Disconnection {
  /** The server's, or 1005 for a close frame without one, or 1006 where no close frame came. */
  readonly code: number;
  /** The server's, or what this end found. */
  readonly reason: string;
  readonly wasClean: boolean;
  readonly cause: Cause;
  /** Bytes that had not left the socket. What of them was a session's goes again. */
  readonly unsentBytes: number;
  /** Whether no attempt follows because there were as many as `maxRetries` allows. */
  readonly gaveUp: boolean;
}

// Events.

/** The server has welcomed this end. */
export interface LiveEvent extends Event {
  /** Whether it is the same session, with its messages. If not, `lost` came before, unless this is the first time. */
  readonly resumed: boolean;
  /** The subprotocol of the application's own that the server chose. */
  readonly protocol: string | undefined;
}

/** The state is another now. Changes that follow at once may be told as one. */
export interface SessionStateEvent extends Event {
  readonly state: SessionState;
  /** Of `connecting` and `waiting`: the number of the attempt in a row without a stable connection. */
  readonly attempt?: number;
  /** Of `waiting`: in how many milliseconds. */
  readonly delay?: number;
  /** Of `waiting`: how the last connection or attempt ended. */
  readonly last?: Disconnection;
}

/**
 * The server has another session than the one before, or there is none any more: messages were lost, or may now be meant for
 * another. Both lists can be empty; then none of this end's are missing, and some of the server's may be. Publications are not
 * among them: their receipts say what became of each.
 */
export interface SessionLostEvent<TSent = Payload> extends Event {
  /**
   * `too-large`: messages that waited are larger than the server takes; the session goes on.
   * `kept`: the server has no memory of them, as after a restart; what was not transmitted goes out. `fresh` and
   * `given-up`: this end has a new identity; what was not transmitted, and all that is sent from then on, is held until
   * `letGo()` is called, because it may have been meant for another user. `ended`: the session is over.
   */
  readonly reason: "kept" | "fresh" | "given-up" | "too-large" | "ended";
  /** Messages that were transmitted and whose fate is unknown, oldest first. */
  readonly unacked: readonly TSent[];
  /** Messages that were never transmitted and that this end does not keep. */
  readonly unsent: readonly TSent[];
}

/** A connection, or an attempt at one, has ended. */
export interface DisconnectEvent extends Event, Disconnection {
  /**
   * What the function for the URL or the token threw, or what a WebSocket class other than the browser's says of the
   * failure, as `ws` does of a wrong URL.
   */
  readonly error?: unknown;
}

/** A message that the server's application could afford to lose. */
export interface VolatileEvent extends Event {
  readonly data: JsonValue;
}

/** A message that is no JSON. Where nobody listens a page reports it as an uncaught error, and Node.js on the console. */
export interface UndecodableEvent extends Event {
  /** As it came. */
  readonly raw: string | Uint8Array;
  readonly error: UndecodableError;
}

/** The browser could not write what is to be kept over a reload. The session goes on. */
export interface NotKeptEvent extends Event {
  /** In the browser's own words. */
  readonly message: string;
}

/** The session is over. Receipts have been settled, and `lost` came before if there was something to lose. */
export interface EndedEvent extends Event {
  /**
   * 1000 after `close()`, 4401 for unauthenticated, 4403 for forbidden, or another of the server's; that of `last` where this
   * end gave up, such as 1006.
   */
  readonly code: number;
  readonly reason: string;
  /** How the last connection or attempt ended, with `gaveUp`; undefined where the code is 1000. */
  readonly last: Disconnection | undefined;
  /**
   * Whether it is over because the server opened connections and does not speak `rejoin.v1` (`maxDisagreed`). Chromium does
   * not tell such a server from a dead one.
   */
  readonly disagreed: boolean;
}

/** The events, by type. */
export interface SessionEventMap<TSent = Payload, TReceived = Payload> {
  live: LiveEvent;
  message: SessionMessageEvent<TReceived>;
  statechange: SessionStateEvent;
  lost: SessionLostEvent<TSent>;
  disconnect: DisconnectEvent;
  volatile: VolatileEvent;
  undecodable: UndecodableEvent;
  notkept: NotKeptEvent;
  ended: EndedEvent;
}

// Errors.

/** What this package throws, besides a TypeError, RangeError or SyntaxError for an argument that can't work. */
export class RejoinError extends Error {
  /** Whether trying the same again may succeed without doing it twice. */
  readonly retryable: boolean;
}

/** It was not taken, and nothing of it has left. */
export class NotTakenError extends RejoinError {
  /**
   * `full`: there is no room at present, or others wait for it already; `too-large`: it never fits; `too-many`: as many as
   * there may be, until one of them is ended; `too-many-channels`: publications in as many channels as there may be have no
   * answer yet, and there is room when answers have come;
   * `name-too-long`: the channel's; `closed`: the session is closing or over.
   */
  readonly reason: "full" | "too-large" | "too-many" | "too-many-channels" | "name-too-long" | "closed";
  /** Of `too-large` and `name-too-long` in bytes, of `too-many` and `too-many-channels` a count. */
  readonly limit: number | undefined;
  /** What was not taken, as it was given. */
  readonly payload: unknown;
}

/** A publication that is not known to be durable. */
export class PublishError extends RejoinError {
  /**
   * `refused`: the server will never take it; `unknown`: it was transmitted, and whether it is in the log can't be learned
   * any more; `unsent`: it was never transmitted, and the session has ended.
   */
  readonly outcome: "refused" | "unknown" | "unsent";
  /** Of `refused`: the server's number for it. */
  readonly code?: number;
  /** Of `refused`: in the server's words. */
  readonly reason?: string;
  readonly channel: string;
  readonly number: number;
  /** What was published, as it was given. */
  readonly payload: unknown;
}

/** A call without an answer. */
export class CallError extends RejoinError {
  /**
   * `denied`: the server does not answer it; `timed-out`, `unknown` (the connection ended): it may have acted on it;
   * `unsent`: it was never transmitted, because its time was up before or the session ended.
   */
  readonly outcome: "denied" | "timed-out" | "unknown" | "unsent";
  /** Of `denied`: the server's number for it. */
  readonly code?: number;
  /** Of `denied`: in the server's words. */
  readonly reason?: string;
  /** The question, as it was given. */
  readonly payload: unknown;
}

/** The server ended a subscription, or the session was ended by the server. */
export class SubscriptionError extends RejoinError {
  readonly code: number;
  readonly reason: string;
  readonly channel: string;
  /** Behind the last item that was read. */
  readonly position: Position | undefined;
}

/** The session is over. */
export class SessionEndedError extends RejoinError {
  readonly code: number;
  readonly reason: string;
  /** As of the event `ended`. */
  readonly last: Disconnection | undefined;
  readonly disagreed: boolean;
}

/**
 * Why a session is not kept over a reload: there is no sessionStorage, as in a worker and in Node.js, or the user has blocked
 * it, or the browser refuses its database or locks or does not answer within 5 s.
 */
export class KeepError extends RejoinError {}

/** A payload that is no JSON. */
export class UndecodableError extends RejoinError {
  /** As it came. */
  readonly raw: string | Uint8Array;
}

// Channels.

/** A publication that is durable. */
export interface Receipt {
  readonly channel: string;
  /** Its number among this session's in the channel, which its entry has too. */
  readonly number: number;
  /** Behind its entry. */
  readonly position: Position;
}

/**
 * The promise of a receipt; rejected with a NotTakenError or a PublishError. While the session is away it waits for the next
 * connection, as long as attempts follow one another (`maxRetries`). The session's end settles it.
 */
export interface Publication extends Promise<Receipt> {
  /**
   * The publication's number in the channel, once there was room for it. With the session's `alias` it names the entry
   * for all who see it.
   */
  readonly taken: Promise<number>;
}

/** An entry of a channel. */
export interface Entry<T> {
  readonly type: "entry";
  /** To read from behind it later. */
  readonly position: Position;
  /** Milliseconds since the Unix epoch, by the clock of the log's writer. */
  readonly time: number;
  /** Who published it, by the name that all see. */
  readonly publisher: string;
  /** The publisher's number of it in this channel. */
  readonly number: number;
  /** Whether this session published it, under its present identity. */
  readonly own: boolean;
  readonly payload: T;
}

/** Entries are missing; the feed goes on behind `position`. */
export interface Gap {
  readonly type: "gap";
  readonly position: Position;
  /** The first missing offset. */
  readonly from: number;
  /** The last one; below `from` where nobody can say. */
  readonly to: number;
  /**
   * `trimmed`: the log's retention took them; `truncated`: the log lost its end; `unknown-epoch`: it is not the log that
   * the position is of.
   */
  readonly reason: "trimmed" | "truncated" | "unknown-epoch";
}

/** Somebody who follows a channel and is listed there. */
export interface Member<TAbout = JsonValue> {
  readonly alias: string;
  /** What it says of itself; undefined if that is no JSON. */
  readonly about: TAbout | undefined;
  /** What it says of itself, where that is no JSON. */
  readonly raw?: Uint8Array | string;
}

/** What a feed brings, in order. */
export type FeedItem<T, TAbout = JsonValue, TVolatile = JsonValue> =
  /** It has begun behind this position. On each new connection it goes on without a word. */
  | { readonly type: "started"; readonly position: Position }
  | Entry<T>
  | Gap
  /** Others follow the channel, or follow it no longer. */
  | { readonly type: "members"; readonly members: readonly Member<TAbout>[] }
  /**
   * The server does not list this subscriber with what it asked for, and the feed goes on. As it was listed before on this
   * connection, it still is; it is asked again on each new connection.
   */
  | { readonly type: "not-listed"; readonly error: SubscriptionError }
  /** A message of another subscriber that may have been lost. */
  | { readonly type: "volatile"; readonly sender: string; readonly payload: TVolatile }
  /** An entry whose payload is no JSON. */
  | (Omit<Entry<T>, "type" | "payload"> & {
      readonly type: "undecodable";
      readonly of: "entry";
      readonly raw: string | Uint8Array;
      readonly error: UndecodableError;
    })
  /** A volatile message whose payload is no JSON. */
  | {
      readonly type: "undecodable";
      readonly of: "volatile";
      readonly sender: string;
      readonly raw: string | Uint8Array;
      readonly error: UndecodableError;
    };

export interface SubscribeOptions {
  /** From where. Default `"now"`. */
  since?: Since;
  /**
   * Be listed in the channel with this, of at most `maxPresenceBytes`, and told who else is. Default: unseen, and told nothing
   * of others.
   */
  as?: Payload | object;
  /** Whether payloads are handed over as bytes. Default false: they are JSON. */
  bytes?: boolean;
  /** Ends the feed when it is aborted, as leaving its loop does. */
  signal?: AbortSignal;
}

/**
 * A subscription, over all connections: without silent gaps from where it starts. What is not read is not asked for, so
 * that who reads slowly slows down its own feed and no other. It ends when the session is closed; when the server ends it,
 * `next()` is rejected with a SubscriptionError. Leaving the loop unsubscribes, and so does `await using`. Loops over the same
 * feed share its items, and leaving one ends all.
 *
 * What is published right behind `subscribe` with `since: "now"` may come before the feed begins: wait for `started` where
 * that matters. Nothing tells old entries from new ones but their `time`, and the position of `started` with `"now"`.
 */
export interface Feed<T, TAbout = JsonValue, TVolatile = JsonValue>
  extends AsyncIterableIterator<FeedItem<T, TAbout, TVolatile>, undefined> {
  readonly channel: string;
  /** Behind the last item that was read: where to read on later. */
  readonly position: Position | undefined;
  /** Who is there, for a subscription with `as`, as of the last item that was read; away they stay as they were. */
  readonly members: readonly Member<TAbout>[];
  /**
   * Is listed with something else from now on. A server that takes less than `maxPresenceBytes` ends the feed with 1009.
   *
   * @throws {NotTakenError} It is larger than `maxPresenceBytes`, or the feed or the session is over.
   * @throws {TypeError} The feed was made without `as`, or JSON has nothing for it.
   */
  setPresence(about: TAbout | Uint8Array): void;
  /**
   * Sends the other subscribers what may be lost. False if it can't go: not live, not begun, too many wait, or it is larger
   * than `maxVolatileBytes`.
   */
  volatile(value: TVolatile | Uint8Array): boolean;
  return(): Promise<IteratorResult<FeedItem<T, TAbout, TVolatile>, undefined>>;
  [Symbol.asyncIterator](): Feed<T, TAbout, TVolatile>;
  /** Leaves the feed, where the runtime knows `Symbol.asyncDispose`. */
  [Symbol.asyncDispose](): Promise<void>;
}

// Calls.

export interface CallOptions {
  /** How long to wait for the answer, in ms; the server is told. Default 30,000. */
  timeout?: number;
  /** Cancels the call when it is aborted: it is rejected with the signal's reason, and the server is told. */
  signal?: AbortSignal;
}

// The session.

/** The class of a WebSocket, for `SessionOptions.WebSocket`: the browser's own, that of `ws`, one of a test's. */
export interface WebSocketConstructor {
  new (...given: never[]): {
    readonly bufferedAmount: number;
    readonly readyState: number;
    close(code?: number, reason?: string): void;
    addEventListener(...given: never[]): void;
    removeEventListener(...given: never[]): void;
  };
}

/**
 * All of it is optional. Times are in milliseconds, sizes in bytes; counts and sizes are whole numbers. An option that there
 * is not is a TypeError.
 */
export interface SessionOptions {
  /** What authenticates the client. Default: nothing, or the cookies that the browser sends. */
  auth?: Provided<Token | undefined>;
  /** Subprotocols of the application's own, the preferred one first; offered inside the session. */
  protocols?: string | Iterable<string>;
  /** Whether to come back. Default true. */
  reconnect?: boolean;
  /** The least that a retry waits. Default 0 for the first in a row, 100 for those that follow. */
  minReconnectionDelay?: number;
  /** The most that a retry waits. Default 30,000. */
  maxReconnectionDelay?: number;
  /** By how much the range from which a retry's wait is drawn grows with each in a row. Default 2. */
  reconnectionDelayGrowFactor?: number;
  /** How long a connection must have been open for the count of retries to begin anew. Default 10,000. */
  minUptime?: number;
  /** How many retries in a row may fail; then the session ends. Default Infinity. */
  maxRetries?: number;
  /**
   * How many attempts in a row may reach a server that opens the connection and does not speak `rejoin.v1`; then the session
   * ends with `disagreed`. Infinity: as many as there are. Default 8.
   */
  maxDisagreed?: number;
  /** How long the functions for URL and token may take before their attempt fails. Default 60,000. */
  providerTimeout?: number;
  /**
   * How long the page may be hidden before attempts pause until it is shown. While paused the state is `waiting` with a delay of
   * Infinity, and what is sent is queued. An open connection stays open. Default: they go on, since a page may tell its user
   * of news while it is hidden. With `reconnect: false` nothing pauses.
   */
  pauseHiddenAfter?: number;
  /** How long the page may be hidden before its connection is closed as well, with the cause `paused`. Default: it stays. */
  closeHiddenAfter?: number;
  /**
   * Close the connection, with the cause `paused`, when the page goes into the back-forward cache, and make it again when it
   * comes back. Default true: nothing runs in the cache, so that the server would hold a dead connection. Firefox keeps no
   * page in its cache that had a connection when it was left.
   */
  closeOnPageHide?: boolean;
  /**
   * Is called with a record of whatever the session and its connection do. A record never has payloads, tokens, nor a URL's
   * query, fragment or user info. The function may call back in. What it sends is recorded when it goes out, so that it should
   * not send for each `sent`. What it throws, or rejects with, is reported as with a listener. Default: none.
   *
   * @example
   * new RejoinSession(url, { log: ({ message }) => console.debug(message) });
   */
  log?: (record: LogRecord) => void | Promise<void>;
  /** How long a socket may take to open. Default 10,000. */
  connectionTimeout?: number;
  /** How long the server may take to answer a close frame. Default 5,000. */
  closeTimeout?: number;
  /** How long the server may take to welcome this end. Default 10,000. */
  greetingTimeout?: number;
  /** How long `close()` waits for what is under way. Default 10,000. */
  drainTimeout?: number;
  /** When to ping, and when silence means that the connection is dead; false leaves it to the server to find out. */
  keepAlive?:
    | false
    | {
        /** From one ping to the next. Default 25,000. */
        interval?: number;
        /** How long after a ping the connection is given up unless something comes. Default 10,000. */
        deadline?: number;
        /** The same for a ping that is sent because the page or the machine slept. Default 3,000. */
        probe?: number;
      };
  /** How much the socket's own buffer may hold; what is more waits in the session. Default 1 MiB. */
  highWatermark?: number;
  /** Bytes of messages that are taken ahead of their reader, at least 65,536. Default 1 MiB. */
  window?: number;
  /** The most messages that wait, or were transmitted and not acknowledged. Default 262,144. */
  maxEnqueuedMessages?: number;
  /** Their bytes; each costs 32 more. Default 16 MiB. */
  maxEnqueuedBytes?: number;
  /** The largest message that the server may send. Default 16 MiB. */
  maxMessageBytes?: number;
  /** Bytes of entries that a feed takes ahead of its reader, at least 1,024. Default 256 KiB. */
  subscriptionWindow?: number;
  /** The most subscriptions. Default 256. */
  maxSubscriptions?: number;
  /** The most publications without an answer. Default 16,384. */
  maxPublications?: number;
  /** Their bytes; each costs 32 more. Default 16 MiB. */
  maxPublicationBytes?: number;
  /** The most calls without an answer. Default 1,024. */
  maxCalls?: number;
  /** Their bytes, 33 at least. Default 16 MiB. */
  maxCallBytes?: number;
  /** The most channels in which publications have no answer. Default 256. */
  maxChannels?: number;
  /**
   * The most channels in which the session publishes while it keeps its identity: of each its name and a number are kept. Never
   * less than `maxChannels`. Default 65,536.
   */
  maxNumberedChannels?: number;
  /** The most members of a channel; the feed of one that has more ends with 4429. Default 10,000. */
  maxMembers?: number;
  /** Bytes of what they are listed with; likewise. Never less than `maxPresenceBytes`. Default 1 MiB. */
  maxMemberBytes?: number;
  /** Bytes that this end may be listed with, at most 512 KiB. Default 256, as many as the server's default. */
  maxPresenceBytes?: number;
  /** Bytes of what authenticates the client, at most 512 KiB. A server takes 16 KiB unless it is set up otherwise. Default 16 KiB. */
  maxAuthBytes?: number;
  /** Bytes of volatile messages that wait for the socket; more are dropped. Default 64 KiB. */
  maxVolatileBytes?: number;
  /** The most calls of `send` that wait for room, and as many of `publish`. Default 4,096. */
  maxWaiting?: number;
  /** Bytes of what they are to send; each costs 32 more. Default 16 MiB. */
  maxWaitingBytes?: number;
  /** The class to use instead of the global WebSocket, such as that of `ws`. */
  WebSocket?: WebSocketConstructor;
  /** The seed of the waits, for tests. Default: a random one. */
  seed?: number;
}

/** What `close()` left undone. */
export interface Left {
  /** Messages that were never transmitted: the event `lost` has them, or a `send` that still waited hands them back. */
  readonly unsent: number;
  /** Frames that were transmitted and not acknowledged. */
  readonly unacked: number;
  /** Publications without an answer; their promises say what became of each. */
  readonly unanswered: number;
}

/** Figures since the session was opened, or begun anew by `reconnect()` after its end. */
export interface SessionMetrics {
  /** From the keep-alive's last answered ping to its answer, in ms. */
  readonly roundTrip: number | undefined;
  /** Messages that were not transmitted wholly. */
  readonly queuedMessages: number;
  /** Their bytes; each costs 32 more. */
  readonly queuedBytes: number;
  /** Frames that were transmitted and not acknowledged. */
  readonly unackedFrames: number;
  /** Their bytes; each costs 32 more. */
  readonly unackedBytes: number;
  readonly unansweredPublications: number;
  /** Calls of `send` and `publish` that wait for room. */
  readonly waiting: number;
  /** Their bytes; each costs 32 more. */
  readonly waitingBytes: number;
  /** Frames that were transmitted more than once. */
  readonly resentFrames: number;
  /** WebSocket messages that went out, each a frame or a batch of them. */
  readonly batchesSent: number;
  readonly framesSent: number;
  readonly batchesReceived: number;
  readonly framesReceived: number;
  /** How many times the server has welcomed this end. */
  readonly welcomes: number;
  /** For how long it has been live, in ms. */
  readonly liveFor: number;
  /** For how long it has been connecting, greeting or waiting, in ms. */
  readonly awayFor: number;
}

/** A publication of an earlier page that had no answer when that page was left. */
export interface ReopenedPublication {
  readonly channel: string;
  readonly number: number;
  /** What was published; bytes if it is no JSON. */
  readonly payload: Payload;
  /** What becomes of it; rejected with a PublishError. */
  readonly receipt: Promise<Receipt>;
}

/** The names of `T`'s members that are texts. */
type Names<T> = keyof T & string;

/** Arguments of a call; `type` is its name. */
type Arguments<T> = object extends T
  ? { readonly type?: never; readonly [name: string]: unknown } | (object & { readonly type?: never })
  : T & { readonly type?: never };

/** What follows the name of a call: its arguments, if it has any, and options. */
type CallArguments<T> = "args" extends keyof T
  ? T extends { args: infer TArgs }
    ? [args: Arguments<TArgs>, options?: CallOptions]
    : T extends { args?: infer TArgs }
      ? [args?: Arguments<TArgs>, options?: CallOptions]
      : never
  : [args?: Record<string, never>, options?: CallOptions];

/** What a call is answered with. */
type Answer<T> = T extends { answer: infer TAnswer } ? TAnswer : JsonValue;

/** What everybody may say who says nothing of types. */
type AnyCall = { args?: object; answer: JsonValue };

/**
 * A session with a server that speaks `rejoin.v1`, over as many connections as it takes. It lives until it is closed or
 * over, whether anybody holds it or not; a feed that nobody holds any more is unsubscribed.
 *
 * @typeParam TChannels - the entries of channels by name: `{ [room: `room/${string}`]: Said }`.
 * @typeParam TCalls - calls by name, with `args` and `answer`: `{ rooms: { answer: Rooms } }`.
 * @typeParam TSent - messages to the server's application.
 * @typeParam TReceived - messages of the server's application.
 */
export class RejoinSession<
  TChannels extends object = Record<string, Payload>,
  TCalls extends object = Record<string, AnyCall>,
  TSent = Payload,
  TReceived = Payload,
> extends EventTarget {
  /**
   * Begins to connect and returns at once; what is sent waits.
   *
   * @throws {DOMException} SyntaxError: the URL is none of a WebSocket, a subprotocol is illegal or there twice. Where a
   * function gives the URL the attempt fails instead.
   * @throws {TypeError | RangeError} An option that can't work.
   */
  constructor(url: Provided<Address>, options?: SessionOptions);

  /**
   * Opens the session that is kept over reloads of this page under a name, one for each tab. Its identity lies in
   * sessionStorage; a publication is transmitted only once it is safely in IndexedDB, so that each is in its channel once
   * even if the page is reloaded in the middle. All that is published in one turn of the event loop is committed at the
   * turn's end, so that a page may be left right behind it; what a browser had not written when it crashed is as if it
   * had not been published. Messages are not kept. `close()` ends it for good.
   *
   * A duplicated tab is told apart by a Web Lock and gets a session of its own. Who has access to the tab's storage can
   * take the session over.
   *
   * Where nothing can be kept (storage blocked, no IndexedDB, no locks as outside of secure contexts, no answer within 5 s),
   * the session is opened all the same and ends with the page; `notKept` is the reason. A write that fails or takes longer
   * than those 5 s later ends the keeping in the same way, which the event `notkept` tells once.
   *
   * Rejected with the errors that the constructor throws.
   */
  static reopen<
    TChannels extends object = Record<string, Payload>,
    TCalls extends object = Record<string, AnyCall>,
    TSent = Payload,
    TReceived = Payload,
  >(
    name: string,
    url: Provided<Address>,
    options?: SessionOptions,
  ): Promise<{
    session: RejoinSession<TChannels, TCalls, TSent, TReceived>;
    /** What the earlier page published and did not see answered. */
    publications: ReopenedPublication[];
    /** Why the session is not kept; undefined if it is. */
    notKept: KeepError | undefined;
  }>;

  /** Where the session is. */
  readonly state: SessionState;
  /** The name under which others see this session; undefined until it has been welcomed, and once it is over. */
  readonly alias: string | undefined;
  /** The subprotocol of the application's own that the server chose. */
  readonly protocol: string | undefined;
  /** Figures, as of now. */
  readonly metrics: SessionMetrics;
  /** In how many milliseconds the next attempt follows; undefined while none is waited for. For a count-down. */
  readonly retryIn: number | undefined;
  /**
   * Resolves when the session is live; rejected with a SessionEndedError when it is over. It waits as long as attempts follow one
   * another: `maxRetries` bounds that. The rejection need not be handled.
   */
  readonly ready: Promise<void>;

  onlive: ((this: this, event: LiveEvent) => unknown) | null;
  onmessage: ((this: this, event: SessionMessageEvent<TReceived>) => unknown) | null;
  onstatechange: ((this: this, event: SessionStateEvent) => unknown) | null;
  onlost: ((this: this, event: SessionLostEvent<TSent>) => unknown) | null;
  ondisconnect: ((this: this, event: DisconnectEvent) => unknown) | null;
  onvolatile: ((this: this, event: VolatileEvent) => unknown) | null;
  onundecodable: ((this: this, event: UndecodableEvent) => unknown) | null;
  onnotkept: ((this: this, event: NotKeptEvent) => unknown) | null;
  onended: ((this: this, event: EndedEvent) => unknown) | null;

  /**
   * Sends a message to the server's application: once and in order over any cut, while both ends keep the session.
   * Resolves when it was taken, for which it waits while there is no room; rejected with a NotTakenError. As with any promise,
   * a rejection that nobody handles ends a Node.js program. At most as large as the server takes (16 MiB less 32 bytes unless
   * it is set up otherwise) and `maxEnqueuedBytes` allows.
   */
  send(message: TSent): Promise<void>;
  send<T>(message: Payload extends TSent ? T & Sendable<T> : never): Promise<void>;

  /**
   * Sends as `send` does and does not wait.
   *
   * @throws {NotTakenError} There is no room at present or others wait for it, it is too large, or the session is closing or
   * over.
   * @throws {TypeError} JSON has nothing for it.
   */
  trySend(message: TSent): void;
  trySend<T>(message: Payload extends TSent ? T & Sendable<T> : never): void;

  /**
   * Sends the server's application what may be lost. False if it can't go: not live, too many wait already, or it is larger
   * than `maxVolatileBytes`.
   */
  volatile(message: Payload | object): boolean;

  /**
   * Messages of the server's application, each once and in order, until the session is over. What is not read is not
   * asked for: the server waits. Several iterations share the messages. While there is one that was not left, nobody can listen
   * to the event `message`; when the last listener has gone, messages wait again.
   *
   * @throws {TypeError} Somebody listens to the event `message`: then that has all messages.
   */
  messages(): AsyncIterableIterator<TReceived, undefined>;
  /** The same. */
  [Symbol.asyncIterator](): AsyncIterableIterator<TReceived, undefined>;

  /**
   * Publishes in a channel: the entry is in its log exactly once, whatever is cut or restarted meanwhile. Waits while
   * there is no room. All wait in one line: while the first waits for room in channels, those behind it wait as well. Resolves when the entry is durable; rejected with a NotTakenError or a PublishError, or with a TypeError
   * for a name or payload that can't be sent. As with any promise, a rejection that nobody handles ends a Node.js program.
   *
   * An entry has as many bytes as the server takes, 64 KiB unless it is set up otherwise. That is known from the first welcome
   * on; a larger one that was taken before is `refused`. A name has at most 255 bytes, is not empty and has no surrogate
   * without its partner.
   */
  publish<TName extends Names<TChannels>>(channel: TName, payload: TChannels[TName]): Publication;
  publish<TName extends Names<TChannels>, T>(
    channel: TName,
    payload: Payload extends TChannels[TName] ? T & Sendable<T> : never,
  ): Publication;

  /**
   * Publishes as `publish` does and does not wait for room.
   *
   * @throws {NotTakenError} There is no room at present or others wait for it, it is too large, or the session is closing or
   * over.
   * @throws {TypeError} The name or the payload can't be sent.
   */
  tryPublish<TName extends Names<TChannels>>(channel: TName, payload: TChannels[TName]): Publication;
  tryPublish<TName extends Names<TChannels>, T>(
    channel: TName,
    payload: Payload extends TChannels[TName] ? T & Sendable<T> : never,
  ): Publication;

  /**
   * Follows a channel; what the server objects to is thrown by the feed.
   *
   * @throws {NotTakenError} The name is longer than 255 bytes, there are as many subscriptions as there may be, `as` is
   * larger than `maxPresenceBytes`, or the session is closing or over.
   * @throws {TypeError} The name, `since`, `as` or another option is none.
   * @throws The reason of a signal that is aborted already.
   */
  subscribe<TName extends Names<TChannels>>(
    channel: TName,
    options: SubscribeOptions & { bytes: true },
  ): Feed<Uint8Array, Uint8Array, Uint8Array>;
  subscribe<TName extends Names<TChannels>, TAbout = JsonValue, TVolatile = JsonValue>(
    channel: TName,
    options?: SubscribeOptions & { bytes?: false },
  ): Feed<Exclude<TChannels[TName], Uint8Array>, TAbout, TVolatile>;
  subscribe<TName extends Names<TChannels>>(
    channel: TName,
    options: SubscribeOptions,
  ): Feed<TChannels[TName] | Uint8Array, JsonValue | Uint8Array, JsonValue | Uint8Array>;

  /**
   * Asks the server's application `{ type: name, ...args }`, which serde's tagged enums read. At most once: never again
   * after a cut. Rejected with a NotTakenError, a CallError, an UndecodableError, the signal's reason, or a TypeError for
   * arguments that are no plain object or have a `type` of their own. A question has at most 1,048,512 bytes.
   */
  call<TName extends Names<TCalls>>(
    name: TName,
    ...given: CallArguments<TCalls[TName]>
  ): Promise<Answer<TCalls[TName]>>;

  /** Asks the server's application a question of any form, as `call` does. */
  ask(question: Payload | object, options: CallOptions & { bytes: true }): Promise<Uint8Array>;
  ask<TAnswer = JsonValue>(question: Payload | object, options?: CallOptions & { bytes?: false }): Promise<TAnswer>;
  ask(question: Payload | object, options: CallOptions & { bytes: boolean }): Promise<JsonValue | Uint8Array>;

  /**
   * Gives the server a fresh token inside this connection; later ones are asked for as before. False if the session is not
   * live.
   *
   * @throws {NotTakenError} `too-large`: it has more bytes than `maxAuthBytes`, or than the server takes.
   */
  authenticate(token: Token): boolean;

  /** Lets go what is held since the identity changed: see the event `lost`. */
  letGo(): void;
  /** Takes out the messages that were never transmitted: for an application whose new identity is another user. */
  takeWaiting(): TSent[];

  /**
   * Connects at once, whatever the state: leaves the present connection, skips the rest of a wait. The session goes on;
   * one that was over is begun anew, under another identity.
   */
  reconnect(): void;

  /**
   * Ends the session: takes nothing more, waits until all has been delivered and answered, what waits for room included, at
   * most `drainTimeout`, says goodbye and closes. Resolves with what was left; after the end, with what the last call left.
   * `await using` does it too. `reconnect()` takes it back.
   */
  close(): Promise<Left>;
  /** Closes, where the runtime knows `Symbol.asyncDispose`. */
  [Symbol.asyncDispose](): Promise<void>;

  addEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: Listener<this, SessionEventMap<TSent, TReceived>[K]> | null,
    options?: boolean | ListenerOptions,
  ): void;
  addEventListener(type: string, listener: Listener<this, Event> | null, options?: boolean | ListenerOptions): void;
  removeEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: Listener<this, SessionEventMap<TSent, TReceived>[K]> | null,
    options?: boolean | { capture?: boolean },
  ): void;
  removeEventListener(type: string, listener: Listener<this, Event> | null, options?: boolean | { capture?: boolean }): void;
}

export default RejoinSession;
