// The class in Node.js, over `ws`: what the browser's tests can't show, and what reconnecting does.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";

import { freePort, packageUrl, PEER, toolUrl } from "./rig.mjs";

const { default: Default, Rejoin } = await import(packageUrl);
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

const HTTP = PEER.replace("ws", "http");
/** Soon back, and the same at each run. */
const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 20, seed: 1 };

let keys = 0;
const newKey = () => `npm-${process.pid}-${++keys}`;
const command = (key, what) => fetch(`${HTTP}/command?key=${key}&do=${what}`);
const stats = async (key, until) => (await fetch(`${HTTP}/stats?key=${key}&until=${until}`)).json();
const next = (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true }));

/** A connection to a path of the peer, with the names of its events, closed at the end of the test. */
function connect(context, path, options) {
  const key = newKey();
  const socket = new Rejoin(`${PEER}${path}${path.includes("?") ? "&" : "?"}key=${key}`, [], { ...QUICK, ...options });
  const told = [];
  for (const type of ["open", "message", "error", "close", "reconnecting", "lost"]) {
    socket.addEventListener(type, (event) => told.push(type === "message" ? `message ${event.data}` : type));
  }
  context.after(() => socket.close());
  return { socket, key, told };
}

test("the package's default is its class", () => {
  assert.equal(Default, Rejoin);
});

test("importing the package starts nothing and needs no page", () => {
  assert.equal(globalThis.document, undefined);
  assert.equal(typeof Rejoin, "function");
});

test("without a WebSocket the constructor says what is missing", { skip: globalThis.WebSocket !== undefined }, () => {
  assert.throws(() => new Rejoin("ws://a.invalid"), /give its constructor as the option WebSocket/);
});

test("what is sent while connecting comes first, in order", async (t) => {
  const { socket, told } = connect(t, "/echo");
  for (const text of ["a", "b", "c"]) socket.send(text);
  assert.equal(socket.bufferedAmount, 3);
  await socket.ready;
  socket.send("d");
  while (told.length < 5) await next(socket, "message");
  assert.deepEqual(told, ["open", "message a", "message b", "message c", "message d"]);
});

test("a cut is an error and a close that says that a retry follows, then open again", async (t) => {
  const { socket, key, told } = connect(t, "/echo");
  await socket.ready;
  const [closed, retrying] = [next(socket, "close"), next(socket, "reconnecting")];
  await command(key, "cut");
  const event = await closed;
  assert.deepEqual([event.code, event.wasClean, event.willRetry, event.cause], [1006, false, true, "network"]);
  assert.equal(socket.readyState, Rejoin.CONNECTING);
  const retry = await retrying;
  assert.ok(retry.attempt >= 1 && retry.delay >= 0 && retry.delay <= 21, `${retry.attempt} ${retry.delay}`);
  await socket.ready;
  assert.deepEqual(told.filter((type) => type !== "error"), ["open", "close", "reconnecting", "open"]);
});

test("messages of the time away go over the next connection", async (t) => {
  const { socket, key } = connect(t, "/echo");
  await socket.ready;
  const closed = next(socket, "close");
  await command(key, "cut");
  await closed;
  const bytes = new Uint8Array([1, 2]);
  socket.binaryType = "arraybuffer";
  socket.send("text");
  socket.send(bytes);
  bytes.fill(0);
  const came = [];
  await new Promise((resolve) => (socket.onmessage = ({ data }) => came.push(data) === 2 && resolve()));
  assert.equal(came[0], "text");
  assert.deepEqual(new Uint8Array(came[1]), new Uint8Array([1, 2]));
  await socket.drained;
  assert.equal(socket.bufferedAmount, 0);
});

test("it comes back after every code of the server's", async (t) => {
  for (const code of [1000, 1008, 4000]) {
    const { socket } = connect(t, `/close?code=${code}`);
    const event = await next(socket, "close");
    assert.deepEqual([event.code, event.willRetry], [code, true]);
    await next(socket, "open");
    socket.close();
  }
});

test("shouldReconnectOnClose has the say, and what it throws is no decision", async (t) => {
  const asked = [];
  const { socket } = connect(t, "/close?code=4001&reason=enough", {
    shouldReconnectOnClose: (event) => (asked.push([event.code, event.reason]), false),
  });
  const event = await next(socket, "close");
  assert.equal(event.willRetry, false);
  assert.equal(socket.readyState, Rejoin.CLOSED);
  assert.deepEqual(asked, [[4001, "enough"]]);
});

test("after its own close it stays closed, and reconnect() revives it", async (t) => {
  const { socket, key } = connect(t, "/echo");
  await socket.ready;
  socket.close(4000, "bye");
  assert.equal(socket.readyState, Rejoin.CLOSING);
  const event = await next(socket, "close");
  assert.deepEqual([event.code, event.reason, event.willRetry, event.cause], [4000, "bye", false, "caller"]);
  await assert.rejects(socket.ready, /closed \(4000\)/);
  socket.reconnect();
  assert.equal(socket.readyState, Rejoin.CONNECTING);
  await socket.ready;
  assert.equal((await stats(key, "opened.ge.2")).opened, 2);
});

test("close() while it waits ends in CLOSED, with an event that comes later", async (t) => {
  const { socket, key } = connect(t, "/echo", { minReconnectionDelay: 5_000, maxReconnectionDelay: 9_000 });
  await socket.ready;
  const waiting = next(socket, "reconnecting");
  await command(key, "cut");
  await waiting;
  assert.equal(socket.state, "waiting");
  socket.send("never");
  const lost = next(socket, "lost");
  let told = false;
  socket.onclose = () => (told = true);
  socket.close();
  assert.equal(told, false);
  assert.equal(socket.readyState, Rejoin.CLOSING);
  await next(socket, "close");
  assert.equal(socket.readyState, Rejoin.CLOSED);
  assert.deepEqual((await lost).messages, ["never"]);
});

test("reconnect() leaves an open connection with the code that it is given", async (t) => {
  const { socket, key } = connect(t, "/echo");
  await socket.ready;
  socket.reconnect(4005, "elsewhere");
  const event = await next(socket, "close");
  assert.equal(event.willRetry, true);
  await socket.ready;
  assert.deepEqual((await stats(key, "codes.ge.1")).codes, [4005]);
});

test("a server that accepts and closes is left alone after maxRetries", async (t) => {
  const { socket, key } = connect(t, "/accept-then-close", { maxRetries: 2 });
  const closes = [];
  socket.addEventListener("close", ({ willRetry, gaveUp }) => closes.push([willRetry, gaveUp]));
  while (socket.readyState !== Rejoin.CLOSED) await next(socket, "close");
  assert.deepEqual(closes, [[true, false], [true, false], [false, true]]);
  assert.equal((await stats(key, "attempts.ge.3")).attempts, 3);
});

test("startClosed waits for reconnect()", async (t) => {
  const { socket, key } = connect(t, "/echo", { startClosed: true });
  assert.deepEqual([socket.readyState, socket.state], [Rejoin.CLOSED, "closed"]);
  assert.equal((await stats(key, "attempts.le.0")).attempts, 0);
  socket.reconnect();
  await socket.ready;
});

test("URL and subprotocols are asked for anew with each attempt", async (t) => {
  const key = newKey();
  let asked = 0;
  const socket = new Rejoin(
    async () => `${PEER}/close?code=1000&key=${key}&tag=${++asked}`,
    () => ["a", "b"],
    QUICK,
  );
  t.after(() => socket.close());
  assert.equal(socket.url, "");
  await socket.ready;
  assert.equal(socket.protocol, "a");
  await next(socket, "open");
  assert.equal(asked, 2);
});

test("a bad URL or subprotocol from a function fails the attempt with the error that a fixed one throws", async (t) => {
  for (const [url, protocols] of [[() => "ws://a.invalid/#x"], [() => `${PEER}/echo`, async () => "a b"]]) {
    const socket = new Rejoin(url, protocols, QUICK);
    t.after(() => socket.close());
    const closed = next(socket, "close");
    const { error } = await next(socket, "error");
    assert.deepEqual([error.name, error instanceof DOMException], ["SyntaxError", true]);
    const event = await closed;
    assert.deepEqual([event.willRetry, event.cause], [true, "provider"]);
    socket.close();
  }
  assert.throws(() => new Rejoin("ws://a.invalid/#x", [], QUICK), { name: "SyntaxError" });
  assert.throws(() => new Rejoin(() => "ws://a.invalid", "a b", QUICK), { name: "SyntaxError" });
});

test("a function that fails is asked again", async (t) => {
  let asked = 0;
  const socket = new Rejoin(
    () => {
      if (++asked < 3) throw new Error("no token yet");
      return `${PEER}/echo`;
    },
    undefined,
    QUICK,
  );
  t.after(() => socket.close());
  assert.equal((await next(socket, "error")).error.message, "no token yet");
  await socket.ready;
  assert.equal(asked, 3);
});

test("a handshake that nobody answers is given up", async (t) => {
  const { socket } = connect(t, "/silent-handshake", { connectionTimeout: 50, maxRetries: 0 });
  const { message } = await next(socket, "error");
  assert.match(message, /not open within/);
  const event = socket.metrics.lastClose;
  assert.equal(event.cause, "connect-timeout");
});

test("a close frame that nobody answers does not keep it closing", async (t) => {
  const { socket } = connect(t, "/no-close-answer", { closeTimeout: 50 });
  await socket.ready;
  socket.close();
  const event = await next(socket, "close");
  assert.equal(event.cause, "close-timeout");
  assert.equal(socket.readyState, Rejoin.CLOSED);
});

test("the queue's limits are kept, by each policy", async (t) => {
  const dead = `ws://127.0.0.1:${await freePort()}`;
  const limited = (options) => {
    const socket = new Rejoin(dead, [], { ...QUICK, maxEnqueuedMessages: 2, ...options });
    t.after(() => socket.close());
    return socket;
  };
  const full = { name: "QuotaExceededError" };
  const throwing = limited({});
  throwing.send("a");
  throwing.send("b");
  assert.throws(() => throwing.send("c"), full);
  assert.equal(throwing.bufferedAmount, 2);

  const bytes = limited({ maxEnqueuedBytes: 3 });
  bytes.send("ab");
  assert.throws(() => bytes.send("cd"), full);

  const newest = limited({ whenFull: "drop-newest" });
  for (const text of ["a", "b", "c"]) newest.send(text);
  const dropped = await next(newest, "lost");
  assert.deepEqual([dropped.messages, dropped.reason], [["c"], "full"]);

  const oldest = limited({ whenFull: "drop-oldest" });
  for (const text of ["a", "b", "c"]) oldest.send(text);
  const evicted = await next(oldest, "lost");
  assert.deepEqual([evicted.messages, evicted.reason], [["a"], "evicted"]);

  const none = limited({ maxEnqueuedMessages: 0 });
  assert.throws(() => none.send("a"), { name: "InvalidStateError" });
});

test("a ping's answer gives the round trip and is no message; silence ends the connection", async (t) => {
  const keepAlive = { interval: 20, deadline: 500, ping: "ping", isPong: (data) => data === "pong" };
  const { socket, key, told } = connect(t, "/pong?stop_after=1", { keepAlive: { ...keepAlive, deadline: 60 }, shouldReconnectOnClose: () => false });
  const event = await next(socket, "close");
  assert.equal(event.cause, "keep-alive");
  assert.equal(event.willRetry, false);
  assert.ok(socket.metrics.roundTrip >= 0);
  assert.ok(!told.some((type) => type.startsWith("message")));
  assert.ok((await stats(key, "messages.ge.2")).messages >= 2);
});

test("messages are read one after another, and to the end", async (t) => {
  const { socket } = connect(t, "/burst?count=5&size=8");
  const read = [];
  for await (const data of socket) {
    read.push(data);
    if (read.length === 3) socket.close();
  }
  assert.equal(read.length, 5);
});

test("who leaves the loop early reads no more, and who reads too slowly ends the connection", async (t) => {
  const { socket } = connect(t, "/burst?count=50&size=8", { maxUnreadMessages: 10 });
  const slow = socket[Symbol.asyncIterator]();
  const event = await next(socket, "close");
  assert.deepEqual([event.cause, event.willRetry], ["overflow", false]);
  assert.equal((await slow.next()).done, false);
  assert.equal((await slow.return()).done, true);
  assert.equal((await slow.next()).done, true);
});

test("options that can't work are refused", () => {
  for (const options of [
    { minReconnectionDelay: -1 }, { maxRetries: NaN }, { whenFull: "wait" }, { keepAlive: {} }, { WebSocket: 5 },
    { shouldReconnectOnClose: true }, { reconnect: 1 }, { minReconnectionDelay: 50_000 }, { connectionTimeout: 0 }, null, 5,
  ]) {
    const given = options && typeof options === "object" ? { ...QUICK, maxReconnectionDelay: undefined, ...options } : options;
    assert.throws(() => new Rejoin("ws://a.invalid", [], given), (error) => /option/.test(error.message), JSON.stringify(options));
  }
});

test("listeners may call anything", async (t) => {
  const { socket, told } = connect(t, "/echo");
  socket.addEventListener("open", () => socket.send("from open"));
  let times = 0;
  socket.addEventListener("message", () => ++times === 1 ? socket.reconnect() : socket.close());
  while (socket.readyState !== Rejoin.CLOSED) await next(socket, "close");
  assert.equal(told.filter((type) => type === "open").length, 2);
});

test("calls that follow one another at once end where the last one says", async (t) => {
  const { socket } = connect(t, "/echo");
  await socket.ready;
  socket.reconnect();
  socket.close();
  assert.equal(socket.readyState, Rejoin.CLOSING);
  while (socket.readyState !== Rejoin.CLOSED) await next(socket, "close");
  socket.close();
  socket.reconnect();
  await socket.ready;
});

test("a link's memory is used again when its connection is gone", { skip: globalThis.gc === undefined }, async () => {
  for (let round = 0; round < 50; round++) {
    for (let at = 0; at < 20; at++) new Rejoin(PEER, [], { ...QUICK, startClosed: true });
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve));
  }
  const fresh = new Rejoin(PEER, [], { ...QUICK, startClosed: true });
  assert.ok(fresh.metrics.queuedMessages === 0);
});

test("a program ends when its connections are closed", async () => {
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { Rejoin } from ${JSON.stringify(packageUrl)};
    const socket = new Rejoin(${JSON.stringify(`${PEER}/echo`)}, [], { WebSocket });
    await socket.ready;
    socket.close();`;
  const { code } = await new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], { timeout: 10_000 }, (error) => resolve(error ?? { code: 0 }));
  });
  assert.equal(code, 0);
});
