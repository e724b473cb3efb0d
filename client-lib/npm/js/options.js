// The options: their defaults, their limits, and the link's settings that they become.

/** What happens to a message for which the queue has no room. */
const WHEN_FULL = ["throw", "drop-newest", "drop-oldest"];

/** What something is, for an error: a number or a string as it is, of all else the type. */
export const shown = (value) =>
  typeof value === "number" ? String(value) : typeof value === "string" ? JSON.stringify(value) : typeName(value);

export const typeName = (value) => (value === null ? "null" : value === undefined ? "undefined" : `a value of type ${typeof value}`);

export function number(options, name, least, prefix = "") {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= least)) {
    throw new RangeError(`The option ${prefix}${name} must be a number of at least ${least}, not ${shown(value)}.`);
  }
  return value;
}

export function mustBe(options, name, type) {
  const value = options[name];
  if (value !== undefined && typeof value !== type) {
    throw new TypeError(`The option ${name} must be a ${type}, not ${shown(value)}.`);
  }
  return value;
}

/** The option that the names of times belong to. */
export const KEEP_ALIVE = "keepAlive.";

const toConsole = ({ message }) => console.debug("rejoin", message);

/** Reads the constructor's options. Throws a TypeError or RangeError for what can't work. */
export function readOptions(options = {}) {
  if (options === null || typeof options !== "object") throw new TypeError("The options must be an object.");
  const reconnect = mustBe(options, "reconnect", "boolean") ?? true;
  const whenFull = options.whenFull ?? WHEN_FULL[0];
  if (!WHEN_FULL.includes(whenFull)) {
    throw new TypeError(`The option whenFull must be one of ${WHEN_FULL.join(", ")}, not ${shown(whenFull)}.`);
  }
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (typeof Socket !== "function") {
    throw new TypeError("There is no WebSocket here: give its constructor as the option WebSocket.");
  }
  return {
    reconnect,
    whenFull,
    Socket,
    startClosed: mustBe(options, "startClosed", "boolean") ?? false,
    log: mustBe(options, "log", "function") ?? (mustBe(options, "debug", "boolean") ? toConsole : undefined),
    shouldReconnectOnClose: mustBe(options, "shouldReconnectOnClose", "function"),
    mayQueue: reconnect && number(options, "maxEnqueuedMessages", 0) !== 0,
    maxUnreadMessages: number(options, "maxUnreadMessages", 1) ?? 65_536,
    maxUnreadBytes: number(options, "maxUnreadBytes", 1) ?? 64 << 20,
    pauseHiddenAfter: number(options, "pauseHiddenAfter", 0),
    closeHiddenAfter: number(options, "closeHiddenAfter", 0),
    closeOnPageHide: mustBe(options, "closeOnPageHide", "boolean") ?? true,
    keepAlive: readKeepAlive(options.keepAlive),
    settings: settings(options, reconnect, whenFull),
  };
}

function readKeepAlive(given) {
  if (given === undefined || given === null || given === false) return undefined;
  const kind = typeof given.ping;
  if (kind !== "string" && kind !== "function" && Object(given.ping) !== given.ping) {
    throw new TypeError(`The option keepAlive.ping must be the message to send, or a function that gives it, not ${shown(given.ping)}.`);
  }
  const isPong = mustBe(given, "isPong", "function");
  return { ping: typeof given.ping === "function" ? given.ping : () => given.ping, isPong };
}

/** In the order of client-lib/npm/src/config.rs. */
function settings(options, reconnect, whenFull) {
  const least = number(options, "minReconnectionDelay", 0);
  const most = number(options, "maxReconnectionDelay", 1);
  const growth = number(options, "reconnectionDelayGrowFactor", 1);
  const retries = number(options, "maxRetries", 0);
  if (least !== undefined && least > (most ?? 30_000)) {
    throw new RangeError("The option minReconnectionDelay must not be above maxReconnectionDelay.");
  }
  // The browser's own class has no time-outs and no limit on its buffer.
  const endless = reconnect ? undefined : Infinity;
  const keepAlive = options.keepAlive || {};
  return [
    reconnect,
    // A random part of up to `least` at first, on top of `least`; without it the link's own 500 ms.
    least === undefined ? undefined : Math.max(least, 1),
    most === undefined && least === undefined ? undefined : Math.max((most ?? 30_000) - (least ?? 0), 1),
    least ?? (most === undefined ? undefined : 0),
    least,
    growth === undefined ? undefined : Math.round(growth * 100),
    number(options, "minUptime", 0),
    retries === undefined || retries === Infinity ? undefined : retries + 1,
    number(options, "connectionTimeout", 1) ?? endless,
    number(options, "closeTimeout", 1) ?? endless,
    options.keepAlive ? number(keepAlive, "interval", 1, KEEP_ALIVE) ?? 25_000 : undefined,
    number(keepAlive, "deadline", 1, KEEP_ALIVE),
    number(keepAlive, "probe", 1, KEEP_ALIVE),
    number(options, "maxEnqueuedMessages", 0),
    number(options, "maxEnqueuedBytes", 0),
    whenFull === "drop-oldest",
    number(options, "highWatermark", 1) ?? endless,
    number(options, "seed", 0) ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
    number(options, "renewAfter", 1),
    // The last: the driver leaves it out where there is no function to call. Long enough for a person to sign in.
    number(options, "providerTimeout", 1) ?? 60_000,
  ];
}
