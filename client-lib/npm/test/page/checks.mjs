// What is checked of our class alone, in a page.
import { Rejoin } from "/package/rejoin.js";
import { names } from "./names.mjs";

const until = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

function equal(found, expected) {
  if (found !== expected) throw new Error(`${found}, not ${expected}`);
}

/** A connection that was cut and would wait for an hour. */
async function waiting(peer) {
  const key = `page-${Math.random()}`;
  const socket = new Rejoin(`${peer}/echo?key=${key}`, [], { minReconnectionDelay: 3_600_000, maxReconnectionDelay: 3_700_000 });
  await socket.ready;
  const wait = until(socket, "reconnecting");
  await fetch(`${peer.replace("ws", "http")}/command?key=${key}&do=cut`);
  if ((await wait).delay < 3_000_000) throw new Error("the wait is too short to tell");
  equal(socket.state, "waiting");
  return socket;
}

async function endsWait(peer, tell) {
  const socket = await waiting(peer);
  const opened = until(socket, "open");
  tell();
  await opened;
  socket.close();
  await until(socket, "close");
}

const found = [
  async ({ peer }) => {
    const socket = new Rejoin(`${peer}/echo`);
    socket.send("x");
    const { origin, data } = await until(socket, "message");
    equal(data, "x");
    equal(origin, peer);
    socket.close();
  },
  ({ peer }) => endsWait(peer, () => dispatchEvent(new Event("online"))),
  ({ peer }) => endsWait(peer, () => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))),
  async ({ peer }) => {
    const socket = new Rejoin(`${peer}/slow-reader?rate=0&key=${Math.random()}`, [], { highWatermark: 100_000 });
    await socket.ready;
    const part = "x".repeat(50_000);
    // More than the operating system's own buffers take.
    for (let at = 0; at < 280; at++) socket.send(part);
    const before = socket.metrics.queuedMessages;
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    const after = socket.metrics.queuedMessages;
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
    if (!(before > 0 && after === 0)) throw new Error(`queued ${before}, then ${after}`);
    socket.reconnect();
    socket.close();
  },
  async () => {
    for (const port of [1, 9, 6000]) {
      const socket = new Rejoin(`ws://127.0.0.1:${port}/`, [], { minReconnectionDelay: 1 });
      const errors = [];
      socket.addEventListener("error", () => errors.push(port));
      const { code, cause, willRetry } = await until(socket, "close");
      equal(`${code} ${cause} ${willRetry} ${errors}`, `1006 refused true ${port}`);
      socket.close();
      const given = new Rejoin(`ws://127.0.0.1:${port}/`, [], { reconnect: false });
      given.close();
      equal((await until(given, "close")).code, 1006);
    }
  },
  // The last one: the policy stays.
  async ({ peer }) => {
    const policy = Object.assign(document.createElement("meta"), { httpEquiv: "Content-Security-Policy", content: "connect-src http:" });
    document.head.append(policy);
    try {
      const socket = new Rejoin(`${peer}/echo`, [], { minReconnectionDelay: 1 });
      const { code, cause, willRetry } = await until(socket, "close");
      equal(`${code} ${cause} ${willRetry}`, "1006 refused true");
      socket.close();
    } catch (error) {
      // WebKit's constructor throws.
      equal(error.name, "SecurityError");
    }
  },
];

export const checks = Object.fromEntries(names.map((name, at) => [name, found[at]]));
