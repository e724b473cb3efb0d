// Runs every contender in turn, many rounds, and reports each time to the server. The page measures itself, because
// an attached debugger would slow every message down.
import init, * as wasm from "./contenders.js";
import { Rejoin } from "./rejoin.js";

const url = `ws://${location.host}/ws`;

function open(Socket) {
  return new Promise((resolve, reject) => {
    const socket = new Socket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("no connection"));
  });
}

const receiveBy = (Socket) => async (_, count, size) => {
  const socket = await open(Socket);
  let messages = 0;
  let bytes = 0;
  const start = performance.now();
  await new Promise((resolve) => {
    socket.onmessage = (event) => {
      bytes += event.data.byteLength;
      if (++messages === count) resolve();
    };
    socket.send(`send me ${count} ${size}`);
  });
  const elapsed = performance.now() - start;
  socket.close();
  if (bytes !== count * size) throw new Error(`${bytes} bytes came`);
  return elapsed;
};

const sendBy = (Socket) => async (_, count, size) => {
  const socket = await open(Socket);
  const payload = new Uint8Array(size);
  const start = performance.now();
  await new Promise((resolve) => {
    socket.onmessage = resolve;
    socket.send(`take ${count}`);
    for (let i = 0; i < count; i++) socket.send(payload);
  });
  const elapsed = performance.now() - start;
  socket.close();
  return elapsed;
};

// Text back and forth, each one alone.
async function rawRoundTrips(_, count, size) {
  const socket = await open(WebSocket);
  const text = "x".repeat(size);
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => {
      socket.onmessage = resolve;
      socket.send(text);
    });
  }
  const elapsed = performance.now() - start;
  socket.close();
  return elapsed;
}

const session = (contender) => (_, count, size) => contender(`ws://${location.host}/session`, count, size);

const receive = {
  "raw JavaScript": receiveBy(WebSocket),
  "rejoin, npm package": receiveBy(Rejoin),
  "rejoin, callback": wasm.rejoin_receive_callback,
  "rejoin, Stream": wasm.rejoin_receive_stream,
  "gloo-net": wasm.gloo_receive,
};
// What is to be compared with the browser's own class alone.
const receiveInJavaScript = { "raw JavaScript": receiveBy(WebSocket), "rejoin, npm package": receiveBy(Rejoin) };
const send = {
  "raw JavaScript": sendBy(WebSocket),
  "rejoin, npm package": sendBy(Rejoin),
  "rejoin, bytes": wasm.rejoin_send,
  "rejoin, Uint8Array": wasm.rejoin_send_view,
};
const small = { "raw JavaScript": receiveBy(WebSocket), "rejoin session": session(wasm.session_receive) };
const alone = { "raw JavaScript": rawRoundTrips, "rejoin session": session(wasm.session_round_trips) };
// gloo-net needs almost a minute for 100,000.
const sendFew = { "raw JavaScript": sendBy(WebSocket), "rejoin, bytes": wasm.rejoin_send, "gloo-net": wasm.gloo_send };
const cases = [
  { name: "receive 100 x 1,048,576 bytes", count: 100, size: 1_048_576, contenders: receiveInJavaScript },
  { name: "receive 10 x 10,000,000 bytes", count: 10, size: 10_000_000, contenders: receive },
  { name: "receive 100,000 x 64 bytes", count: 100_000, size: 64, contenders: receive },
  { name: "send 100,000 x 64 bytes", count: 100_000, size: 64, contenders: send },
  { name: "send 2,000 x 64 bytes", count: 2_000, size: 64, contenders: sendFew },
  { name: "session: receive 100,000 x 64 bytes", count: 100_000, size: 64, contenders: small },
  { name: "session: 2,000 round trips of 64 bytes", count: 2_000, size: 64, contenders: alone },
];

async function report(line) {
  await fetch("report", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(line) });
}

try {
  await init();
  const search = new URLSearchParams(location.search);
  const rounds = Number(search.get("rounds") ?? 9);
  // `&only=round` runs the cases with that in their name, for whoever opens the page by hand.
  const only = search.get("only") ?? "";
  // Round 0 warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const { name, count, size, contenders } of cases.filter(({ name }) => name.includes(only))) {
      const names = Object.keys(contenders);
      // Each round begins with another contender, so that none always follows the same one.
      const turn = names.map((_, i) => names[(i + round) % names.length]);
      for (const contender of turn) {
        const ms = await contenders[contender](url, count, size);
        if (round > 0) await report({ case: name, contender, ms, count, size });
      }
    }
  }
  await report({ done: true });
  document.getElementById("words").textContent = "Done.";
} catch (error) {
  document.getElementById("words").textContent = String(error);
  await report({ failed: String(error) });
}
