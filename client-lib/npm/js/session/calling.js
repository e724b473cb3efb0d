// Calls: a question to the server's application, its answer, and cancelling.
import { newNumber } from "./bundled.js";
import { mustBe, number } from "../options.js";
import { CallError, CLOSED, NotTakenError } from "./errors.js";
import { mustKnow } from "./options.js";
import { decode, encode } from "./payload.js";

/** What comes of a call, in the order of client-lib/npm/session/src/call.rs. */
const ANSWER = 0, NOT_TAKEN = 1, DENIED = 2;
const OTHERS = [, , , "timed-out", "unknown", "unsent"];

/** Asks; `present` gives the module's session, if there is one. */
export function ask(present, payload, options = {}, most) {
  return new Promise((resolve, reject) => {
    mustKnow(options, ["timeout", "signal", "bytes"]);
    const { signal } = options;
    const bytes = mustBe(options, "bytes", "boolean") ?? false;
    const timeout = number(options, "timeout", 0) ?? 30_000;
    if (signal !== undefined && typeof signal?.throwIfAborted !== "function") {
      throw new TypeError("The option signal must be an AbortSignal.");
    }
    const question = encode(payload, most);
    signal?.throwIfAborted();
    const port = present();
    if (!port) throw new NotTakenError(CLOSED, payload);
    const key = newNumber();
    const stop = () => {
      present()?.cancel(key);
      reject(signal.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
    port.call(key, question, timeout, !bytes).then((outcome) => {
      signal?.removeEventListener("abort", stop);
      resolve(answer(outcome, payload, bytes));
    }, reject);
  });
}

/** The question that a name and arguments make. */
export function question(name, args = {}) {
  if (typeof name !== "string") throw new TypeError(`The name of a call must be a string, not ${String(name)}.`);
  if (Object.prototype.toString.call(args) !== "[object Object]" || "type" in args) {
    throw new TypeError("The arguments of a call must be a plain object without `type`, which is the call's name.");
  }
  return { type: name, ...args };
}

async function answer([what, first, second], payload, bytes) {
  switch (what) {
    case ANSWER: return bytes ? first : decode(first);
    case NOT_TAKEN: throw new NotTakenError(first, payload);
    case DENIED: throw new CallError("denied", { code: first, reason: second, payload });
    default: throw new CallError(OTHERS[what], { payload });
  }
}
