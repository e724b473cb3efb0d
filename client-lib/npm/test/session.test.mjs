// The session in Node.js, over `ws`: publishing, channels, messages and calls.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { sessionUrl, startServer } from "./rig.mjs";
import {
  bytes, command, entries, next, OFTEN, open, rejection, said, stats, until, withPeer,
} from "./session-rig.mjs";

const { NotTakenError, PublishError, RejoinError } = await import(sessionUrl);

test("what is published is durable by its receipt, and is read in order by everybody", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  const [ada, bob] = [open(t, server.session), open(t, server.session)];
  const feeds = [ada, bob].map((session) => session.subscribe("room/tea", { since: "everything" }));
  const receipts = [];
  for (let at = 0; at < 20; at++) receipts.push((at % 2 ? ada : bob).publish("room/tea", said(at)));
  const positions = (await Promise.all(receipts)).map(({ position }) => position);
  assert.equal(new Set(positions).size, 20);
  const [first, second] = await Promise.all(feeds.map((feed) => entries(feed, 20, (entry) => entry)));
  const keys = (list) => list.map(({ position, publisher, number, payload }) => [position, publisher, number, payload.text]);
  assert.deepEqual(keys(first), keys(second));
  for (const [session, list] of [[ada, first], [bob, second]]) {
    const own = list.filter((entry) => entry.own);
    assert.equal(own.length, 10);
    assert.ok(own.every((entry, at) => entry.number === at && entry.publisher === session.alias));
  }
  const more = ada.publish("room/tea", said("more"));
  assert.equal(await more.taken, 10);
  assert.equal((await more).number, 10);
});

test("a channel is read from where one likes", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  const session = open(t, server.session);
  const receipts = await Promise.all([1, 2, 3, 4].map((at) => session.publish("room/tea", said(at))));
  const read = async (since, count) => (await entries(session.subscribe("room/tea", { since }), count)).map(({ text }) => text);
  assert.deepEqual(await read("everything", 4), ["1", "2", "3", "4"]);
  assert.deepEqual(await read({ last: 2 }, 2), ["3", "4"]);
  assert.deepEqual(await read(receipts[0].position, 3), ["2", "3", "4"]);
  const now = session.subscribe("room/tea");
  assert.deepEqual((await now.next()).value, { type: "started", position: receipts[3].position });
  await session.publish("room/tea", said(5));
  assert.deepEqual(await entries(now, 1), [said(5)]);
  assert.equal(now.position, (await session.publish("room/tea", said(6)), now.position));
  for (const since of ["then", 5, { last: -1 }, "1.xyz.2", null]) {
    assert.throws(() => session.subscribe("room/tea", { since }), TypeError);
  }
});

test("over a restart of a server that keeps its rooms nothing is lost, repeated or out of order", async (t) => {
  const data = await mkdtemp(join(tmpdir(), "rejoin-session-"));
  t.after(() => rm(data, { recursive: true, force: true, maxRetries: 5 }));
  const server = await startServer(t, { data, more: OFTEN });
  const [writer, reader] = [open(t, server.session), open(t, server.session)];
  const feed = reader.subscribe("room/tea", { since: "everything" });
  const [count, receipts] = [300, []];
  let restarted;
  for (let at = 0; at < count; at++) {
    receipts.push(writer.publish("room/tea", said(at)));
    if (at % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    if (at !== 100 && at !== 200) continue;
    // In the middle of what is under way, and after what the server before it took.
    await Promise.all(receipts.slice(0, at - 80));
    restarted = server.restart();
  }
  await restarted;
  const numbers = (await Promise.all(receipts)).map(({ number }) => number);
  assert.deepEqual(numbers, numbers.map((_, at) => at));
  const expected = numbers.map(String);
  assert.deepEqual((await entries(feed, count)).map(({ text }) => text), expected);
  const late = await entries(reader.subscribe("room/tea", { since: "everything" }), count);
  assert.deepEqual(late.map(({ text }) => text), expected);
  assert.ok(writer.metrics.welcomes >= 3, `welcomed ${writer.metrics.welcomes} times`);
});

test("a gap is told with what is missing, and the feed goes on", async (t) => {
  const { session, key } = withPeer(t);
  const { position } = await session.publish("room", "one");
  await session.publish("room", "two");
  await command(key, "trim");
  const feed = session.subscribe("room", { since: position });
  let value;
  do ({ value } = await feed.next());
  while (value.type === "started");
  assert.deepEqual([value.type, value.from, value.to, value.reason], ["gap", 2, 2, "trimmed"]);
  assert.equal(feed.position, value.position);
  await session.publish("room", "three");
  assert.deepEqual(await entries(feed, 1), ["three"]);
});

test("a refused publication says so for good, and hands back what it was", async (t) => {
  const server = await startServer(t, { more: OFTEN });
  const session = open(t, server.session);
  const payload = { name: "", text: "" };
  const error = await rejection(session.publish("room/tea", payload));
  assert.ok(error instanceof PublishError && error instanceof RejoinError && error instanceof Error);
  assert.deepEqual([error.name, error.outcome, error.code, error.retryable], ["PublishError", "refused", 400, false]);
  assert.equal(error.payload, payload);
  assert.match(error.message, /refused the publication \(400\): /);
});

test("a receipt that can't be had any more is unknown, and one that never went hands its payload back", async (t) => {
  const { session, key } = withPeer(t, "&unanswered=1&fresh=1");
  const lost = session.publish("room", "transmitted");
  await stats(key, "messages.ge.0");
  while (session.metrics.framesSent < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await command(key, "cut");
  const unknown = await rejection(lost);
  assert.deepEqual([unknown.outcome, unknown.payload, unknown.retryable], ["unknown", "transmitted", false]);
  const { session: away } = withPeer(t, "&refuse_first=1000", { reconnect: false });
  const unsent = await rejection(away.publish("room", "never"));
  assert.deepEqual([unsent.outcome, unsent.payload, unsent.retryable], ["unsent", "never", true]);
});

test("messages come as they were sent, over many cuts, to listeners and to iteration", async (t) => {
  const messages = Array.from({ length: 200 }, (_, at) => (at % 10 ? { at } : new Uint8Array([at, 0, 255])));
  const { session: told } = withPeer(t, "&cut_every=5");
  const came = [];
  const all = new Promise((resolve) => (told.onmessage = ({ data }) => came.push(data) === messages.length && resolve()));
  const { session: read } = withPeer(t, "&cut_every=5");
  for (const [at, message] of messages.entries()) {
    told.trySend(message);
    await read.send(message);
    if (at % 3 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  await all;
  assert.deepEqual(came, messages);
  const taken = [];
  for await (const message of read) {
    if (taken.length === 0) assert.throws(() => read.addEventListener("message", () => {}), TypeError);
    if (taken.push(message) === messages.length) break;
  }
  assert.deepEqual(taken, messages);
  assert.throws(() => told.messages(), TypeError);
});

test("null and an empty text are messages like others", async (t) => {
  const { session } = withPeer(t);
  for (const message of [null, "", 0, false]) session.trySend(message);
  const taken = [];
  for await (const message of session) if (taken.push(message) === 4) break;
  assert.deepEqual(taken, [null, "", 0, false]);
  assert.throws(() => session.trySend(undefined), TypeError);
  assert.throws(() => session.trySend(new Uint16Array(3)), /Uint8Array/);
  await assert.rejects(session.send(() => {}), TypeError);
});

test("what nobody takes is not asked for: the server waits", async (t) => {
  const { session, key } = withPeer(t, "&quiet=1", { window: 65_536 });
  const half = "x".repeat(4_000);
  await session.ready;
  for (let at = 0; at < 40; at++) await command(key, `say&text=${at}${half}`).then(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = session.metrics.framesReceived;
  assert.ok(before < 40, `${before} frames came`);
  session.onundecodable = ({ raw, error }) => {
    assert.equal(error.name, "UndecodableError");
    raws.push(raw.slice(0, -4_000));
  };
  const raws = [];
  const reading = session.messages().next();
  while (raws.length < 40) await next(session, "undecodable");
  assert.deepEqual(raws, Array.from({ length: 40 }, (_, at) => String(at)));
  await session.close();
  assert.deepEqual(await reading, { value: undefined, done: true });
});

test("where there is no room a message is handed back, or waits", async (t) => {
  const { session, key } = withPeer(t, "&quiet=1", { maxEnqueuedBytes: 100_000 });
  await session.ready;
  await command(key, "deaf");
  const large = bytes("x".repeat(10_000));
  let taken = 0;
  const refused = (() => {
    for (;;) {
      try {
        session.trySend(large);
        taken++;
      } catch (error) {
        return error;
      }
    }
  })();
  assert.ok(refused instanceof NotTakenError);
  assert.deepEqual([refused.reason, refused.retryable], ["full", true]);
  assert.equal(refused.payload, large);
  let sent = false;
  const waiting = session.send(large).then(() => (sent = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(sent, false);
  await command(key, "cut");
  await waiting;
  assert.equal((await stats(key, `messages.ge.${taken + 1}`)).messages, taken + 1);
  const error = await rejection(session.send(bytes("x".repeat(17 << 20))));
  assert.deepEqual([error.reason, error.retryable, error.limit > 0], ["too-large", false, true]);
  const long = await rejection(session.publish("x".repeat(256), 1));
  assert.deepEqual([long.reason, long.limit], ["name-too-long", 255]);
  assert.throws(() => session.subscribe("x".repeat(256)), { name: "NotTakenError", reason: "name-too-long" });
});

test("calls are answered, denied, timed out and cancelled", async (t) => {
  const server = await startServer(t);
  const demo = open(t, server.session);
  assert.deepEqual(await demo.call("rooms"), { type: "rooms", rooms: [] });
  await demo.publish("room/tea", said("first"));
  const { entries } = await demo.call("older", { room: "tea", before: 99, count: 5 });
  assert.deepEqual(entries.map((entry) => entry.said.text), ["first"]);
  const denied = await rejection(demo.call("nothing"));
  assert.deepEqual([denied.name, denied.outcome, denied.code, denied.retryable], ["CallError", "denied", 400, false]);

  const { session, key } = withPeer(t);
  assert.deepEqual(await session.ask({ any: "thing" }), { any: "thing" });
  assert.deepEqual(await session.ask(bytes("raw"), { bytes: true }), bytes("raw"));
  const never = bytes("never");
  const late = await rejection(session.ask(never, { timeout: 30 }));
  assert.deepEqual([late.outcome, late.payload], ["timed-out", never]);
  const control = new AbortController();
  const aborted = session.ask(never, { signal: control.signal });
  await stats(key, "texts.ge.0");
  while (session.metrics.framesSent < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  control.abort(new Error("enough"));
  assert.equal((await rejection(aborted)).message, "enough");
  assert.ok((await stats(key, "texts.ge.2")).texts.every((text) => text === "CANCEL"), "one that timed out, one aborted");
  assert.equal((await rejection(session.ask("late", { signal: control.signal }))).message, "enough");
  const cut = session.ask(never);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await command(key, "cut");
  assert.equal((await rejection(cut)).outcome, "unknown");
  assert.equal((await rejection(session.ask(bytes("no JSON")))).name, "UndecodableError");
  await assert.rejects(session.ask(1, { timeout: -1 }), RangeError);
});

test("a server that forgot the session makes the event `lost`, with what may have gone", async (t) => {
  const server = await startServer(t);
  const session = open(t, server.session);
  session.onmessage = () => {};
  await session.ready;
  server.pause();
  session.trySend({ may: "be lost" });
  while (session.metrics.unackedFrames === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const lost = next(session, "lost");
  await server.restart();
  const { reason, unacked, unsent } = await lost;
  assert.ok(["kept", "fresh"].includes(reason), reason);
  assert.deepEqual([unacked, unsent], [[{ may: "be lost" }], []]);
  await until(session, "live");
  session.letGo();
  assert.deepEqual(await session.call("rooms"), { type: "rooms", rooms: [] });
});

test("a fresh identity holds what waits until the application decides", async (t) => {
  const { session, key } = withPeer(t, "&fresh=1&quiet=1");
  await session.ready;
  const first = session.alias;
  const lost = next(session, "lost");
  const away = next(session, "disconnect");
  await command(key, "cut");
  await away;
  session.trySend("for whom?");
  session.trySend("for nobody");
  assert.equal((await lost).reason, "fresh");
  await until(session, "live");
  assert.notEqual(session.alias, first);
  assert.deepEqual(session.takeWaiting(), ["for whom?", "for nobody"]);
  session.trySend("for all");
  session.letGo();
  assert.deepEqual((await stats(key, "messages.ge.1")).texts, ['"for all"']);
});

test("who is there is told, and volatile messages pass", async (t) => {
  const server = await startServer(t);
  const [ada, bob] = [open(t, server.session), open(t, server.session)];
  const feed = ada.subscribe("room/tea", { as: { name: "Ada" } });
  const upTo = async (feed, type, is = () => true) => {
    for await (const item of { [Symbol.asyncIterator]: () => ({ next: () => feed.next() }) }) {
      if (item.type === type && is(item)) return item;
    }
  };
  await upTo(feed, "members");
  const other = bob.subscribe("room/tea", { as: { name: "Bob" } });
  await upTo(feed, "members", ({ members }) => members.length === 2);
  assert.deepEqual(feed.members.map(({ about }) => about.name).sort(), ["Ada", "Bob"]);
  // A subscription goes right behind HELLO, so that a session may be listed before it has heard who it is.
  await Promise.all([ada.ready, bob.ready]);
  assert.deepEqual(feed.members.map(({ alias }) => alias).sort(), [ada.alias, bob.alias].sort());
  await upTo(other, "members");
  assert.equal(other.volatile({ type: "typing", typing: true }), true);
  const { sender, payload } = await upTo(feed, "volatile");
  assert.deepEqual([sender, payload], [bob.alias, { type: "typing", typing: true }]);
  other.setPresence({ name: "Robert" });
  await upTo(feed, "members", ({ members }) => members.some(({ about }) => about.name === "Robert"));
  await other.return();
  await upTo(feed, "members", ({ members }) => members.length === 1);
  assert.equal(other.volatile("late"), false);

  const { session } = withPeer(t);
  await session.ready;
  const hush = next(session, "volatile");
  assert.equal(session.volatile({ hush: 1 }), true);
  assert.deepEqual((await hush).data, { hush: 1 });
});

test("who leaves a feed is unsubscribed, and a refused one throws with where it stood", async (t) => {
  const { session, key } = withPeer(t);
  for await (const { type } of session.subscribe("room")) if (type === "started") break;
  assert.deepEqual((await stats(key, "texts.ge.1")).texts, ["UNSUB"]);
  const refused = await rejection(session.subscribe("forbidden room").next());
  assert.deepEqual([refused.name, refused.code, refused.channel], ["SubscriptionError", 4403, "forbidden room"]);
  const raw = session.subscribe("room", { since: "everything", bytes: true });
  await session.publish("room", new Uint8Array([1, 255]));
  assert.deepEqual(await entries(raw, 1), [new Uint8Array([1, 255])]);
  const feed = session.subscribe("room", { since: "everything" });
  await feed.next();
  const { value } = await feed.next();
  assert.deepEqual([value.type, value.of, value.raw, value.error.name], ["undecodable", "entry", new Uint8Array([1, 255]), "UndecodableError"]);
});

test("a feed that is not read does not hold up others, and brings all when it is", async (t) => {
  const { session } = withPeer(t);
  const [slow, fast] = [session.subscribe("large", { since: "everything" }), session.subscribe("small", { since: "everything" })];
  await Promise.all(Array.from({ length: 20 }, () => session.publish("large", "x".repeat(60_000))));
  await session.publish("small", "through");
  assert.deepEqual(await entries(fast, 1), ["through"]);
  assert.equal((await entries(slow, 20)).length, 20);
});
