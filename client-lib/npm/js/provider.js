// Functions that give the URL, the subprotocols or a token.

/** The most calls that may be unsettled: the one whose answer is wanted, and one that ignores its signal. */
const MOST_CALLS = 2;

/**
 * Limits how many calls of a function are unsettled at a time. Its last argument is an AbortSignal: a call that waits for
 * its turn when that is aborted is not made.
 */
export function limitCalls(call) {
  const unsettled = new Set();
  return async (...given) => {
    while (unsettled.size >= MOST_CALLS) await Promise.race(unsettled);
    given.at(-1).throwIfAborted();
    const result = call(...given);
    const settled = result.then(() => {}, () => {}).then(() => unsettled.delete(settled));
    unsettled.add(settled);
    return result;
  };
}

/** Checks what a function gave. Throws a TypeError that names it. */
export function mustGive(what, value, fits, right) {
  if (!fits) throw new TypeError(`The function for the ${what} gave ${typeof value === "object" ? value : typeof value}: it must give ${right}.`);
  return value;
}
