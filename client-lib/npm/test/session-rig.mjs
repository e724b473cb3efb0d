// What the tests of the session share: sessions with the peer and with demo-server, and how to wait for them.
import assert from "node:assert/strict";

import { PEER, sessionUrl, toolUrl } from "./rig.mjs";

const { RejoinSession } = await import(sessionUrl);
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

/** The peer's address for commands and counts. */
export const HTTP = PEER.replace("ws", "http");
/** Soon back, and the same at each run. */
export const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 20, seed: 1 };
/** Whatever the demo allows is allowed as often as a test likes. */
export const OFTEN = ["--chat-rate", "100000"];

let keys = 0;

/** A key of nobody else's. */
export const newKey = () => `session-${process.pid}-${++keys}`;
export const command = (key, what) => fetch(`${HTTP}/command?key=${key}&do=${what}`);
export const stats = async (key, until) => (await fetch(`${HTTP}/stats?key=${key}&until=${until}`)).json();
export const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
export const bytes = (text) => new TextEncoder().encode(text);
export const rejection = (promise) => promise.then(() => assert.fail("it was not rejected"), (error) => error);

/** The first change of state to this one. */
export async function until(session, state) {
  while (session.state !== state) await next(session, "statechange");
}

/** A session that is closed at the end of the test. */
export function open(context, url, options) {
  const session = new RejoinSession(url, { ...QUICK, ...options });
  context.after(() => session.close());
  return session;
}

/** A session with the peer, and the key under which that counts it. */
export function withPeer(context, query = "", options = {}, key = newKey()) {
  return { session: open(context, `${PEER}/session?key=${key}${query}`, options), key };
}

/** Payloads of the next entries. */
export async function entries(feed, count, of = (item) => item.payload) {
  const found = [];
  while (found.length < count) {
    const { value, done } = await feed.next();
    assert.ok(!done, "the feed has ended");
    if (value.type === "entry") found.push(of(value));
    else assert.ok(["started", "members"].includes(value.type), `${value.type} came between`);
  }
  return found;
}

export const said = (text) => ({ name: "Ada", text: String(text) });
