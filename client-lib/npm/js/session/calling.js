// Calls: a question to the server's application, its answer, and cancelling.
import { newNumber } from "./bundled.js";
import { number } from "../options.js";
import { CallError, CLOSED, NotTakenError } from "./errors.js";
import { decode, encode } from "./payload.js";

/** What comes of a call, in the order of client-lib/npm/session/src/call.rs. */
const ANSWER = 0, NOT_TAKEN = 1, DENIED = 2;
const OTHERS = [, , , "timed-out", "unknown", "unsent"];

/** Asks; `present` gives the module's session, if there is one. */
export function ask(present, payload, options = {}) {
  const { signal, bytes = false } = options;
  return new Promise((resolve, reject) => {
    const timeout = number(options, "timeout", 0) ?? 30_000;
    const question = encode(payload);
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

async function answer([what, first, second], payload, bytes) {
  switch (what) {
    case ANSWER: return bytes ? first : decode(first);
    case NOT_TAKEN: throw new NotTakenError(first, payload);
    case DENIED: throw new CallError("denied", { code: first, reason: second, payload });
    default: throw new CallError(OTHERS[what], { payload });
  }
}
