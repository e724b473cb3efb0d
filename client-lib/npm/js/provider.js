// Functions that give the URL, the subprotocols or a token.
import { typeName } from "./options.js";

/** The most calls that may be unsettled: the one whose answer is wanted, and one that ignores its signal. */
const MOST_CALLS = 2;

/**
 * Calls functions together, and makes one answer of theirs by `combine`. Limits how many calls are unsettled at a time. Their
 * last argument is an AbortSignal: a call that waits for its turn when that is aborted is not made.
 */
export function limitCalls(functions, combine) {
  const unsettled = new Set();
  return async (...given) => {
    while (unsettled.size >= MOST_CALLS) await Promise.race(unsettled);
    given.at(-1).throwIfAborted();
    const answers = functions.map(async (call) => call(...given));
    const settled = Promise.allSettled(answers).then(() => unsettled.delete(settled));
    unsettled.add(settled);
    return combine(await Promise.all(answers));
  };
}

/** Checks what a function gave. Throws a TypeError that names it. */
export function mustGive(what, value, fits, right) {
  // Without the value, which may be secret.
  if (!fits) throw new TypeError(`The function for the ${what} gave ${typeName(value)}: it must give ${right}.`);
  return value;
}
