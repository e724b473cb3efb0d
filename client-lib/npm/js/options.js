// The options: their defaults, their limits, and the link's settings that they become.

/** What happens to a message for which the queue has no room. */
const WHEN_FULL = ["throw", "drop-newest", "drop-oldest"];

export function number(options, name, least) {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= least)) {
    throw new RangeError(`The option ${name} must be a number of at least ${least}, not ${String(value)}.`);
  }
  return value;
}

export function mustBe(options, name, type) {
  const value = options[name];
  if (value !== undefined && typeof value !== type) {
    throw new TypeError(`The option ${name} must be a ${type}.`);
  }
  return value;
}

const toConsole = ({ message }) => console.debug("rejoin", message);

/** Reads the constructor's options. Throws a TypeError or RangeError for what can't work. */
export function readOptions(options = {}) {
  if (options === null || typeof options !== "object") throw new TypeError("The options must be an object.");
  const reconnect = mustBe(options, "reconnect", "boolean") ?? true;
  const whenFull = options.whenFull ?? WHEN_FULL[0];
  if (!WHEN_FULL.includes(whenFull)) {
    throw new TypeError(`The option whenFull must be one of ${WHEN_FULL.join(", ")}.`);
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
  if (typeof given !== "object" || given.ping === undefined) {
    throw new TypeError("The option keepAlive must have a ping: what to send.");
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
    options.keepAlive ? number(keepAlive, "interval", 1) ?? 25_000 : undefined,
    number(keepAlive, "deadline", 1),
    number(keepAlive, "probe", 1),
    number(options, "maxEnqueuedMessages", 0),
    number(options, "maxEnqueuedBytes", 0),
    whenFull === "drop-oldest",
    number(options, "highWatermark", 1) ?? endless,
    number(options, "seed", 0) ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER),
    number(options, "renewAfter", 1),
    // The last, since the driver leaves it out where nobody is asked. Long enough for a person to sign in.
    number(options, "providerTimeout", 1) ?? 60_000,
  ];
}
