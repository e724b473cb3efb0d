// The session in Node.js, over `ws`: with the peer, which misbehaves on demand, and with demo-server.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { PEER, sessionUrl, startServer, toolUrl } from "./rig.mjs";

const session = await import(sessionUrl);
const { NotTakenError, PublishError, RejoinError, RejoinSession } = session;
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

const HTTP = PEER.replace("ws", "http");
/** Soon back, and the same at each run. */
const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 20, seed: 1 };
/** Whatever the demo allows is allowed as often as a test likes. */
const OFTEN = ["--chat-rate", "100000"];

let keys = 0;
const command = (key, what) => fetch(`${HTTP}/command?key=${key}&do=${what}`);
const stats = async (key, until) => (await fetch(`${HTTP}/stats?key=${key}&until=${until}`)).json();
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const bytes = (text) => new TextEncoder().encode(text);
const rejection = (promise) => promise.then(() => assert.fail("it was not rejected"), (error) => error);

/** The first change of state to this one. */
async function until(session, state) {
  while (session.state !== state) await next(session, "statechange");
}

/** A session that is closed at the end of the test. */
function open(context, url, options) {
  const session = new RejoinSession(url, { ...QUICK, ...options });
  context.after(() => session.close());
  return session;
}

/** A session with the peer, and the key under which that counts it. */
function withPeer(context, query = "", options = {}, key = `session-${process.pid}-${++keys}`) {
  return { session: open(context, `${PEER}/session?key=${key}${query}`, options), key };
}

/** Payloads of the next entries. */
async function entries(feed, count, of = (item) => item.payload) {
  const found = [];
  while (found.length < count) {
    const { value, done } = await feed.next();
    assert.ok(!done, "the feed has ended");
    if (value.type === "entry") found.push(of(value));
    else assert.ok(["started", "members"].includes(value.type), `${value.type} came between`);
  }
  return found;
}

const said = (text) => ({ name: "Ada", text: String(text) });

test("the entry point's default is its class, and importing it starts nothing", () => {
  assert.equal(session.default, RejoinSession);
  assert.equal(globalThis.document, undefined);
});

test("without a WebSocket the constructor says what is missing", { skip: globalThis.WebSocket !== undefined }, () => {
  assert.throws(() => new RejoinSession("ws://a.invalid"), /give its constructor as the option WebSocket/);
});

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
  for await (const message of read) if (taken.push(message) === messages.length) break;
  assert.deepEqual(taken, messages);
  assert.throws(() => told.messages(), TypeError);
  assert.throws(() => read.addEventListener("message", () => {}), TypeError);
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
  assert.ok(feed.members.some(({ alias }) => alias === bob.alias));
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

test("URL and token are asked for with each attempt, and a refused token once more", async (t) => {
  const key = `session-${process.pid}-${++keys}`;
  const asked = [];
  const session = open(t, async (attempt) => (await undefined, `${PEER}/session?key=${key}&auth=fresh&attempt=${attempt}`), {
    auth: (attempt, fresh) => (asked.push(fresh), fresh ? "fresh" : "stale"),
  });
  await session.ready;
  assert.deepEqual(asked, [false, true]);
  assert.equal((await stats(key, "opened.ge.2")).tags.at(-1), "fresh");
});

test("a token that is refused twice ends the session, and nothing waits for it", async (t) => {
  const { session } = withPeer(t, "&auth=right", { auth: "wrong" });
  const waiting = session.publish("room", "never");
  const reading = session.subscribe("room");
  const error = await rejection(session.ready);
  assert.deepEqual([error.name, error.code, error.retryable], ["SessionEndedError", 4401, false]);
  assert.equal((await rejection(waiting)).outcome, "unsent");
  assert.equal((await rejection(reading.next())).code, 4401);
  assert.equal(session.state, "ended");
  assert.equal((await rejection(session.ready)).code, 4401);
  assert.equal((await rejection(session.publish("room", 1))).reason, "closed");
  assert.equal((await rejection(session.ask(1))).reason, "closed");
  assert.throws(() => session.trySend(1), { reason: "closed" });
  assert.throws(() => session.subscribe("room"), { reason: "closed" });
  assert.deepEqual(await session.close(), { unsent: 0, unacked: 0, unanswered: 0 });
  assert.ok(session.metrics.awayFor > 0);
});

test("a function that fails is asked again, and says why in the event `disconnect`", async (t) => {
  let asked = 0;
  const session = open(t, () => {
    if (++asked < 3) throw new Error("no address yet");
    return `${PEER}/session`;
  });
  const { cause, error } = await next(session, "disconnect");
  assert.deepEqual([cause, error.message], ["provider", "no address yet"]);
  await session.ready;
  assert.equal(asked, 3);
});

test("states are told in order, and close() says what was left", async (t) => {
  const { session, key } = withPeer(t, "", { protocols: ["chat.v2", "chat.v1"] });
  const told = [];
  session.onstatechange = ({ state }) => told.push(state);
  await session.ready;
  assert.equal(session.protocol, "chat.v2");
  const reading = session.subscribe("room");
  await reading.next();
  const ended = next(session, "ended");
  const left = await session.close();
  assert.deepEqual(left, { unsent: 0, unacked: 0, unanswered: 0 });
  assert.equal((await ended).code, 1000);
  assert.deepEqual(told, ["connecting", "greeting", "live", "closing", "ended"].slice(-told.length));
  assert.ok(told.length >= 4);
  assert.deepEqual(await reading.next(), { value: undefined, done: true });
  assert.ok((await stats(key, "open_now.le.0")).texts.includes("BYE"));
  session.reconnect();
  await until(session, "live");
  assert.deepEqual(await session.ask("again"), "again");
});

test("what came before the end is still read after it", async (t) => {
  const { session, key } = withPeer(t);
  await session.ready;
  for (const at of [1, 2, 3]) await command(key, `say&text=${at}`);
  while (session.metrics.framesReceived < 4) await new Promise((resolve) => setTimeout(resolve, 5));
  const ended = next(session, "ended");
  await command(key, "close&code=1000&reason=final");
  await ended;
  const taken = [];
  for await (const message of session) taken.push(message);
  assert.deepEqual(taken, [1, 2, 3]);
});

test("listeners may call anything", async (t) => {
  const { session, key } = withPeer(t);
  const came = [];
  session.addEventListener("live", () => session.trySend(0), { once: true });
  session.onmessage = ({ data }) => {
    came.push(data);
    if (data < 3) session.trySend(data + 1);
    if (data === 1) session.reconnect();
    if (data === 3) session.close();
  };
  await next(session, "ended");
  assert.deepEqual(came, [0, 1, 2, 3]);
  assert.ok((await stats(key, "opened.ge.2")).opened >= 2);
});

test("options that can't work are refused", () => {
  const refused = [
    { window: 1 }, { maxRetries: NaN }, { keepAlive: 5 }, { WebSocket: 5 }, { reconnect: 1 }, { auth: 5 },
    { minReconnectionDelay: 50_000 }, { greetingTimeout: 0 }, { maxEnqueuedBytes: 0 }, null, 5,
  ];
  for (const options of refused) {
    const given = options && typeof options === "object" ? { ...QUICK, maxReconnectionDelay: undefined, ...options } : options;
    assert.throws(() => new RejoinSession("ws://a.invalid", given), /option|authenticates/i, JSON.stringify(options));
  }
  assert.throws(() => new RejoinSession("ws://a.invalid/#x", QUICK), { name: "SyntaxError" });
  assert.throws(() => new RejoinSession("ws://a.invalid", { ...QUICK, protocols: "a b" }), { name: "SyntaxError" });
  assert.throws(() => new RejoinSession(), TypeError);
  const many = Array.from({ length: 33 }, (_, at) => `p${at}`);
  assert.throws(() => new RejoinSession("ws://a.invalid", { ...QUICK, protocols: many }), RangeError);
});

test("where there is no sessionStorage a session can't be kept, and says so", async () => {
  const error = await rejection(RejoinSession.reopen("chat", `${PEER}/session`, QUICK));
  assert.equal(error.name, "KeepError");
});

test("a program ends when its sessions are closed, though a feed is held", async () => {
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { RejoinSession } from ${JSON.stringify(sessionUrl)};
    const session = new RejoinSession(${JSON.stringify(`${PEER}/session?key=ends-${process.pid}`)}, { WebSocket });
    await session.publish("room", 1);
    const feed = session.subscribe("room", { since: "everything" });
    await feed.next();
    await session.close();
    globalThis.feed = feed;`;
  const { code } = await new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 }, (error) => resolve(error ?? { code: 0 }));
  });
  assert.equal(code, 0);
});

test("a server that answers nothing does not keep a program whose session is closed", async (t) => {
  const server = await startServer(t);
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { RejoinSession } from ${JSON.stringify(sessionUrl)};
    const session = new RejoinSession(${JSON.stringify(server.session)}, { WebSocket, drainTimeout: 50, closeTimeout: 50 });
    await session.ready;
    process.stdout.write("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    process.stdin.destroy();
    session.trySend("unheard");
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { unacked } = await session.close();
    process.exitCode = unacked;`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  server.pause();
  child.stdin.write("go");
  const late = setTimeout(() => child.kill(), 10_000);
  // One frame was transmitted and not acknowledged.
  assert.deepEqual(await ended, [1, null]);
  clearTimeout(late);
});

test("feeds and sessions that nobody holds any more are given back", async () => {
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { RejoinSession } from ${JSON.stringify(sessionUrl)};
    const base = ${JSON.stringify(`${PEER}/session?key=gone-${process.pid}`)};
    const collected = [];
    const registry = new FinalizationRegistry((name) => collected.push(name));
    const session = new RejoinSession(base, { WebSocket });
    await session.ready;
    await (async () => {
      const feed = session.subscribe("room");
      await feed.next();
      registry.register(feed, "feed");
      const closed = new RejoinSession(base + "&other=1", { WebSocket });
      await closed.ready;
      await closed.close();
      registry.register(closed, "session");
    })();
    const deadline = performance.now() + 15_000;
    while (collected.length < 2 && performance.now() < deadline) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The feed's end travels as UNSUB, which the peer lists.
    while (performance.now() < deadline) {
      globalThis.gc();
      const { texts } = await (await fetch(${JSON.stringify(HTTP)} + "/stats?key=gone-${process.pid}&until=")).json();
      if (texts.includes("UNSUB")) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const over = performance.now() >= deadline;
    await session.close();
    process.stdout.write(collected.sort().join() + " " + over);`;
  const said = await new Promise((resolve) => {
    execFile(process.execPath, ["--expose-gc", "--input-type=module", "--eval", program], { timeout: 30_000 }, (error, out, words) => resolve(error ? words : out));
  });
  assert.equal(said.trim(), "feed,session false");
});
