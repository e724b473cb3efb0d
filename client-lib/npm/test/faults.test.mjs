// What an application supplies, and that throws, fails late or calls back in: functions, classes, logs, options.
import assert from "node:assert/strict";
import { test } from "node:test";

import { packageUrl, PEER, sessionUrl, toolUrl } from "./rig.mjs";

const { Rejoin } = await import(packageUrl);
const { RejoinSession } = await import(sessionUrl);
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 5, seed: 1 };
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const turns = async (count) => {
  for (let at = 0; at < count; at++) await new Promise((resolve) => setImmediate(resolve));
};
let keys = 0;
const newKey = () => `faults-${process.pid}-${++keys}`;
const stats = async (key) => (await fetch(`${PEER.replace("ws", "http")}/stats?key=${key}`)).json();

/** Catches what is reported as an exception of the application's. */
function catchReports(t) {
  const reports = [];
  const note = (error) => reports.push(error);
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    const before = process.listeners(event);
    process.removeAllListeners(event);
    const listener = (error) => note(event === "unhandledRejection" ? new Error("not handled", { cause: error }) : error);
    process.on(event, listener);
    t.after(() => {
      process.off(event, listener);
      for (const other of before) process.on(event, other);
    });
  }
  const { error } = console;
  console.error = note;
  t.after(() => (console.error = error));
  return reports;
}

/** A class that opens, and does as little else as it may. */
class Fake extends EventTarget {
  static made = [];
  readyState = 0;
  extensions = "";
  protocol = "rejoin.v1";
  binaryType = "blob";
  constructor(url) {
    super();
    this.url = url;
    Fake.made.push(this);
    queueMicrotask(() => this.readyState === 0 && this.fire(1, new Event("open")));
  }
  get bufferedAmount() {
    return 0;
  }
  fire(readyState, event) {
    this.readyState = readyState;
    this.dispatchEvent(event);
  }
  end(code, reason = "") {
    this.fire(3, Object.assign(new Event("close"), { code, reason, wasClean: true }));
  }
  send() {}
  close(code = 1005, reason = "") {
    this.readyState = 2;
    queueMicrotask(() => this.end(code, reason));
  }
}

test("a refused attempt ends once: one question, and the next end has its own reason", async (t) => {
  let asked = 0;
  let url = `${PEER}/refuse?key=${newKey()}`;
  const ends = [];
  const socket = new Rejoin(() => url, [], { ...QUICK, shouldReconnectOnClose: () => (asked++, true) });
  t.after(() => socket.close());
  socket.addEventListener("close", (event) => ends.push(event));
  socket.addEventListener("error", () => {});
  await next(socket, "close");
  url = `${PEER}/echo`;
  await socket.ready;
  await turns(5);
  assert.deepEqual([asked, ends.length], [ends.length, ends.length]);
  const end = next(socket, "close");
  socket.reconnect(4001, "mine");
  const { reason } = await end;
  assert.equal(reason, "mine");
});

for (const [name, options, misuse] of [
  ["a closed connection", {}, (socket) => socket.close()],
  ["a full queue", { maxEnqueuedMessages: 1, whenFull: "drop-newest", startClosed: true }, (socket) => socket.reconnect()],
]) {
  test(`a log that sends each record comes to an end with ${name}`, async (t) => {
    let told = 0;
    const log = ({ message }) => {
      told++;
      if (told > 1_000) throw new Error("it never ends");
      socket.send(message);
    };
    const socket = new Rejoin(`${PEER}/silent-handshake`, [], { ...QUICK, ...options, log });
    t.after(() => socket.close());
    misuse(socket);
    await turns(20);
    assert.ok(told > 0 && told < 100, String(told));
  });
}

test("an abort listener may close the connection, and no socket follows", async (t) => {
  const key = newKey();
  const calls = [];
  const give = (attempt, signal) => new Promise((resolve) => {
    signal.addEventListener("abort", () => socket.close());
    calls.push(resolve);
  });
  const socket = new Rejoin(give, [], QUICK);
  t.after(() => socket.close());
  await turns(2);
  socket.reconnect();
  await turns(5);
  for (const resolve of calls) resolve(`${PEER}/echo?key=${key}`);
  await turns(20);
  assert.deepEqual([socket.readyState, socket.state], [Rejoin.CLOSED, "closed"]);
  assert.equal((await stats(key)).attempts, 0);
});

for (const [name, open] of Object.entries({
  Rejoin: (fails, hangs) => new Rejoin(fails, hangs, QUICK),
  RejoinSession: (fails, hangs) => new RejoinSession(fails, { ...QUICK, auth: hangs }),
})) {
  test(`${name}: a function that hangs beside one that fails has at most two calls, which are aborted`, async (t) => {
    const signals = [];
    let failed = 0;
    const hangs = (...given) => (signals.push(given.at(-1)), new Promise(() => {}));
    const socket = open(() => { failed++; throw new Error("no"); }, hangs);
    socket.ready?.catch(() => {});
    t.after(() => socket.close());
    const end = name === "Rejoin" ? "close" : "disconnect";
    await next(socket, end);
    await next(socket, end);
    await turns(20);
    assert.equal(signals.length, 2);
    assert.equal(failed, 2);
    assert.ok(signals.every(({ aborted }) => aborted));
  });
}

test("RejoinSession: the signal of a call that answered is not aborted later", async (t) => {
  const signals = [];
  const give = (attempt, fresh, signal) => (signals.push(signal), `${PEER}/session?key=${newKey()}`);
  const session = new RejoinSession(give, QUICK);
  await session.ready;
  await session.close();
  await turns(5);
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false]);
});

for (const [name, open] of Object.entries({
  Rejoin: (log) => new Rejoin(`${PEER}/echo`, [], { ...QUICK, log }),
  RejoinSession: (log) => new RejoinSession(`${PEER}/session`, { ...QUICK, log }),
})) {
  test(`${name}: what an asynchronous log rejects with is reported`, async (t) => {
    const reports = catchReports(t);
    const socket = open(async () => { throw new Error("the log is full"); });
    await socket.ready;
    const ended = next(socket, name === "Rejoin" ? "close" : "ended");
    socket.close();
    await ended;
    await turns(5);
    assert.ok(reports.length > 0);
    assert.ok(reports.every(({ message }) => message === "the log is full"), String(reports));
  });
}

test("what a function gives is in no error", async (t) => {
  const bare = Object.assign(Object.create(null), { token: "SECRET" });
  const wrongs = [["wss://h/?SECRET"], new String("SECRET"), bare, "SECRET://SECRET", "wss://h/?SECRET#SECRET", "wss://%SECRET"];
  for (const wrong of wrongs) {
    const socket = new Rejoin(() => wrong, [], { ...QUICK, reconnect: false });
    const [{ message }, { reason }] = await Promise.all([next(socket, "error"), next(socket, "close")]);
    assert.ok(message && !`${message} ${reason} ${socket.metrics.lastClose.reason}`.includes("SECRET"), message);
  }
});

test("a class whose property throws in the constructor leaves no socket open", () => {
  class Bare extends EventTarget {
    static last;
    readyState = 1;
    constructor() { super(); Bare.last = this; }
    set binaryType(type) { throw new Error("no"); }
    close() { this.readyState = 2; }
  }
  assert.throws(() => new Rejoin("ws://fake.invalid", [], { WebSocket: Bare }), /no/);
  assert.equal(Bare.last.readyState, 2);
});

class Unreadable extends Fake {
  get bufferedAmount() {
    throw new Error("no");
  }
}

test("Rejoin: a class that can't say its bufferedAmount is closed as any other", async () => {
  const socket = new Rejoin("ws://fake.invalid", [], { ...QUICK, WebSocket: Unreadable });
  await socket.ready;
  socket.send("hello");
  assert.equal(socket.bufferedAmount, 0);
  const end = next(socket, "close");
  socket.close();
  assert.equal((await end).willRetry, false);
  assert.equal(socket.readyState, Rejoin.CLOSED);
});

test("RejoinSession: a class that can't say its bufferedAmount is closed as any other", async () => {
  class Throws extends WebSocket {
    get bufferedAmount() {
      throw new Error("no");
    }
  }
  const session = new RejoinSession(`${PEER}/session?key=${newKey()}`, { ...QUICK, WebSocket: Throws });
  await session.ready;
  await session.close();
  assert.equal(session.state, "ended");
});

test("a late answer that comes while attempts are paused is asked for again when the page is shown", async (t) => {
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, baseURI: "http://page.invalid/" });
  t.after(() => delete globalThis.document);
  const calls = [];
  const give = () => new Promise((resolve) => calls.push(resolve));
  const options = { ...QUICK, WebSocket: Fake, providerTimeout: 20, pauseHiddenAfter: 0 };
  const socket = new Rejoin(give, [], options);
  t.after(() => socket.close());
  await turns(2);
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal((await next(socket, "close")).cause, "provider-timeout");
  calls[0]("ws://old.invalid/");
  await turns(5);
  document.hidden = false;
  document.dispatchEvent(new Event("visibilitychange"));
  while (calls.length < 2) await turns(1);
  calls[1]("ws://new.invalid/");
  await socket.ready;
  assert.equal(socket.url, "ws://new.invalid/");
});

test("a session's record of an end says the cause and the reason", async (t) => {
  const records = [];
  const key = newKey();
  const session = new RejoinSession(`${PEER}/session?key=${key}`, { ...QUICK, log: (record) => records.push(record) });
  t.after(() => session.close());
  await session.ready;
  await fetch(`${PEER.replace("ws", "http")}/command?key=${key}&do=close&code=4000&reason=enough`);
  await next(session, "disconnect");
  await turns(2);
  const { code, cause, reason, gaveUp } = records.find(({ type }) => type === "ended");
  assert.deepEqual([code, cause, reason, gaveUp], [4000, "server", "enough", false]);
});

test("RejoinSession: where it connects to is recorded before the server answers", async (t) => {
  const records = [];
  const log = ({ type }) => records.push(type);
  const session = new RejoinSession(`${PEER}/silent-handshake`, { ...QUICK, log });
  session.ready.catch(() => {});
  t.after(() => session.close());
  for (let at = 0; at < 50 && !records.includes("dialing"); at++) await turns(1);
  assert.deepEqual(records.filter((type) => type !== "hint"), ["connecting", "asking", "dialing"]);
});

test("a record is one line, whatever a peer's reason has in it", async () => {
  const records = [];
  const options = { WebSocket: Fake, reconnect: false, log: (record) => records.push(record) };
  const socket = new Rejoin("ws://fake.invalid", [], options);
  await socket.ready;
  const end = next(socket, "close");
  Fake.made.at(-1).end(4000, "a\nended code=1000\u001b[2J\u2028\u0085");
  await end;
  await turns(2);
  const { message, reason } = records.find(({ type }) => type === "ended");
  assert.ok(!/[\p{Cc}\u2028]/u.test(message), JSON.stringify(message));
  assert.ok(reason.includes("\n"), "the field has it as it came");
});

test("a message for which isPong throws is delivered, and the error reported", async (t) => {
  const reports = catchReports(t);
  const keepAlive = { ping: "?", isPong: (data) => JSON.parse(data).pong };
  const socket = new Rejoin(`${PEER}/echo`, [], { ...QUICK, keepAlive });
  t.after(() => socket.close());
  await socket.ready;
  socket.send("no JSON");
  assert.equal((await next(socket, "message")).data, "no JSON");
  await turns(2);
  assert.deepEqual(reports.map(({ name }) => name), ["SyntaxError"]);
});

test("an option of a wrong kind is refused by its name, with what it is", () => {
  const refused = (options, words) => assert.throws(() => new Rejoin("ws://fake.invalid", [], { WebSocket: Fake, ...options }), words);
  refused({ closeTimeout: "5000" }, /closeTimeout must be a number of at least 1, not "5000"/);
  refused({ closeTimeout: 5n }, /closeTimeout .* not a value of type bigint/);
  refused({ closeTimeout: Object(5) }, /closeTimeout .* not a value of type object/);
  refused({ closeTimeout: Object.create(null) }, /closeTimeout .* not a value of type object/);
  refused({ closeTimeout: NaN }, /closeTimeout .* not NaN/);
  refused({ reconnect: "no" }, /reconnect must be a boolean, not "no"/);
  refused({ whenFull: "wait" }, /whenFull must be one of throw, drop-newest, drop-oldest, not "wait"/);
  refused({ keepAlive: { ping: "?", interval: 0 } }, /keepAlive\.interval must be a number of at least 1, not 0/);
  refused({ keepAlive: { ping: null } }, /keepAlive\.ping must be the message to send, or a function that gives it, not null/);
  refused({ keepAlive: { ping: 5 } }, /keepAlive\.ping .* not 5/);
  for (const [maxAuthBytes, kind] of [[null, "null"], [-1, "-1"], [Object(false), "a value of type object"], [Symbol(), "a value of type symbol"]]) {
    assert.throws(
      () => new RejoinSession("ws://fake.invalid", { WebSocket: Fake, auth: "abc", maxAuthBytes }),
      (error) => error.name === "RangeError" && error.message === `The option maxAuthBytes must be a whole number from 0 to 524288, not ${kind}.`,
    );
  }
});
