// What the types admit and refuse, checked by tsc in strict mode: a line with an expected error must have one.
import { WebSocket as NodeSocket } from "ws";
import Default, { Rejoin, type LostEvent, type Options, type Payload, type RejoinCloseEvent, type State } from "rejoin";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

const socket = new Rejoin("ws://localhost");
new Default(new URL("ws://localhost"), ["a", "b"]);
new Rejoin(async (attempt) => `ws://localhost/?attempt=${attempt.toFixed()}`, () => ["a"], { WebSocket: NodeSocket });
new Rejoin("ws://localhost", "one", { WebSocket: globalThis.WebSocket, keepAlive: { ping: "ping", isPong: (data) => data === "pong" } });
new Rejoin("ws://localhost", undefined, { whenFull: "drop-oldest", shouldReconnectOnClose: ({ code }) => code !== 4000 });
// @ts-expect-error There must be a URL.
new Rejoin();
// @ts-expect-error The policy has three values.
new Rejoin("ws://localhost", [], { whenFull: "wait" });
// @ts-expect-error An option that there is not.
new Rejoin("ws://localhost", [], { maxRetry: 3 });

same<typeof socket.readyState, 0 | 1 | 2 | 3>(true);
same<typeof socket.state, State>(true);
same<typeof Rejoin.OPEN, 1>(true);
same<Parameters<typeof socket.send>, [data: Payload]>(true);

socket.addEventListener("close", (event) => {
  same<typeof event, RejoinCloseEvent>(true);
  same<typeof event.willRetry, boolean>(true);
}, { once: true, signal: new AbortController().signal });
socket.addEventListener("lost", (event) => same<typeof event, LostEvent>(true));
socket.addEventListener("anything", (event) => same<typeof event, Event>(true));
socket.addEventListener("open", null);
socket.onmessage = function ({ data }) {
  same<typeof data, string | Blob | ArrayBuffer>(true);
  same<typeof this, Rejoin>(true);
};
socket.onreconnecting = ({ attempt, delay }) => same<typeof attempt | typeof delay, number>(true);
socket.onclose = null;
socket.binaryType = "arraybuffer";
// @ts-expect-error Only two types.
socket.binaryType = "text";
// @ts-expect-error Read only.
socket.url = "ws://elsewhere";

const texts = new Rejoin<string>("ws://localhost");
texts.addEventListener("message", ({ data }) => same<typeof data, string>(true));

export async function read(): Promise<void> {
  await texts.ready;
  for await (const data of texts) same<typeof data, string>(true);
  socket.send("text");
  socket.send(new Uint8Array(3));
  socket.send(new Blob([]));
  // @ts-expect-error A browser would send "[object Object]".
  socket.send({});
  await socket.drained;
  same<typeof socket.metrics.roundTrip, number | undefined>(true);
}

export const options: Options = { reconnect: false };
