// How a session ends, what is said of it, and how it begins anew.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";

import { PEER, sessionUrl, toolUrl } from "./rig.mjs";
import { command, next, open, rejection, stats, until, withPeer } from "./session-rig.mjs";

const { RejoinSession } = await import(sessionUrl);

const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

for (const wait of [undefined, 0, 5]) {
  test(`reconnect() takes back a close() of ${wait ?? "no"} ms ago`, async (t) => {
    const { session } = withPeer(t, "&unanswered=1", { drainTimeout: 300 });
    await session.ready;
    const publishing = session.publish("room", 1);
    publishing.catch(() => {});
    const told = [];
    session.onended = () => told.push("ended");
    const closing = session.close();
    if (wait !== undefined) await sleep(wait);
    session.reconnect();
    await closing;
    await session.ready;
    await sleep(400);
    assert.deepEqual([session.state, told], ["live", []]);
    assert.deepEqual(await session.ask("still there"), "still there");
  });
}

for (const type of ["lost", "disconnect", "ended"]) {
  test(`reconnect() in a listener of \`${type}\` begins anew a session that the server ended`, async (t) => {
    const { session, key } = withPeer(t, "&quiet=1");
    await session.ready;
    // Acknowledgements are put off for longer than this.
    session.trySend("lost");
    while (session.metrics.framesSent < 2) await sleep(5);
    const seen = [];
    for (const name of ["lost", "disconnect", "ended"]) session.addEventListener(name, () => seen.push(name));
    session.addEventListener(type, () => session.reconnect(), { once: true });
    const live = next(session, "live");
    await command(key, "close&code=4403&reason=enough");
    await live;
    assert.equal(await session.ask("again"), "again");
    assert.deepEqual([...seen], ["disconnect", "lost", "ended"].slice(0, type === "ended" ? 3 : 2));
    // And ends as others do.
    const ended = next(session, "ended");
    await session.close();
    assert.equal((await ended).code, 1000);
    assert.equal(session.state, "ended");
  });
}

test("what `ready` promises may be looked at and left, as often as one likes", async () => {
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { RejoinSession } from ${JSON.stringify(sessionUrl)};
    const session = new RejoinSession(${JSON.stringify(`${PEER}/session?key=ready-${process.pid}&auth=right&quiet=1`)}, { WebSocket, auth: "wrong" });
    const ready = session.ready;
    await new Promise((resolve) => session.addEventListener("ended", resolve));
    session.ready;
    if (session.ready !== session.ready) process.exitCode = 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { code } = await session.ready.catch((error) => error);
    if (code !== 4401 || ready !== session.ready) process.exitCode = 2;
    process.stdout.write("through");`;
  const said = await new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 }, (error, out, words) => resolve(error ? words || error : out));
  });
  assert.equal(said, "through");
});

test("a message of a peer's that is no JSON does not end a program", async () => {
  const program = `
    import { WebSocket } from ${JSON.stringify(toolUrl("ws/wrapper.mjs"))};
    import { RejoinSession } from ${JSON.stringify(sessionUrl)};
    const session = new RejoinSession(${JSON.stringify(`${PEER}/session?key=odd-${process.pid}`)}, { WebSocket });
    const heard = new Promise((resolve) => (session.onmessage = resolve));
    await session.ready;
    const say = (text) => fetch(${JSON.stringify(`${PEER.replace("ws", "http")}/command?key=odd-${process.pid}&do=say&text=`)} + text);
    await say("odd");
    await say("1");
    process.stdout.write(String((await heard).data));
    await session.close();`;
  const [out, words] = await new Promise((resolve) => {
    execFile(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 }, (_, out, words) => resolve([out, words]));
  });
  assert.equal(out, "1", words);
  assert.match(words, /UndecodableError.*The payload is not JSON/);
});

test("a session that gave up says how it came to that, and that another try may do better", async (t) => {
  const session = open(t, "ws://127.0.0.1:1/x", { maxRetries: 2 });
  const ended = next(session, "ended");
  const error = await rejection(session.ready);
  assert.deepEqual([error.code, error.retryable, error.last.cause, error.last.gaveUp], [1006, true, "refused", true]);
  assert.match(error.message, /could not be reached/);
  const { code, last, disagreed } = await ended;
  assert.deepEqual([code, last, disagreed], [1006, error.last, false]);
  const { session: closed } = withPeer(t);
  await closed.ready;
  const over = next(closed, "ended");
  await closed.close();
  assert.equal((await over).last, undefined);
  assert.deepEqual([(await rejection(closed.ready)).retryable, closed.alias], [false, undefined]);
});

test("a server that does not speak the protocol ends a session by name, where that is known", async (t) => {
  const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));
  // As Firefox, which opens a connection of which no subprotocol was agreed.
  class Lax extends WebSocket {
    constructor(url) { super(url); }
  }
  const session = open(t, `${PEER}/echo`, { WebSocket: Lax, maxDisagreed: 3 });
  let attempts = 0;
  session.ondisconnect = () => attempts++;
  const error = await rejection(session.ready);
  assert.deepEqual([error.disagreed, error.retryable, attempts], [true, false, 3]);
  assert.match(error.message, /does not speak rejoin\.v1/);
});

test("why a handshake failed is told where the WebSocket says so", async (t) => {
  const session = open(t, `${PEER}/nowhere-at-all`);
  const { error, cause } = await next(session, "disconnect");
  assert.equal(cause, "refused");
  assert.match(error.message, /Unexpected server response: \d+/);
});

test("close() says what was left, even when the session is over already", async (t) => {
  const { session, key } = withPeer(t, "&quiet=1", { drainTimeout: 30 });
  await session.ready;
  await command(key, "deaf");
  session.trySend("unheard");
  const left = await session.close();
  assert.equal(left.unsent + left.unacked, 1);
  assert.deepEqual(await session.close(), left);
});

test("a session that is begun anew does not say what was true of the one before", async (t) => {
  const { session, key } = withPeer(t, "", { protocols: ["chat.v2"] });
  await session.ready;
  assert.equal(session.protocol, "chat.v2");
  const ended = next(session, "ended");
  await session.close();
  await ended;
  session.reconnect();
  assert.equal(session.protocol, undefined);
  await session.ready;
  assert.equal(session.protocol, "chat.v2");
});

test("how long the wait is can be asked", async (t) => {
  const { session } = withPeer(t, "&refuse_first=1000", { minReconnectionDelay: 5_000, maxReconnectionDelay: 10_000, drainTimeout: 10 });
  assert.equal(session.retryIn, undefined);
  await until(session, "waiting");
  assert.ok(session.retryIn > 1_000 && session.retryIn <= 10_000, String(session.retryIn));
});

test("a signal ends a feed, and `await using` a session, a feed and an iteration", async (t) => {
  const { session, key } = withPeer(t);
  const control = new AbortController();
  const feed = session.subscribe("room", { signal: control.signal });
  await feed.next();
  const waiting = feed.next();
  control.abort(new Error("enough"));
  assert.equal((await waiting).done, true);
  assert.deepEqual((await stats(key, "texts.ge.1")).texts, ["UNSUB"]);
  assert.throws(() => session.subscribe("room", { signal: control.signal }), /enough/);
  if (!Symbol.asyncDispose) return;
  const second = session.subscribe("room");
  await second[Symbol.asyncDispose]();
  assert.equal((await second.next()).done, true);
  const iteration = session.messages();
  await iteration[Symbol.asyncDispose]();
  session.onmessage = () => {};
  const ended = next(session, "ended");
  assert.equal(await session[Symbol.asyncDispose](), undefined);
  assert.equal((await ended).code, 1000);
});

test("a feed that the server ends throws, whatever the code, and one that close() ends is done", async (t) => {
  const { session } = withPeer(t);
  const error = await rejection(session.subscribe("finished room").next());
  assert.deepEqual([error.name, error.code, error.channel], ["SubscriptionError", 1000, "finished room"]);
  const feed = session.subscribe("room");
  await feed.next();
  const waiting = feed.next();
  await session.close();
  assert.deepEqual(await waiting, { value: undefined, done: true });
});
