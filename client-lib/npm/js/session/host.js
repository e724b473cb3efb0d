// What the module calls: see client-lib/npm/session/src/host.rs. Nothing of it calls back in or throws.
//
// This file is bundled with what wasm-bindgen makes before the others are: there, `globalThis` stands for
// `rejoinScope`, and `WebSocket` for the function of this file (xtask/src/npm.rs).

import { CAUSES } from "../causes.js";
import { recordOf } from "../record.js";

/** The page or the worker; where listeners can't be added to it, as in Node.js, a place that hears nothing. */
export const rejoinScope =
  typeof addEventListener === "function" ? self : { addEventListener() {}, removeEventListener() {}, queueMicrotask };

/** Sessions by number, as long as they are told something, and who waits at which bell. */
export const sessions = new Map();
export const bells = new Map();

let newest = 0;

/** A number for a session, a bell or a call. */
export const newNumber = () => (newest = (newest + 1) >>> 0);

let chosen;

/** The module is about to make a session's socket. */
export const choose = (session) => (chosen = sessions.get(session));

/** Makes the socket that the module asks for, of the class that the session was given. */
export function WebSocket(url, protocols) {
  const { Socket, failed } = chosen;
  // It would keep the session.
  chosen = undefined;
  const socket = new Socket(url, protocols);
  if (Socket !== rejoinScope.WebSocket) {
    // A setter that throws does so here, where it fails the attempt, and not within the module.
    socket.binaryType = "arraybuffer";
    // The browser's copies what it is given; another may read later what is the module's memory.
    const send = socket.send;
    socket.send = (data) => send.call(socket, data.slice());
    // In Node.js an error that nobody listens to ends the program; what it says of the end that follows no page learns.
    socket.addEventListener("error", ({ error }) => error && failed(error));
    mayThrow(socket, "bufferedAmount", failed);
    const { removeEventListener } = socket;
    socket.removeEventListener = (type, listener) => {
      try {
        removeEventListener.call(socket, type, listener);
      } catch (error) {
        failed(error);
      }
      // One that is left while it is closing has had its time; `ws` would keep the program for 30 s more.
      if (type === "close" && socket.readyState === WebSocket.CLOSING) socket.terminate?.();
    };
  }
  return socket;
}

/** Makes a property of the socket's class 0 when its getter throws, which the module could not catch. */
function mayThrow(socket, name, failed) {
  if (Object.hasOwn(socket, name)) return;
  const type = Object.getPrototypeOf(socket);
  Object.defineProperty(socket, name, {
    get() {
      try {
        return Reflect.get(type, name, socket);
      } catch (error) {
        failed(error);
        return 0;
      }
    },
  });
}

WebSocket.CONNECTING = 0;
WebSocket.OPEN = 1;
WebSocket.CLOSING = 2;
WebSocket.CLOSED = 3;

export const tell = (session, what, first, second) => sessions.get(session)?.tell(what, first, second);

/** The kinds of records for a log, with the names of their values; in the order of client-lib/npm/session/src/records.rs. */
const RECORDS = [
  ["connecting", "attempt"], ["asking", "attempt"], ["dialing", "url"], ["open"], ["closing"], ["closed"],
  ["waiting", "attempt", "delay"], ["ended", "reason", "code", "unsentBytes", "cause", "gaveUp"], ["sent", "bytes"], ["received", "bytes"],
  ["lost", "messages"], ["hint", "hint"], ["ping"], ["pong", "roundTrip"], ["live"], ["session-ended", "code"],
];

/** What stands for a number, in a record. */
const MEANINGS = { cause: (by) => CAUSES[by], gaveUp: Boolean };

export const record = (session, kind, text, ...figures) => {
  const [type, ...names] = RECORDS[kind];
  const values = text === undefined ? figures : [text, ...figures];
  const fields = names.map((name, at) => [name, MEANINGS[name]?.(values[at]) ?? values[at]]);
  sessions.get(session)?.record(recordOf(type, Object.fromEntries(fields)));
};

export const ask = (session, attempt, fresh) =>
  sessions.get(session)?.ask(attempt, fresh) ?? Promise.reject("the session is gone");

export const ring = (bell) => bells.get(bell)?.();

/** 64 bits as text: numbers of JavaScript have 53. */
export const hex = (bits) => BigInt.asUintN(64, bits).toString(16);

export const position = (ordinal, id, offset) => `${ordinal}.${hex(id)}.${offset}`;

export const entry = (position, time, publisher, number, own, payload) =>
  ({ type: "entry", position, time, publisher: hex(publisher), number, own, payload });

const GAP_REASONS = ["trimmed", "truncated", "unknown-epoch"];

export const gap = (position, from, to, reason) => ({ type: "gap", position, from, to, reason: GAP_REASONS[reason] });

export const item = (what, first, second) => ({ what, first, second });

export const closed = (code, reason, wasClean, by, unsentBytes, gaveUp) =>
  ({ code, reason, wasClean, cause: CAUSES[by], unsentBytes, gaveUp });
