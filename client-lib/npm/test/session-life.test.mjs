// The life of a session in Node.js: options, connecting, states, ending, and what is left in memory.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

import { PEER, sessionUrl, startServer, toolUrl } from "./rig.mjs";
import {
  command, HTTP, newKey, next, open, QUICK, rejection, said, stats, until, withPeer,
} from "./session-rig.mjs";

const { default: Default, RejoinSession } = await import(sessionUrl);

test("the entry point's default is its class, and importing it starts nothing", () => {
  assert.equal(Default, RejoinSession);
  assert.equal(globalThis.document, undefined);
});

test("without a WebSocket the constructor says what is missing", { skip: globalThis.WebSocket !== undefined }, () => {
  assert.throws(() => new RejoinSession("ws://a.invalid"), /give its constructor as the option WebSocket/);
});

test("what an uncaught error shows of the module is short, and has the error's name", async () => {
  const program = `
    import { NotTakenError, RejoinSession } from ${JSON.stringify(sessionUrl)};
    if (NotTakenError.name !== "NotTakenError") process.exitCode = 3;
    new RejoinSession("ws://a.invalid", { nothing: 1 });`;
  const words = await new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], (_, out, words) => resolve(words));
  });
  assert.match(words, /TypeError: /);
  assert.ok(words.length < 3_000, `${words.length} characters`);
});

test("URL and token are asked for with each attempt, and a refused token once more", async (t) => {
  const key = newKey();
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

test("where there is no sessionStorage a session goes on without being kept, and says so", async () => {
  const { session, publications, notKept } = await RejoinSession.reopen("chat", `${PEER}/session`, QUICK);
  assert.equal(notKept.name, "KeepError");
  assert.match(notKept.message, /sessionStorage/);
  assert.deepEqual(publications, []);
  await session.ready;
  await session.close();
});

test("a session that is to be kept and has options that can't work is refused", async () => {
  assert.equal((await rejection(RejoinSession.reopen("chat", "ws://a.invalid/#x", QUICK))).name, "SyntaxError");
  const many = Array.from({ length: 33 }, (_, at) => `p${at}`);
  const refused = await rejection(RejoinSession.reopen("chat", "ws://a.invalid", { ...QUICK, protocols: many }));
  assert.equal(refused.name, "RangeError");
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
