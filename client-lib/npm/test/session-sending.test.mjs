// What leaves a session: its order, what can't be sent at all, and limits that are known before anything goes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { sessionUrl, startServer } from "./rig.mjs";
import { bytes, command, entries, next, OFTEN, open, QUICK, rejection, stats, until, withPeer } from "./session-rig.mjs";

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
