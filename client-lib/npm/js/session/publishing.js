// Receipts: what becomes of a publication.
import { CLOSED, NotTakenError, PublishError } from "./errors.js";
import { encode } from "./payload.js";

/** In the order of client-lib/npm/session/src/port.rs. */
const DURABLE = 0, REFUSED = 1, UNSENT = 3;

/** Waits for what becomes of a publication. */
export async function receipt(outcome, publication) {
  const [what, first, second] = await outcome;
  if (what === DURABLE) return { channel: publication.channel, number: publication.number, position: first };
  if (what === REFUSED) throw new PublishError("refused", { ...publication, code: first, reason: second });
  throw new PublishError(what === UNSENT ? "unsent" : "unknown", publication);
}

/** Publishes: a promise of the receipt, which has one of the publication's number. */
export function publish(port, channel, payload) {
  const begun = begin(port, channel, payload);
  const promise = begun.then(({ outcome, number }) => receipt(outcome, { channel, number, payload }));
  const taken = begun.then(({ number }) => number);
  // Who does not ask for the number learns by the receipt.
  taken.catch(() => {});
  return Object.assign(promise, { taken });
}

async function begin(port, channel, payload) {
  if (!port) throw new NotTakenError(CLOSED, payload);
  const [refused, number, outcome] = await port.publish(channel, encode(payload));
  if (refused) throw new NotTakenError(refused, payload);
  // A rejection is the receipt's to tell.
  return { number, outcome };
}
