// What is thrown, by what is known of it. Each says in words what happened and whether trying again can help.

export class RejoinError extends Error {
  constructor(message, { retryable = false, cause, ...more } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { retryable, ...more });
  }
  static {
    // As with the errors of the language, the name is the prototype's; and the class's, whatever a minifier makes of it.
    name(this, "RejoinError");
  }
}

function name(type, value) {
  for (const place of [type, type.prototype]) {
    Object.defineProperty(place, "name", { value, configurable: true, writable: true });
  }
}

/** In the order of client-lib/npm/session/src/refusal.rs. */
const REASONS = [
  , // 0 stands for taken.
  ["full", () => "There is no room at present: wait, or raise the limits."],
  ["too-large", (limit) => `The payload is larger than ${limit} bytes.`],
  ["too-many", (limit) => `There are ${limit} already, as many as there may be: end one, or raise the limit.`],
  ["name-too-long", (limit) => `A channel's name has at most ${limit} bytes.`],
  ["closed", () => "The session is closing or over: `reconnect()` begins another."],
  ["too-many-channels", (limit) => `Publications in ${limit} channels wait for answers: try again later.`],
];

const RETRYABLE = ["full", "too-many", "too-many-channels"];

/** What stands for a session that is over; and, with eight times the limit, for what never fits. */
export const CLOSED = 5, TOO_LARGE = 2;

/** It was not taken, and nothing of it has left. */
export class NotTakenError extends RejoinError {
  constructor(number, payload) {
    const [reason, words] = REASONS[number % 8];
    const limit = Math.floor(number / 8);
    super(words(limit), { retryable: RETRYABLE.includes(reason), reason, limit: limit || undefined, payload });
  }
  static { name(this, "NotTakenError"); }
}

const PUBLISHED = {
  refused: ({ code, reason }) => `The server refused the publication (${code}): ${reason}`,
  unknown: () => "Whether the publication is in the log can't be learned any more.",
  unsent: () => "The session ended before the publication was transmitted.",
};

export class PublishError extends RejoinError {
  constructor(outcome, more) {
    super(PUBLISHED[outcome](more), { retryable: outcome === "unsent", outcome, ...more });
  }
  static { name(this, "PublishError"); }
}

const CALLED = {
  denied: ({ code, reason }) => `The server denied the call (${code}): ${reason}`,
  "timed-out": () => "The call was not answered in time; the server may have acted on it.",
  unknown: () => "The connection ended before the call was answered; the server may have acted on it.",
  unsent: () => "The call was never transmitted: its time was up first, or the session has ended.",
};

export class CallError extends RejoinError {
  constructor(outcome, more) {
    super(CALLED[outcome](more), { retryable: outcome === "unsent", outcome, ...more });
  }
  static { name(this, "CallError"); }
}

export class SubscriptionError extends RejoinError {
  constructor(code, reason, more) {
    super(`The subscription of ${more.channel} was ended (${code}): ${reason}`, { code, reason, ...more });
  }
  static { name(this, "SubscriptionError"); }
}

/** Close codes of the server's by which it asks to come back (protocol/src/session/violation.rs). */
const COME_BACK = [4100, 4101, 4408, 4429];

export class SessionEndedError extends RejoinError {
  constructor({ code, reason, last, disagreed }) {
    const why = disagreed ? "The server does not speak rejoin.v1." : last?.gaveUp ? "It could not be reached." : reason;
    // Where it was the network, or too many failed attempts, `reconnect()` may do better.
    const retryable = !disagreed && (code < 4000 ? code !== 1000 : COME_BACK.includes(code));
    super(`The session is over (${code}). ${why}`.trim(), { retryable, code, reason, last, disagreed });
  }
  static { name(this, "SessionEndedError"); }
}

/** The close code for a token that is too large (protocol/src/session/violation.rs). */
const AUTH_TOO_LARGE = 4413;

/** Says how large a token was that ended a session, and the limit: this end's own, or that with which a server's reason begins. */
export function whyTooLarge(event, bytes, own) {
  if (event.code !== AUTH_TOO_LARGE) return;
  const most = bytes > own ? own : parseInt(event.reason, 10);
  // Not for a token, if the server names no limit that this one exceeds.
  if (!(bytes > most)) return;
  event.reason = `The token has ${bytes} bytes; ${most === own ? "the option maxAuthBytes is" : "the server takes"} ${most}.`;
}

export class KeepError extends RejoinError {
  static { name(this, "KeepError"); }
}

export class UndecodableError extends RejoinError {
  constructor(message, raw, cause) {
    super(message, { raw, cause });
  }
  static { name(this, "UndecodableError"); }
}
