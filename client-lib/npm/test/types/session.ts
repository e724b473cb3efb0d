// What the session's types admit and refuse, checked by tsc in strict mode: a line with an expected error must have one.
import { WebSocket as NodeSocket } from "ws";
import Default, {
  CallError, KeepError, NotTakenError, PublishError, RejoinError, RejoinSession, SubscriptionError,
  type EndedEvent, type Feed, type JsonValue, type Left, type Payload, type Position, type Publication, type Receipt,
  type SessionLostEvent, type SessionOptions, type SessionState, type SessionStateEvent,
} from "rejoin/session";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Equal<A, B>): void => undefined;

interface Said { name: string; text: string }
interface Channels { [room: `room/${string}`]: Said; files: Uint8Array; numbers: number }
interface Calls {
  rooms: { answer: { rooms: string[] } };
  older: { args: { room: string; count: number }; answer: Said[] };
  nothing: {};
}

const plain = new RejoinSession("wss://example.org/session");
new Default(new URL("wss://example.org/session"), { WebSocket: NodeSocket });
new RejoinSession(async (attempt, fresh) => `wss://example.org/?${attempt.toFixed()}${fresh ? "fresh" : ""}`, {
  auth: async (_, fresh) => (fresh ? "fresh" : undefined),
  protocols: ["a", "b"],
  keepAlive: false,
  WebSocket: globalThis.WebSocket,
});
new RejoinSession("wss://example.org", { auth: new Uint8Array(3), keepAlive: { interval: 5 } });
// @ts-expect-error There must be a URL.
new RejoinSession();
// @ts-expect-error An option that there is not.
new RejoinSession("wss://example.org", { maxRetry: 3 });
// @ts-expect-error A token is text or bytes.
new RejoinSession("wss://example.org", { auth: 3 });

const session = new RejoinSession<Channels, Calls, { say: string }, { heard: number }>("wss://example.org/session");
same<typeof session.state, SessionState>(true);
same<typeof session.alias, string | undefined>(true);
session.trySend({ say: "x" });
// @ts-expect-error Not what this session's application is told.
session.trySend("x");
// @ts-expect-error A function is no JSON.
plain.trySend(() => {});

const receipt = session.publish("room/tea", { name: "Ada", text: "hello" });
same<typeof receipt, Publication>(true);
session.publish("files", new Uint8Array(3));
// @ts-expect-error Not an entry of a room.
session.publish("room/tea", { name: "Ada" });
// @ts-expect-error No such channel.
session.publish("elsewhere", 1);
plain.publish("anything", { any: ["thing", null] });

interface Loose { name: string; text?: string; at?: Date; list: { deep: boolean }[] }
declare const loose: Loose;
declare const whether: boolean;
plain.publish("room", loose);
plain.tryPublish("room", loose).taken.then((number: number) => number);
plain.trySend(loose);
plain.send(loose);
plain.volatile(loose);
plain.ask(loose);
plain.subscribe("room", { as: loose, signal: new AbortController().signal });
plain.call("rooms");
plain.call("rooms", loose);
// @ts-expect-error It would ask another question.
plain.call("rooms", { type: "other" });
// @ts-expect-error Nothing of a map is in JSON.
plain.publish("room", new Map());
// @ts-expect-error Bytes inside of a value are no JSON.
plain.publish("room", { bytes: new Uint8Array(2) });
same<ReturnType<typeof plain.authenticate>, boolean>(true);
const either = plain.subscribe("room", { bytes: whether });
same<typeof either, Feed<Payload, Payload, Payload>>(true);
plain.ask("x", { bytes: whether }).then((answer: Payload) => answer);
plain.addEventListener("live", { handleEvent: (event) => event.resumed });
plain.onmessage = (event: MessageEvent<Payload>) => event.data;
session.addEventListener("ended", ({ last, disagreed }) => disagreed || last?.gaveUp);

session.addEventListener("lost", (event) => {
  same<typeof event, SessionLostEvent<{ say: string }>>(true);
  same<typeof event.reason, "kept" | "fresh" | "given-up" | "too-large" | "ended">(true);
}, { once: true, signal: new AbortController().signal });
session.addEventListener("message", ({ data }) => same<typeof data, { heard: number }>(true));
session.addEventListener("statechange", (event) => same<typeof event, SessionStateEvent>(true));
session.addEventListener("anything", (event) => same<typeof event, Event>(true));
session.onended = function (event) {
  same<typeof event, EndedEvent>(true);
  same<typeof this, typeof session>(true);
};
session.onlive = null;
// @ts-expect-error Read only.
session.state = "live";

export async function use(stored: string): Promise<void> {
  await session.ready;
  await session.send({ say: "x" });
  same<Awaited<typeof receipt>, Receipt>(true);
  same<Awaited<typeof receipt.taken>, number>(true);

  const feed = session.subscribe("room/tea", { since: { last: 20 }, as: { name: "Ada" } });
  same<typeof feed, Feed<Said>>(true);
  for await (const item of feed) {
    switch (item.type) {
      case "entry": same<typeof item.payload, Said>(true); break;
      case "gap": same<typeof item.reason, "trimmed" | "truncated" | "unknown-epoch">(true); break;
      case "members": same<(typeof item.members)[number]["about"], JsonValue | undefined>(true); break;
      case "volatile": same<typeof item.payload, JsonValue>(true); break;
      case "undecodable": same<typeof item.raw, string | Uint8Array>(true); break;
      case "started": same<typeof item.position, Position>(true); break;
      case "not-listed": same<typeof item.error, SubscriptionError>(true); break;
      default: same<typeof item, never>(true);
    }
  }
  await using own = new RejoinSession("wss://example.org");
  await using over = own.subscribe("room");
  await over.next();
  const about = session.subscribe<"room/tea", { name: string }, { typing: boolean }>("room/tea");
  about.setPresence({ name: "Ada" });
  about.volatile({ typing: true });
  // @ts-expect-error Not what is said of members.
  about.setPresence({ age: 3 });
  session.subscribe("files", { bytes: true, since: feed.position ?? "everything" });
  session.subscribe("numbers", { since: stored as Position });
  // @ts-expect-error Any text is no position.
  session.subscribe("numbers", { since: stored });
  // @ts-expect-error Nor is any word.
  session.subscribe("numbers", { since: "yesterday" });

  same<Awaited<ReturnType<typeof session.call<"rooms">>>, { rooms: string[] }>(true);
  const rooms = await session.call("rooms", {}, { timeout: 5_000, signal: AbortSignal.timeout(5) });
  same<typeof rooms, { rooms: string[] }>(true);
  const older = await session.call("older", { room: "tea", count: 3 });
  same<typeof older, Said[]>(true);
  const nothing = await session.call("nothing");
  same<typeof nothing, JsonValue>(true);
  // @ts-expect-error It takes arguments.
  await session.call("older");
  // @ts-expect-error No such call.
  await session.call("newer");
  await plain.call("anything", { any: "thing" });
  const bytes = await session.ask("raw", { bytes: true });
  same<typeof bytes, Uint8Array>(true);
  const answer = await session.ask<number>({ any: "thing" });
  same<typeof answer, number>(true);

  for await (const message of session) same<typeof message, { heard: number }>(true);
  for await (const message of plain.messages()) same<typeof message, Payload>(true);

  const { session: kept, publications, notKept } = await RejoinSession.reopen<Channels>("chat", "wss://example.org/session");
  same<typeof notKept, KeepError | undefined>(true);
  await kept.publish("numbers", 5);
  for (const { channel, payload, receipt } of publications) {
    same<typeof channel, string>(true);
    same<typeof payload, Payload>(true);
    same<typeof receipt, Promise<Receipt>>(true);
  }
  const left = await session.close();
  same<typeof left, Left>(true);
}

export function explain(error: unknown): string {
  if (error instanceof NotTakenError) return error.reason === "full" ? "later" : String(error.limit);
  if (error instanceof PublishError) {
    same<typeof error.outcome, "refused" | "unknown" | "unsent">(true);
    return `${error.channel} ${error.number}`;
  }
  if (error instanceof CallError) return error.retryable ? "again" : error.message;
  if (error instanceof SubscriptionError) return error.position ?? "";
  return error instanceof RejoinError ? error.message : "";
}

export const options: SessionOptions = { reconnect: false };
