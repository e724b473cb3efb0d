// What leaves a session: its order, what can't be sent at all, and limits that are known before anything goes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { sessionUrl, startServer } from "./rig.mjs";
import { bytes, command, entries, next, OFTEN, open, QUICK, rejection, said, stats, until, withPeer } from "./session-rig.mjs";

const { NotTakenError, RejoinSession } = await import(sessionUrl);

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

test("what is sent goes in the order of the calls, by whichever method", async (t) => {
  const { session } = withPeer(t);
  await session.ready;
  const sent = [session.send(1)];
  session.trySend(2);
  sent.push(session.send(3), session.send(4));
  session.trySend(5);
  const got = [];
  for await (const message of session) if (got.push(message) === 5) break;
  assert.deepEqual(got, [1, 2, 3, 4, 5]);
  await Promise.all(sent);
});

test("what was sent or published right before close() is delivered by it", async (t) => {
  const { session, key } = withPeer(t);
  await session.ready;
  const published = session.publish("room", 1);
  const sent = session.send("x");
  const left = session.close();
  assert.equal((await published).number, 0);
  await sent;
  assert.deepEqual(await left, { unsent: 0, unacked: 0, unanswered: 0 });
  assert.deepEqual((await stats(key, "messages.ge.1")).texts.filter((text) => text === '"x"'), ['"x"']);
  assert.equal((await rejection(session.send("late"))).reason, "closed");
});

test("those who wait for room are bounded, are not passed, and are counted", async (t) => {
  const { session, key } = withPeer(t, "&quiet=1", { maxEnqueuedBytes: 100_000, maxWaiting: 3, drainTimeout: 50 });
  await session.ready;
  await command(key, "deaf");
  const large = bytes("x".repeat(60_000));
  session.trySend(large);
  const waiting = [session.send(large), session.send("small"), session.send("third")];
  for (const one of waiting) one.catch(() => {});
  assert.throws(() => session.trySend("passes"), { reason: "full", retryable: true });
  const error = await rejection(session.send("fourth"));
  assert.deepEqual([error.reason, error.payload], ["full", "fourth"]);
  assert.equal(session.metrics.waiting, 3);
  assert.ok(session.metrics.waitingBytes >= 60_000 + 3 * 32);
  const left = await session.close();
  assert.ok(left.unsent >= 3, JSON.stringify(left));
  for (const one of waiting) assert.equal((await rejection(one)).reason, "closed");
});

test("tryPublish publishes at once, or says why not", async (t) => {
  const { session } = withPeer(t, "&unanswered=1", { maxPublications: 1, drainTimeout: 50 });
  const first = session.tryPublish("room", "one");
  first.catch(() => {});
  assert.equal(await first.taken, 0);
  assert.throws(() => session.tryPublish("room", "two"), { name: "NotTakenError", reason: "full", payload: "two" });
  assert.throws(() => session.tryPublish("", "three"), TypeError);
  const { session: other } = withPeer(t);
  const { channel, number } = await other.tryPublish("room", "four");
  assert.deepEqual([channel, number], ["room", 0]);
});

test("what JSON would change is refused with its place, and what it holds goes", async (t) => {
  const { session } = withPeer(t);
  await session.ready;
  const cycle = { a: {} };
  cycle.a.b = cycle;
  for (const [value, words] of [
    [NaN, /NaN/], [{ a: [1, Infinity] }, /Infinity at \["a"\]\["1"\]/], [{ d: new Uint8Array(2) }, /bytes at \["d"\]/],
    [new Map(), /Map/], [[new Set()], /Set at \["0"\]/], [/x/, /RegExp/], [new Error("x"), /Error/],
    [Promise.resolve(), /Promise/], [new Blob([]), /Blob/], [new SharedArrayBuffer(3), /SharedArrayBuffer/],
    [{ n: 5n }, /BigInt 5 at \["n"\]/], [cycle, /itself at \["a"\]\["b"\]/], [new ArrayBuffer(2), /ArrayBuffer/],
    [new DataView(new ArrayBuffer(2)), /bytes/], [undefined, /undefined/], [() => {}, /=>/],
  ]) {
    assert.throws(() => session.trySend(value), (error) => error instanceof TypeError && words.test(error.message), String(words));
    assert.ok((await rejection(session.publish("room", value))) instanceof TypeError);
    assert.ok((await rejection(session.ask(value))) instanceof TypeError);
    assert.ok((await rejection(session.send(value))) instanceof TypeError);
    assert.throws(() => session.volatile(value), TypeError);
    if (value !== undefined) assert.throws(() => session.subscribe("room", { as: value }), TypeError);
  }
  class Point { x = 1; }
  const twice = { same: 1 };
  const value = [new Date(0), new Point(), { u: undefined, twice, more: twice }, Object.create(null), Object(5), new URL("http://a.example/")];
  assert.deepEqual(await session.ask(value), JSON.parse(JSON.stringify(value)));
  assert.deepEqual(await session.ask(Buffer.from('"buffer"')), "buffer");
  const thrown = new Error("own");
  assert.equal(await rejection(session.publish("room", { toJSON() { throw thrown; } })), thrown);
});

test("a channel is named by a string that arrives as it is", async (t) => {
  const { session } = withPeer(t);
  for (const name of [undefined, null, {}, "", "\ud800", "a\udc00b", Symbol("x"), 5]) {
    assert.ok((await rejection(session.publish(name, 1))) instanceof TypeError, String(name));
    assert.throws(() => session.subscribe(name), TypeError);
  }
  assert.equal((await session.publish("caf\u00e9 \u{1f600}", 1)).channel, "caf\u00e9 \u{1f600}");
});

test("the arguments of a call do not become another call", async (t) => {
  const { session } = withPeer(t);
  for (const args of [{ type: "delete-all" }, ["a"], "text", new Map([[1, 2]]), 5, null, () => {}]) {
    assert.ok((await rejection(session.call("rooms", args))) instanceof TypeError, String(args));
  }
  assert.ok((await rejection(session.call(5))) instanceof TypeError);
  assert.deepEqual(await session.call("rooms", { a: 1 }), { type: "rooms", a: 1 });
  assert.deepEqual(await session.call("rooms"), { type: "rooms" });
});

test("options that there are not are named, with the one that was meant", async (t) => {
  const { session } = withPeer(t);
  const make = (options) => () => new RejoinSession("ws://a.invalid", { ...QUICK, ...options });
  assert.throws(make({ maxRetry: 3 }), /no option maxRetry\. Did you mean maxRetries\?/);
  assert.throws(make({ reconect: false }), /Did you mean reconnect\?/);
  assert.throws(make({ keepAlive: { intervall: 5 } }), /Did you mean interval\?/);
  assert.throws(make({ somethingElse: 1 }), /There are: auth, /);
  assert.throws(() => session.subscribe("room", { sinse: "everything" }), /Did you mean since\?/);
  for (const options of ["everything", null, { bytes: "no" }, { signal: {} }, { signal: null }]) {
    assert.throws(() => session.subscribe("room", options), TypeError, String(options));
    assert.ok((await rejection(session.ask(1, options))) instanceof TypeError, String(options));
  }
  assert.match((await rejection(session.ask(1, { timout: 5 }))).message, /Did you mean timeout\?/);
});

test("limits are whole numbers that the protocol can say", () => {
  const make = (options) => () => new RejoinSession("ws://a.invalid", { ...QUICK, ...options });
  const bytes = ["window", "maxMessageBytes", "subscriptionWindow"];
  const counts = [
    "maxEnqueuedMessages", "maxEnqueuedBytes", "maxSubscriptions", "maxPublications", "maxPublicationBytes", "maxChannels",
    "maxCalls", "maxCallBytes", "maxMembers", "maxMemberBytes", "maxPresenceBytes", "maxAuthBytes",
    "maxNumberedChannels", "maxVolatileBytes", "maxWaiting",
    "maxWaitingBytes", "highWatermark", "seed",
  ];
  for (const name of [...bytes, ...counts]) {
    for (const value of [2 ** 53, 100_000.5, NaN, -1, "5", 0.5, Infinity]) {
      assert.throws(make({ [name]: value }), RangeError, `${name}: ${String(value)}`);
    }
  }
  for (const name of bytes) assert.throws(make({ [name]: 2 ** 52 + 1 }), RangeError);
  assert.throws(make({ subscriptionWindow: 1_023 }), /whole number from 1024 /);
  for (const name of ["maxRetries", "maxDisagreed"]) assert.throws(make({ [name]: 1.5 }), RangeError);
});

test("the largest limits and the least work", async (t) => {
  for (const options of [
    { window: 2 ** 52, maxMessageBytes: 2 ** 52, subscriptionWindow: 2 ** 52, maxRetries: Infinity, maxDisagreed: Infinity },
    { maxEnqueuedBytes: Number.MAX_SAFE_INTEGER, maxCalls: Number.MAX_SAFE_INTEGER, maxWaiting: 0, maxWaitingBytes: 0 },
    { window: 65_536, subscriptionWindow: 1_024, maxPublications: 1 },
  ]) {
    const { session } = withPeer(t, "", options);
    const feed = session.subscribe("room", { since: "everything" });
    await session.publish("room", "x".repeat(5_000));
    assert.deepEqual(await entries(feed, 1), ["x".repeat(5_000)]);
    assert.equal(await session.ask(1), 1);
  }
});

test("a position that is none is refused, and does not end the session", async (t) => {
  const { session } = withPeer(t);
  await session.ready;
  for (const since of ["9999999999999999.0.9999999999999999", "1.0.9007199254740993", "9007199254740992.0.1", ["1.a.2"]]) {
    assert.throws(() => session.subscribe("room", { since }), /`since` must be/);
  }
  await session.subscribe("room", { since: `${Number.MAX_SAFE_INTEGER}.ffffffffffffffff.5` }).next();
  assert.equal(session.state, "live");
});

test("a token has at most as many bytes as both ends take, wherever it is given", async (t) => {
  const { session } = withPeer(t);
  const long = "\u00e9".repeat(8_193);
  const refused = /at most 16384 bytes, not 16386/;
  assert.throws(() => new RejoinSession("ws://a.invalid", { ...QUICK, auth: long }), refused);
  assert.throws(() => new RejoinSession("ws://a.invalid", { ...QUICK, auth: new Uint8Array(16_385) }), RangeError);
  assert.throws(() => new RejoinSession("ws://a.invalid", { ...QUICK, auth: "four", maxAuthBytes: 3 }), /at most 3 bytes, not 4/);
  assert.equal(session.authenticate("early"), false);
  await session.ready;
  assert.throws(() => session.authenticate(long), { name: "NotTakenError", reason: "too-large", limit: 16_384, retryable: false });
  for (const token of [null, undefined, 5]) assert.throws(() => session.authenticate(token), TypeError);
  assert.equal(session.authenticate("x".repeat(16_384)), true);
  assert.equal(await session.ask("still there"), "still there");
  const ended = next(session, "ended");
  await session.close();
  await ended;
  assert.equal(session.authenticate("late"), false);
});

test("a token of a function that is too large ends the session and is not asked for again", async (t) => {
  const tokens = [["x".repeat(16_385), 16_385], ["\u00e9".repeat(8_193), 16_386], [new Uint8Array(1 << 20), 1 << 20]];
  for (const [token, bytes] of tokens) {
    let asked = 0;
    const { session } = withPeer(t, "", { auth: () => (asked++, token) });
    const error = await rejection(session.ready);
    assert.equal(error.name, "SessionEndedError");
    assert.deepEqual([error.code, error.retryable, asked], [4413, false, 1]);
    assert.match(error.message, new RegExp(`The token has ${bytes} bytes; the option maxAuthBytes is 16384`));
  }
});

test("a token that the server alone finds too large ends the session with both numbers", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  // One that is a little too large is read by the server, a much larger one is not.
  for (const bytes of [16_385, 100_000]) {
    const session = open(t, server.session, { maxAuthBytes: 200_000, auth: () => "x".repeat(bytes) });
    const error = await rejection(session.ready);
    assert.deepEqual([error.code, error.retryable], [4413, false]);
    assert.match(error.message, new RegExp(`The token has ${bytes} bytes; the server takes 16384`));
  }
});

test("publications that wait and are larger than the server takes are refused, and hold nothing up", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  const session = open(t, server.session);
  const sizes = [10, 70_000, 5_000_000, 20];
  const all = sizes.map((size) => session.publish("room/tea", said("x".repeat(size))));
  const settled = await Promise.allSettled(all);
  for (const [at, { status, reason }] of settled.entries()) {
    if (sizes[at] < 65_536) assert.equal(status, "fulfilled", String(sizes[at]));
    else assert.deepEqual([status, reason.name, reason.outcome, reason.code], ["rejected", "PublishError", "refused", 1009]);
  }
  assert.throws(() => session.tryPublish("room/tea", "x".repeat(70_000)), { reason: "too-large", limit: 65_536 });
});

test("publications in a thousand channels have their receipts, and the 257th at once is told to wait", async (t) => {
  const { session } = withPeer(t);
  await session.ready;
  for (let n = 0; n < 256; n++) session.tryPublish(`at once ${n}`, n).catch(() => {});
  const refused = { name: "NotTakenError", reason: "too-many-channels", limit: 256, retryable: true };
  assert.throws(() => session.tryPublish("one more", 1), refused);
  const all = Array.from({ length: 1_000 }, (_, n) => session.publish(`room ${n}`, n));
  assert.equal((await Promise.all(all)).length, 1_000);
  assert.equal((await session.publish("room 7", 1)).number, 1);
});

test("who would say too much of itself is told so", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  const session = open(t, server.session);
  const large = { name: "x".repeat(300) };
  assert.throws(() => session.subscribe("room/tea", { as: large }), { reason: "too-large", limit: 256, payload: large });
  const feed = session.subscribe("room/tea", { as: { name: "Ada" } });
  await feed.next();
  assert.throws(() => feed.setPresence(large), { name: "NotTakenError", reason: "too-large", limit: 256, payload: large });
  const unlisted = session.subscribe("room/tea");
  assert.throws(() => unlisted.setPresence({ name: "Bob" }), /subscribe with the option `as`/);
  await feed.return();
  assert.throws(() => feed.setPresence({ name: "Bob" }), { reason: "closed" });
  const other = open(t, server.session, { maxPresenceBytes: 1_000 });
  const ending = other.subscribe("room/tea", { as: large });
  const error = await rejection((async () => { for await (const _ of ending); })());
  assert.deepEqual([error.name, error.code], ["SubscriptionError", 1009]);
});

test("what is far too large is refused before it is copied", async (t) => {
  const { session } = withPeer(t);
  await session.ready;
  const before = process.memoryUsage().rss;
  const huge = new Uint8Array(2 ** 31);
  assert.throws(() => session.trySend(huge), { reason: "too-large", retryable: false });
  assert.equal((await rejection(session.send(huge))).payload, huge);
  assert.equal((await rejection(session.publish("room", huge))).reason, "too-large");
  assert.equal((await rejection(session.ask(huge))).reason, "too-large");
  assert.throws(() => session.subscribe("room", { as: huge }), { reason: "too-large" });
  assert.equal(session.volatile(huge), false);
  assert.ok(process.memoryUsage().rss - before < 500 << 20);
  assert.equal(await session.ask("still there"), "still there");
  assert.throws(() => session.trySend("x".repeat(17 << 20)), { reason: "too-large" });
});
