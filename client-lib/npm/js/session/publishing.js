// Receipts: what becomes of a publication.
import { CLOSED, NotTakenError, PublishError } from "./errors.js";
import { encode } from "./payload.js";

/** In the order of client-lib/npm/session/src/port.rs. */
const DURABLE = 0, REFUSED = 1, UNSENT = 3;

/** A channel's name. Throws a TypeError for what the other end would read as another, or as none. */
export function readName(channel) {
  if (typeof channel === "string" && channel && !/\p{Surrogate}/u.test(channel)) return channel;
  const given = typeof channel === "string" ? JSON.stringify(channel) : String(channel);
  throw new TypeError(`A channel's name must be a string, not empty and without lone surrogates, not ${given}.`);
}

/** Waits for what becomes of a publication. */
export async function receipt(outcome, publication) {
  const [what, first, second] = await outcome;
  if (what === DURABLE) return { channel: publication.channel, number: publication.number, position: first };
  if (what === REFUSED) throw new PublishError("refused", { ...publication, code: first, reason: second });
  throw new PublishError(what === UNSENT ? "unsent" : "unknown", publication);
}

/** Publishes: a promise of the receipt, which has one of the publication's number. */
export function publish(port, channel, payload, most) {
  return publication(begin(port, channel, payload, most), channel, payload);
}

/** The same where there is room; throws where there is none. */
export function tryPublish(port, channel, payload, most) {
  const body = encode(payload, most);
  const begun = taken(port ? port.try_publish(readName(channel), body) : [CLOSED], payload);
  return publication(Promise.resolve(begun), channel, payload);
}

function publication(begun, channel, payload) {
  const promise = begun.then(({ outcome, number }) => receipt(outcome, { channel, number, payload }));
  const number = begun.then(({ number }) => number);
  // Who does not ask for the number learns by the receipt.
  number.catch(() => {});
  return Object.assign(promise, { taken: number });
}

async function begin(port, channel, payload, most) {
  const [name, body] = [readName(channel), encode(payload, most)];
  return taken(port ? await port.publish(name, body) : [CLOSED], payload);
}

/** A rejection is the receipt's to tell. */
function taken([refused, number, outcome], payload) {
  if (refused) throw new NotTakenError(refused, payload);
  return { number, outcome };
}
