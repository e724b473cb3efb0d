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
