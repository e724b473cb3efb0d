// The options: their names, their limits, and the settings that they become.
import { readProtocols, readProvidedUrl, readUrl } from "../address.js";
import { KEEP_ALIVE, mustBe, number, shown } from "../options.js";
import { byteLength } from "../payload.js";
import { limitCalls } from "../provider.js";

const NAMES = [
  "auth", "protocols", "reconnect", "minReconnectionDelay", "maxReconnectionDelay", "reconnectionDelayGrowFactor",
  "minUptime", "maxRetries", "maxDisagreed", "connectionTimeout", "closeTimeout", "greetingTimeout", "drainTimeout", "providerTimeout",
  "pauseHiddenAfter", "closeHiddenAfter", "closeOnPageHide", "log",
  "keepAlive", "highWatermark", "window", "maxEnqueuedMessages", "maxEnqueuedBytes", "maxMessageBytes",
  "subscriptionWindow", "maxSubscriptions", "maxPublications", "maxPublicationBytes", "maxChannels", "maxCalls",
  "maxCallBytes", "maxMembers", "maxMemberBytes", "maxPresenceBytes", "maxAuthBytes", "maxNumberedChannels",
  "maxVolatileBytes", "maxWaiting", "maxWaitingBytes", "WebSocket", "seed",
];
/** The most bytes of a call (client-lib/src/session/call.rs). */
const MAX_CALL = (1 << 20) - 64;
/** What each payload that waits costs besides its bytes. */
const COST = 32;
/** The most that anybody may be listed with, and of a token (protocol/src/session/limits.rs). */
const HALF_FRAME = 512 << 10;
/** The most that the protocol can say of a window or a message. */
const MAX_BYTES = 2 ** 52;

/** Throws a TypeError for options that are none, and for names that there are not. */
export function mustKnow(options, names) {
  if (Object(options) !== options) throw new TypeError(`The options must be an object, not ${shown(options)}.`);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const [[away, nearest]] = names.map((other) => [distance(name, other), other]).sort(([a], [b]) => a - b);
    const hint = away <= 3 ? `Did you mean ${nearest}?` : `There are: ${names.join(", ")}.`;
    throw new TypeError(`There is no option ${name}. ${hint}`);
  }
}

/** How many letters must change for the one name to become the other. */
function distance(name, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 0; at < name.length; at++) {
    const next = [at + 1];
    for (let to = 0; to < other.length; to++) {
      const same = name[at].toLowerCase() === other[to].toLowerCase();
      next.push(Math.min(row[to] + (same ? 0 : 1), row[to + 1] + 1, next[to] + 1));
    }
    row = next;
  }
  return row[other.length];
}

/** A token: text, or bytes, or none. The module refuses one that is too large. */
export function readToken(token) {
  if (token === undefined || token === null) return undefined;
  if (typeof token !== "string" && !(token instanceof Uint8Array)) {
    throw new TypeError("What authenticates the client must be a string or a Uint8Array.");
  }
  return token;
}

/** A token that is given as it is, and can be too large already. */
function readFixed(token, most) {
  if (readToken(token) === undefined) return undefined;
  const length = byteLength(token);
  if (length > most) throw new RangeError(`What authenticates the client must have at most ${most} bytes, not ${length}.`);
  return token;
}

/**
 * Reads the constructor's arguments: `ask`, a promise of where to connect and with what, what the module is given, and the
 * `most` bytes of each kind of payload that are worth a copy. Throws a SyntaxError, a TypeError or a RangeError for what
 * can't work.
 */
export function readOptions(url, options = {}) {
  mustKnow(options, NAMES);
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (typeof Socket !== "function") {
    throw new TypeError("There is no WebSocket here: give its constructor as the option WebSocket.");
  }
  const { auth, maxAuthBytes = 16 << 10 } = options;
  whole(options, "maxAuthBytes", 0, HALF_FRAME);
  // What is given as it is can be wrong already.
  const fixedUrl = typeof url === "function" ? undefined : readUrl(url);
  const fixedToken = typeof auth === "function" ? undefined : readFixed(auth, maxAuthBytes);
  return {
    Socket,
    log: mustBe(options, "log", "function"),
    ask: limitCalls([
      async (...given) => fixedUrl ?? readProvidedUrl(await url(...given)),
      async (...given) => (typeof auth === "function" ? readToken(await auth(...given)) : fixedToken),
    ], (target) => target),
    protocols: readProtocols(options.protocols).join("\n"),
    settings: [...reconnecting(options), ...timing(options), ...limits(options), ...waiting(options), options.log ? 1 : NaN],
    most: {
      message: (options.maxEnqueuedBytes ?? 16 << 20) - COST,
      publication: (options.maxPublicationBytes ?? 16 << 20) - COST,
      call: MAX_CALL,
      presence: HALF_FRAME,
      auth: maxAuthBytes,
      volatile: options.maxVolatileBytes ?? 64 << 10,
    },
  };
}

// In the order of client-lib/npm/session/src/options.rs; NaN stands for its default.

const time = (options, name, least, prefix) => number(options, name, least, prefix) ?? NaN;

/** A count, or bytes. */
function whole(options, name, least, most = Number.MAX_SAFE_INTEGER) {
  const value = options[name];
  if (value === undefined) return NaN;
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`The option ${name} must be a whole number from ${least} to ${most}, not ${shown(value)}.`);
  }
  return value;
}

/** A count, where Infinity stands for no limit. */
const endless = (options, name) => (options[name] === Infinity ? Infinity : whole(options, name, 0));

function reconnecting(options) {
  const least = number(options, "minReconnectionDelay", 0);
  const cap = number(options, "maxReconnectionDelay", 1);
  const retries = endless(options, "maxRetries");
  if (least !== undefined && least > (cap ?? 30_000)) {
    throw new RangeError("The option minReconnectionDelay must not be above maxReconnectionDelay.");
  }
  return [
    mustBe(options, "reconnect", "boolean") === false ? 0 : NaN,
    // A random part of up to `least` at first, on top of `least`; without it the client's own 500 ms.
    least === undefined ? NaN : Math.max(least, 1),
    cap === undefined && least === undefined ? NaN : Math.max((cap ?? 30_000) - (least ?? 0), 1),
    least ?? (cap === undefined ? NaN : 0),
    least ?? NaN,
    Math.round(time(options, "reconnectionDelayGrowFactor", 1) * 100),
    time(options, "minUptime", 0),
    retries === Infinity ? NaN : retries + 1,
  ];
}

function timing(options) {
  const { keepAlive = {} } = options;
  if (keepAlive !== false) {
    if (Object(keepAlive) !== keepAlive) throw new TypeError("The option keepAlive must be an object or false.");
    mustKnow(keepAlive, ["interval", "deadline", "probe"]);
  }
  return [
    time(options, "connectionTimeout", 1),
    time(options, "closeTimeout", 1),
    time(options, "greetingTimeout", 1),
    time(options, "drainTimeout", 0),
    time(options, "providerTimeout", 1),
    time(options, "pauseHiddenAfter", 0),
    time(options, "closeHiddenAfter", 0),
    mustBe(options, "closeOnPageHide", "boolean") === false ? 0 : NaN,
    keepAlive === false ? 0 : time(keepAlive, "interval", 1, KEEP_ALIVE),
    time(keepAlive, "deadline", 1, KEEP_ALIVE),
    time(keepAlive, "probe", 1, KEEP_ALIVE),
    whole(options, "highWatermark", 1),
    whole(options, "seed", 0),
  ];
}

function limits(options) {
  return [
    whole(options, "window", 65_536, MAX_BYTES),
    whole(options, "maxEnqueuedMessages", 1),
    whole(options, "maxEnqueuedBytes", COST + 1),
    whole(options, "maxMessageBytes", 1, MAX_BYTES),
    whole(options, "subscriptionWindow", 1_024, MAX_BYTES),
    whole(options, "maxSubscriptions", 0),
    whole(options, "maxPublications", 1),
    whole(options, "maxPublicationBytes", COST + 1),
    whole(options, "maxCalls", 0),
    whole(options, "maxCallBytes", COST + 1),
    whole(options, "maxChannels", 0),
    whole(options, "maxMembers", 0),
    whole(options, "maxMemberBytes", 0),
    whole(options, "maxVolatileBytes", 0),
    whole(options, "maxPresenceBytes", 0, HALF_FRAME),
    whole(options, "maxAuthBytes", 0, HALF_FRAME),
    whole(options, "maxNumberedChannels", 0),
  ];
}

function waiting(options) {
  return [
    whole(options, "maxWaiting", 0),
    whole(options, "maxWaitingBytes", 0),
    endless(options, "maxDisagreed"),
  ];
}
