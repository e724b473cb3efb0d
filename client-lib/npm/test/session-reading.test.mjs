// Who reads a session's messages: several iterations, listeners that come and go, and what waits meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";

import { command, next, rejection, until, withPeer } from "./session-rig.mjs";

const DONE = { value: undefined, done: true };
const value = (value) => ({ value, done: false });
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** A session whose peer says what it is told to, and nothing else. */
async function listening(context, options) {
  const { session, key } = withPeer(context, "&quiet=1", options);
  await session.ready;
  const say = async (...texts) => {
    for (const text of texts) await command(key, `say&text=${text}`);
  };
  /** Waits until so many frames came besides the welcome. */
  const came = async (count) => {
    const before = session.metrics.framesReceived;
    return async () => {
      while (session.metrics.framesReceived < before + count) await sleep(5);
    };
  };
  return { session, key, say, came };
}

test("several iterations share the messages, in the order in which they asked", async (t) => {
  const { session, say } = await listening(t);
  const [a, b] = [session.messages(), session.messages()];
  const asked = [a.next(), b.next(), a.next()];
  await say(1, 2, 3);
  assert.deepEqual(await Promise.all(asked), [value(1), value(2), value(3)]);
  const waiting = [a.next(), b.next()];
  assert.deepEqual(await b.return("enough"), { value: "enough", done: true });
  assert.deepEqual(await waiting[1], DONE);
  await say(4);
  assert.deepEqual(await waiting[0], value(4));
  const last = a.next();
  await session.close();
  assert.deepEqual([await last, await a.next(), await b.next()], [DONE, DONE, DONE]);
});

test("what an iteration gives back is waited for", async (t) => {
  const { session } = await listening(t);
  assert.deepEqual(await session.messages().return(Promise.resolve(5)), { value: 5, done: true });
});

test("an iteration that is not over goes on with the session that is begun anew", async (t) => {
  const { session, key, say } = await listening(t);
  const idle = session.messages();
  const ended = next(session, "ended");
  await session.close();
  await ended;
  session.reconnect();
  await session.ready;
  const asked = idle.next();
  await say(7);
  assert.deepEqual(await asked, value(7));
  session.addEventListener("ended", () => session.reconnect(), { once: true });
  const waiting = idle.next();
  const live = next(session, "live");
  await command(key, "close&code=1000&reason=final");
  await live;
  await say(8);
  const then = await waiting;
  assert.ok(then.done || then.value === 8);
});

test("when the last listener has gone, messages wait for another one, or for an iteration", async (t) => {
  const { session, say, came } = await listening(t);
  const got = [];
  const hear = ({ data }) => got.push(data);
  session.addEventListener("message", hear, { once: true });
  let all = await came(3);
  await say(1, 2, 3);
  await all();
  assert.deepEqual(got, [1]);
  const second = next(session, "message");
  session.addEventListener("message", hear);
  await second;
  await sleep(20);
  assert.deepEqual(got, [1, 2, 3]);
  session.removeEventListener("message", hear);

  session.onmessage = hear;
  session.onmessage = null;
  all = await came(1);
  await say(4);
  await all();
  session.onmessage = hear;
  await sleep(20);
  assert.deepEqual(got, [1, 2, 3, 4]);
  session.onmessage = null;

  const control = new AbortController();
  session.addEventListener("message", hear, { signal: control.signal });
  control.abort();
  session.addEventListener("message", hear, { signal: control.signal });
  session.addEventListener("message", null);
  all = await came(1);
  await say(5);
  await all();
  assert.deepEqual(await session.messages().next(), value(5));
  assert.deepEqual(got, [1, 2, 3, 4]);
});

test("messages of one batch that come behind a listener's last are not lost, and stay in order", async (t) => {
  const { session } = withPeer(t, "");
  await session.ready;
  const got = [];
  session.addEventListener("message", ({ data }) => got.push(data), { once: true });
  // Sent in one turn, they come back in one.
  for (let at = 0; at < 20; at++) session.trySend(at);
  await next(session, "message");
  session.trySend(20);
  const reading = session.messages();
  for (let at = 1; at <= 20; at++) got.push((await reading.next()).value);
  assert.deepEqual(got, Array.from({ length: 21 }, (_, at) => at));
});

test("a listener is there once, however often it is added, and goes by its own phase", async (t) => {
  const { session, say } = await listening(t);
  const got = [];
  const listener = { handleEvent: function ({ data }) { got.push([this === listener, data]); } };
  session.addEventListener("message", listener, { once: true });
  session.addEventListener("message", listener);
  session.addEventListener("message", listener, true);
  session.removeEventListener("message", listener);
  const heard = next(session, "message");
  await say(1);
  await heard;
  session.removeEventListener("message", listener, { capture: true });
  assert.deepEqual(got, [[true, 1]]);
  const reading = session.messages();
  assert.throws(() => session.addEventListener("message", listener), /end that to listen/);
  assert.throws(() => (session.onmessage = () => {}), TypeError);
  assert.equal(session.onmessage, null);
  await reading.return();
  session.onmessage = () => {};
  assert.throws(() => session.messages(), /remove them to iterate/);
  assert.throws(() => session.addEventListener("message", 5), TypeError);
  assert.throws(() => session.addEventListener("message"), TypeError);
});

test("messages that nobody had read when the session ended are told to a listener that comes later", async (t) => {
  const { session, key, say, came } = await listening(t);
  const all = await came(2);
  await say(1, 2);
  await all();
  const ended = next(session, "ended");
  await command(key, "close&code=1000&reason=final");
  await ended;
  const got = [];
  session.onmessage = ({ data }) => got.push(data);
  await sleep(20);
  assert.deepEqual(got, [1, 2]);
  session.onmessage = null;
  assert.deepEqual(await session.messages().next(), DONE);
});

test("what can't be decoded goes to the listeners, and is reported when there are none any more", async (t) => {
  const { session, say } = await listening(t);
  const [raws, reported] = [[], []];
  t.mock.method(console, "error", (error) => reported.push(error));
  session.addEventListener("undecodable", ({ raw }) => raws.push(raw), { once: true });
  const reading = session.messages();
  const first = reading.next();
  await say("a", "b", "c", 1);
  assert.deepEqual(await first, value(1));
  await reading.return();
  assert.deepEqual(raws, ["a"]);
  assert.deepEqual(reported.map(({ name, raw }) => [name, raw]), [["UndecodableError", "b"], ["UndecodableError", "c"]]);
  session.onmessage = () => {};
  const heard = next(session, "message");
  await say("d", 2);
  await heard;
  assert.equal(reported.length, 3);
});

test("a message is not taken from who reads by one who leaves while another is reported", async (t) => {
  const { session, say, came } = await listening(t);
  const all = await came(2);
  await say("odd", 1);
  await all();
  const first = session.messages();
  session.onundecodable = () => first.return();
  assert.deepEqual(await first.next(), DONE);
  assert.deepEqual(await session.messages().next(), value(1));
});
