// The option `log`: what it is told of a life, what it is never told, and what it may do.
import assert from "node:assert/strict";
import { test } from "node:test";

import { packageUrl, PEER, sessionUrl, toolUrl } from "./rig.mjs";

const { Rejoin } = await import(packageUrl);
const { RejoinSession } = await import(sessionUrl);
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 5, seed: 1 };
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const types = (records) => records.map(({ type }) => type).filter((type) => type !== "hint");
let keys = 0;
const newKey = () => `log-${process.pid}-${++keys}`;
const command = (key, what) => fetch(`${PEER.replace("ws", "http")}/command?key=${key}&do=${what}`);

test("a whole life is recorded in order: connect, cut, retry, give up", async (t) => {
  const [records, key] = [[], newKey()];
  let url = `${PEER}/echo?key=${key}`;
  const socket = new Rejoin(() => url, [], { ...QUICK, maxRetries: 1, log: (record) => records.push(record) });
  t.after(() => socket.close());
  await socket.ready;
  socket.send("hello");
  await next(socket, "message");
  url = `${PEER}/refuse?key=${key}`;
  await command(key, "cut");
  for (let end; !(end = await next(socket, "close")).gaveUp; );
  const attempt = ["connecting", "asking", "dialing"];
  assert.deepEqual(types(records), [
    ...attempt, "open", "sent", "received", "closing", "ended", "waiting", ...attempt, "ended", "closed",
  ]);
  const of = (wanted) => records.filter(({ type }) => type === wanted);
  assert.equal(of("sent")[0].message, "sent bytes=5");
  assert.deepEqual([of("ended")[0].cause, of("ended")[1].gaveUp], ["network", true]);
  assert.deepEqual([of("waiting")[0].attempt, of("connecting")[1].attempt], [2, 2]);
  assert.ok(of("waiting")[0].delay >= 0);
  assert.equal(of("dialing")[0].url, `${PEER}/echo`);
});

test("tokens, queries, user info and payloads are never recorded", async (t) => {
  const records = [];
  const log = (record) => records.push(record);
  const socket = new Rejoin(`${PEER.replace("//", "//user:SECRET@")}/echo?token=SECRET`, [], { ...QUICK, log });
  t.after(() => socket.close());
  await socket.ready;
  for (const data of ["SECRET", new TextEncoder().encode("SECRET")]) {
    socket.send(data);
    await next(socket, "message");
  }
  const failing = new Rejoin(async () => { throw new Error("https://sso/?SECRET failed"); }, [], { ...QUICK, maxRetries: 0, log });
  await next(failing, "close");
  const wrong = new Rejoin(() => "SECRET:/?SECRET", [], { ...QUICK, maxRetries: 0, log });
  await next(wrong, "close");
  const session = new RejoinSession(`${PEER}/session?auth=SECRET`, { ...QUICK, auth: "SECRET", log });
  t.after(() => session.close());
  await session.ready;
  await session.send("SECRET message");
  await session.publish("room", "SECRET entry");
  assert.ok(types(records).includes("live"));
  assert.ok(records.every((record) => !JSON.stringify(record).includes("SECRET")), JSON.stringify(records));
});

for (const [name, open] of Object.entries({
  Rejoin: (log) => new Rejoin(`${PEER}/echo`, [], { ...QUICK, log }),
  RejoinSession: (log) => new RejoinSession(`${PEER}/session`, { ...QUICK, log }),
})) {
  test(`${name}: a log that throws harms nothing`, async (t) => {
    const errors = [];
    const stop = (event) => errors.push(event);
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", stop);
    const { error } = console;
    console.error = stop;
    t.after(() => {
      process.off("uncaughtException", stop);
      for (const listener of before) process.on("uncaughtException", listener);
      console.error = error;
    });
    const socket = open(() => { throw new Error("the log is full"); });
    await socket.ready;
    socket.close();
    await next(socket, name === "Rejoin" ? "close" : "ended");
    assert.ok(errors.length > 0, "it is reported");
  });

  test(`${name}: a log may send and close`, async () => {
    let told = 0;
    const socket = open(({ type, message }) => {
      told++;
      // What a log of `Rejoin` sends is not recorded, or it would never come to an end.
      if (name === "Rejoin" ? type === "open" || type === "sent" : type === "live") socket.send(message);
      if (type === "received" && told > 3) queueMicrotask(() => socket.close());
    });
    const closed = await next(socket, name === "Rejoin" ? "close" : "ended");
    assert.ok([1000, 1005].includes(closed.code));
    assert.ok(told < 100, String(told));
  });

  test(`${name}: a log that is no function is refused`, () => {
    assert.throws(() => open(5), /log must be a function/);
  });
}
