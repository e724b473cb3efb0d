// What is checked of our class alone, in a page.
import { Rejoin } from "/package/rejoin.js";
import { names } from "./names.mjs";

const until = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));

function equal(found, expected) {
  if (found !== expected) throw new Error(`${found}, not ${expected}`);
}

const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** Changes a property until the function that it returns is called. */
function fake(object, name, value) {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true });
  return () => (before ? Object.defineProperty(object, name, before) : delete object[name]);
}

/** Pings when something calls for it alone. */
const probing = { ping: "ping", isPong: (data) => data === "pong", interval: 3_600_000, probe: 200 };

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

function hide(hidden) {
  if (hidden) Object.defineProperty(document, "hidden", { value: true, configurable: true });
  else delete document.hidden;
  document.dispatchEvent(new Event("visibilitychange"));
}

const pageEvent = (type, persisted) => dispatchEvent(new PageTransitionEvent(type, { persisted }));
const command = (peer, key, what) => fetch(`${peer.replace("ws", "http")}/command?key=${key}&do=${what}`);

/** Attempts at a key that come within a time. */
async function attempts(peer, key, millis) {
  const count = async () => (await (await fetch(`${peer.replace("ws", "http")}/stats?key=${key}&until=`)).json()).attempts;
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, millis));
  return (await count()) - before;
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
    const key = `page-${Math.random()}`;
    const options = { maxReconnectionDelay: 20, pauseHiddenAfter: 50 };
    const socket = new Rejoin(`${peer}/echo?refuse_first=100000&key=${key}`, [], options);
    await until(socket, "reconnecting");
    hide(true);
    while ((await until(socket, "reconnecting")).delay !== Infinity);
    equal(socket.state, "waiting");
    equal(await attempts(peer, key, 200), 0);
    const goesOn = until(socket, "statechange");
    hide(false);
    await goesOn;
    socket.close();
  },
  async ({ peer }) => {
    const socket = new Rejoin(`${peer}/echo`, [], { closeHiddenAfter: 50 });
    await socket.ready;
    hide(true);
    const { cause, willRetry } = await until(socket, "close");
    equal(`${cause} ${willRetry}`, "paused true");
    socket.send("later");
    hide(false);
    equal((await until(socket, "message")).data, "later");
    socket.close();
  },
  async ({ peer }) => {
    const [socket, kept] = [new Rejoin(`${peer}/echo`), new Rejoin(`${peer}/echo`, [], { closeOnPageHide: false })];
    await Promise.all([socket.ready, kept.ready]);
    pageEvent("pagehide", false);
    equal(socket.state, "open");
    const closed = until(socket, "close");
    pageEvent("pagehide", true);
    equal(`${(await closed).cause} ${socket.state} ${kept.state}`, "paused waiting open");
    pageEvent("pageshow", true);
    await socket.ready;
    for (const each of [socket, kept]) each.close();
  },
  async ({ peer }) => {
    const key = `page-${Math.random()}`;
    const socket = new Rejoin(`${peer}/echo?key=${key}`);
    await socket.ready;
    const [begun, closed] = [performance.now(), until(socket, "close")];
    dispatchEvent(new Event("beforeunload"));
    await command(peer, key, "close&code=1001");
    const { code } = await closed;
    equal(code, 1001);
    equal(performance.now() - begun >= 990, true);
    await socket.ready;
    socket.close();
  },
  async ({ peer }) => {
    const { now } = Date;
    let pings = 0;
    const keepAlive = { ...probing, ping: () => (pings++, "ping") };
    const socket = new Rejoin(`${peer}/pong?stop_after=1`, [], { keepAlive, shouldReconnectOnClose: () => false });
    await socket.ready;
    // The clocks are compared for the first time.
    document.dispatchEvent(new Event("freeze"));
    const closed = until(socket, "close");
    Date.now = () => now.call(Date) + 3_600_000;
    try {
      while (!socket.metrics.roundTrip) await pause(20);
      document.dispatchEvent(new Event("freeze"));
      equal(`${socket.state} ${pings}`, "open 1");
    } finally {
      Date.now = now;
    }
    // It is silent from now on, and the clock is set back.
    equal((await closed).cause, "keep-alive");
  },
  async ({ peer }) => {
    const online = fake(navigator, "onLine", false);
    const key = `offline-${Math.random()}`;
    const socket = new Rejoin(`${peer}/echo?key=${key}`);
    await socket.ready;
    dispatchEvent(new Event("offline"));
    const opened = until(socket, "open");
    const begin = performance.now();
    await fetch(`${peer.replace("ws", "http")}/command?key=${key}&do=cut`);
    await opened;
    online();
    dispatchEvent(new Event("online"));
    if (performance.now() - begin > 8_000) throw new Error("back too late");
    socket.close();
  },
  async ({ peer }) => {
    // Few, because Firefox itself waits longer before each connection to where one has failed.
    const options = { minReconnectionDelay: 1, maxReconnectionDelay: 20, maxRetries: 2 };
    const socket = new Rejoin(`${peer}/echo?refuse_first=5&key=${Math.random()}`, [], options);
    // It listens from the next microtask on.
    await pause(0);
    dispatchEvent(new Event("offline"));
    while (socket.metrics.attempts < 4 && socket.state !== "closed") await pause(5);
    equal(socket.state === "closed", false);
    dispatchEvent(new Event("online"));
    await socket.ready;
    socket.close();
  },
  async ({ peer }) => {
    const connection = new EventTarget();
    const network = fake(navigator, "connection", connection);
    const options = { keepAlive: probing, shouldReconnectOnClose: () => false };
    const socket = new Rejoin(`${peer}/pong?stop_after=0`, [], options);
    await socket.ready;
    const closed = until(socket, "close");
    connection.dispatchEvent(new Event("change"));
    equal((await closed).cause, "keep-alive");
    network();
  },
  async ({ peer }) => {
    const socket = new Rejoin(`${peer}/echo`, [], { renewAfter: 1_200 });
    await socket.ready;
    const hide = () => {
      const shown = fake(document, "hidden", true);
      document.dispatchEvent(new Event("visibilitychange"));
      return () => (shown(), document.dispatchEvent(new Event("visibilitychange")));
    };
    hide()();
    equal(socket.state, "open");
    const show = hide();
    await pause(1_300);
    const closed = until(socket, "close");
    show();
    const { cause, willRetry } = await closed;
    equal(`${cause} ${willRetry}`, "caller true");
    socket.send("x");
    equal((await until(socket, "message")).data, "x");
    socket.close();
  },
  async ({ peer }) => {
    const socket = new Rejoin(`${peer}/slow-reader?rate=0&key=${Math.random()}`, [], { highWatermark: 100_000 });
    await socket.ready;
    const part = "x".repeat(50_000);
    // More than the operating system's own buffers take.
    for (let at = 0; at < 280; at++) socket.send(part);
    const before = socket.metrics.queuedMessages;
    hide(true);
    const after = socket.metrics.queuedMessages;
    hide(false);
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
      // The constructor throws in WebKit, and in newer versions of Firefox.
      equal(["SecurityError", "NS_ERROR_CONTENT_BLOCKED"].includes(error.name), true);
    }
  },
];

export const checks = Object.fromEntries(names.map((name, at) => [name, found[at]]));
