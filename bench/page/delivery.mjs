// Numbers both ways through a faulty network, by each contender in turn with the same faults at the same moments: what
// is lost, repeated and out of order.
import init, { SessionPeer } from "./contenders.js";
import ReconnectingWebSocket from "./reconnecting-websocket-mjs.js";
import { io } from "./socket.io.esm.min.js";

const TOTAL = 2_000;
const EACH = 8;
const STEPS = 6;
const KINDS = ["reset", "swallow", "client-dies", "server-dies", "stall", "throttle", "refuse"];
// A contender that has not come back by then is told to connect anew, and that is counted.
const PATIENCE = 6_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function until(holds, patience) {
  for (const end = performance.now() + patience; performance.now() < end; await sleep(10)) if (holds()) return true;
  return false;
}

// mulberry32: the moments depend on the seed alone.
function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function plan(seed) {
  const random = dice(seed);
  const rounds = [];
  for (const kind of KINDS) {
    for (let i = 0; i < EACH; i++) {
      const ms = ["reset", "client-dies", "server-dies"].includes(kind) ? 0 : 50 + Math.floor(random() * 500);
      rounds.push({ kind, ms, after: Math.floor(random() * STEPS), delay: Math.floor(random() * 10), key: random() });
    }
  }
  return rounds.sort((a, b) => a.key - b.key);
}

const contenders = {
  rejoin(host, take) {
    const peer = new SessionPeer(`ws://${host}/session`, take);
    return { send: (n) => peer.send(String(n)), lives: () => peer.lives(), again: () => peer.again(), end: () => peer.end() };
  },
  "reconnecting-websocket"(host, take) {
    const options = { minReconnectionDelay: 50, maxReconnectionDelay: 400, connectionTimeout: 2_000 };
    const socket = new ReconnectingWebSocket(`ws://${host}/plain`, [], options);
    let lives = 0;
    socket.addEventListener("open", () => lives++);
    socket.addEventListener("message", (event) => take(event.data));
    return { send: (n) => socket.send(String(n)), lives: () => lives, again: () => socket.reconnect(), end: () => socket.close() };
  },
  "socket.io"(host, take) {
    const options = { transports: ["websocket"], reconnectionDelay: 50, reconnectionDelayMax: 400, timeout: 2_000 };
    const socket = io(`http://${host}`, options);
    let lives = 0;
    socket.on("connect", () => lives++);
    socket.on("down", (n) => take(String(n)));
    const again = () => socket.disconnect().connect();
    return { send: (n) => socket.emit("up", n), lives: () => lives, again, end: () => socket.disconnect() };
  },
};

function fate(numbers) {
  const seen = new Set();
  let [repeated, reordered, last] = [0, 0, -1];
  for (const n of numbers) {
    if (seen.has(n)) repeated++;
    else if (n < last) reordered++;
    seen.add(n);
    last = Math.max(last, n);
  }
  return { sent: TOTAL, lost: TOTAL - seen.size, repeated, reordered };
}

async function run({ contender, host, control, side }) {
  const down = [];
  const peer = contenders[contender](host, (text) => down.push(Number(text)));
  if (!(await until(() => peer.lives() > 0, PATIENCE))) throw new Error(`${contender} does not connect`);
  const started = performance.now();
  let helped = 0;
  const rounds = plan(1);
  const share = (at) => Math.floor((TOTAL * at) / (rounds.length * STEPS));
  for (const [round, { kind, ms, after, delay }] of rounds.entries()) {
    const before = peer.lives();
    for (let step = 0; step < STEPS; step++) {
      const at = round * STEPS + step;
      const [from, to] = [share(at), share(at + 1)];
      for (let n = from; n < to; n++) peer.send(n);
      const sending = fetch(`${side}/down?from=${from}&to=${to}`);
      await sleep(step === after ? delay : 3);
      if (step === after) await fetch(`${control}/strike?kind=${kind}&ms=${ms}&rate=20000`);
      await sending;
    }
    await sleep(ms);
    const cut = kind !== "stall" && kind !== "throttle";
    while (cut && !(await until(() => peer.lives() > before, PATIENCE))) {
      helped++;
      peer.again();
    }
  }
  let up;
  for (let last = -1, quiet = 0; quiet < 20; await sleep(250)) {
    up = await (await fetch(`${side}/got`)).json();
    if (up.length >= TOTAL && down.length >= TOTAL && quiet >= 4) break;
    quiet = up.length + down.length === last ? quiet + 1 : 0;
    last = up.length + down.length;
  }
  const seconds = (performance.now() - started) / 1_000;
  peer.end();
  return { contender, up: fate(up), down: fate(down), helped, seconds };
}

async function report(line) {
  await fetch("report", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(line) });
}

try {
  await init();
  for (const place of await (await fetch("places")).json()) await report(await run(place));
  await report({ done: true });
  document.getElementById("words").textContent = "Done.";
} catch (error) {
  document.getElementById("words").textContent = String(error);
  await report({ failed: String(error) });
}
