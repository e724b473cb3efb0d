// The options: their limits, and the settings that they become.
import { readProtocols, readUrl } from "../address.js";
import { mustBe, number } from "../options.js";

const most = (options, name, least) => number(options, name, least) ?? NaN;

/** A token: text, or bytes, or none. */
export function readToken(token) {
  if (token === undefined || token === null) return undefined;
  if (typeof token === "string" || token instanceof Uint8Array) return token;
  throw new TypeError("What authenticates the client must be a string or a Uint8Array.");
}

/**
 * Reads the constructor's arguments: `ask`, a promise of where to connect and with what, and what the module is given.
 * Throws a SyntaxError, a TypeError or a RangeError for what can't work.
 */
export function readOptions(url, options = {}) {
  if (options === null || typeof options !== "object") throw new TypeError("The options must be an object.");
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (typeof Socket !== "function") {
    throw new TypeError("There is no WebSocket here: give its constructor as the option WebSocket.");
  }
  const { auth } = options;
  // What is given as it is can be wrong already.
  const fixedUrl = typeof url === "function" ? undefined : readUrl(url);
  const fixedToken = typeof auth === "function" ? undefined : readToken(auth);
  return {
    Socket,
    ask: async (attempt, fresh) => {
      const [address, token] = await Promise.all([
        fixedUrl ?? url(attempt, fresh),
        typeof auth === "function" ? auth(attempt, fresh) : fixedToken,
      ]);
      return [fixedUrl ?? readUrl(address), readToken(token)];
    },
    protocols: readProtocols(options.protocols).join("\n"),
    settings: [...reconnecting(options), ...timing(options), ...limits(options)],
  };
}

// In the order of client-lib/npm/session/src/options.rs; NaN stands for its default.

function reconnecting(options) {
  const least = number(options, "minReconnectionDelay", 0);
  const cap = number(options, "maxReconnectionDelay", 1);
  const retries = number(options, "maxRetries", 0) ?? Infinity;
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
    Math.round(most(options, "reconnectionDelayGrowFactor", 1) * 100),
    most(options, "minUptime", 0),
    retries === Infinity ? NaN : retries + 1,
  ];
}

function timing(options) {
  const { keepAlive = {} } = options;
  if (keepAlive !== false && (keepAlive === null || typeof keepAlive !== "object")) {
    throw new TypeError("The option keepAlive must be an object or false.");
  }
  return [
    most(options, "connectionTimeout", 1),
    most(options, "closeTimeout", 1),
    most(options, "greetingTimeout", 1),
    most(options, "drainTimeout", 0),
    keepAlive === false ? 0 : most(keepAlive, "interval", 1),
    most(keepAlive, "deadline", 1),
    most(keepAlive, "probe", 1),
    most(options, "highWatermark", 1),
    most(options, "seed", 0),
  ];
}

function limits(options) {
  return [
    most(options, "window", 65_536),
    most(options, "maxEnqueuedMessages", 1),
    most(options, "maxEnqueuedBytes", 1),
    most(options, "maxMessageBytes", 1),
    most(options, "subscriptionWindow", 1),
    most(options, "maxSubscriptions", 0),
    most(options, "maxPublications", 0),
    most(options, "maxPublicationBytes", 0),
    most(options, "maxCalls", 0),
    most(options, "maxCallBytes", 0),
  ];
}
