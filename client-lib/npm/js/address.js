// Where to connect, as WHATWG's constructor reads it (WebSockets, "new WebSocket(url, protocols)").

import { limitCalls, mustGive } from "./provider.js";

function refuse(what) {
  return new DOMException(what, "SyntaxError");
}

/** WebIDL's conversion to a string, which a symbol doesn't pass; `String` would take it. */
export const text = (value) => `${value}`;

/**
 * The address of a WebSocket, absolute; relative ones are resolved against the page's. Throws a SyntaxError, which names
 * nothing of a URL that is `secret`.
 */
export function readUrl(given, secret) {
  const words = text(given);
  let url;
  try {
    url = new URL(words, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {
    throw refuse(secret ? "The URL is invalid." : `The URL '${words}' is invalid.`);
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw refuse(`The URL's scheme must be 'ws', 'wss', 'http' or 'https'. '${url.protocol}' is not allowed.`);
  }
  // An empty fragment is one as well, and `hash` does not tell it from none.
  if (url.href.includes("#")) throw refuse(`The URL contains a fragment${secret ? "" : ` ('${url.hash}')`}.`);
  return url.href;
}

/** A token of HTTP (RFC 9110, 5.6.2): what a subprotocol's name consists of. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const isList = (given) => given !== null && typeof given === "object" && given[Symbol.iterator] !== undefined;

/** The subprotocols as a list; a string is a list of one. Throws a SyntaxError. */
export function readProtocols(given) {
  if (given === undefined) return [];
  const names = isList(given) ? Array.from(given, text) : [text(given)];
  for (const [at, name] of names.entries()) {
    if (!TOKEN.test(name)) throw refuse(`The subprotocol '${name}' is invalid.`);
    if (names.indexOf(name) < at) throw refuse(`The subprotocol '${name}' is duplicated.`);
  }
  return names;
}

/** What a function gave as the URL, which may have a token in it. */
export const readProvidedUrl = (given) =>
  readUrl(mustGive("URL", given, typeof given === "string" || given?.href !== undefined, "a string or a URL"), true);

/** What a function gave as the subprotocols; null or undefined for none. */
function readProvidedProtocols(given) {
  const fits = given == null || typeof given === "string" || isList(given);
  return readProtocols(mustGive("subprotocols", given, fits, "a string or a list of strings") ?? undefined);
}

/**
 * What the constructor was given: `fixed` if neither part has to be asked for, and `ask`, a promise of the present
 * target, which is given the number of the attempt and an AbortSignal. Both throw what a bad URL or subprotocol makes the standard's constructor throw.
 */
export function readTarget(url, protocols) {
  const asked = typeof url === "function" || typeof protocols === "function";
  if (!asked) return { fixed: { url: readUrl(url), protocols: readProtocols(protocols) } };
  // What is given as it is can be wrong already.
  const fixedUrl = typeof url === "function" ? undefined : readUrl(url);
  const fixedProtocols = typeof protocols === "function" ? undefined : readProtocols(protocols);
  const ask = limitCalls([
    async (...given) => fixedUrl ?? readProvidedUrl(await url(...given)),
    async (...given) => fixedProtocols ?? readProvidedProtocols(await protocols(...given)),
  ], ([url, protocols]) => ({ url, protocols }));
  return { ask };
}
