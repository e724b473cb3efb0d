// Checks of the session in a page that reloads itself in the middle, told to the server at the end.
import { RejoinSession } from "/package/session.js";
import { names } from "./session-names.mjs";

const { searchParams } = new URL(import.meta.url);
const peer = searchParams.get("peer");
const http = peer.replace("ws", "http");
const until = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const command = (key, what) => fetch(`${http}/command?key=${key}&do=${what}`);

function equal(found, expected) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${left}, not ${right}`);
}

async function entries(feed, count) {
  const found = [];
  for await (const item of feed) if (item.type === "entry" && found.push(item.payload) === count) break;
  return found;
}

/** How many publications are made in the page's last turn. */
const LAST = 20;

/** What is remembered over the reload. */
const memory = JSON.parse(sessionStorage.getItem("memory") ?? '{ "results": {} }');
const remember = () => sessionStorage.setItem("memory", JSON.stringify(memory));

async function check(name, action) {
  if (!names.includes(name)) throw new Error(`${name} is not among the names`);
  memory.results[name] = await action().then(() => "ok", (error) => String(error?.stack ?? error));
}

const address = (query = "") => `${peer}/session?key=${memory.key}${query}`;
const other = () => `${peer}/session?key=page-${Math.random()}`;

async function before() {
  memory.key = `reload-${Math.random()}`;
  await check("a session publishes, reads, sends and calls in a page", async () => {
    const session = new RejoinSession(other());
    const { position } = await session.publish("room", { text: "é😀" });
    equal(await entries(session.subscribe("room", { since: "everything" }), 1), [{ text: "é😀" }]);
    equal(typeof position, "string");
    session.trySend(["x"]);
    equal((await until(session, "message")).data, ["x"]);
    equal(await session.ask({ any: 1 }), { any: 1 });
    equal(await session.close(), { unsent: 0, unacked: 0, unanswered: 0 });
  });
  await check("coming online ends a wait", async () => {
    const key = `online-${Math.random()}`;
    const session = new RejoinSession(`${peer}/session?key=${key}`, { minReconnectionDelay: 3_600_000, maxReconnectionDelay: 3_700_000 });
    await session.ready;
    const away = until(session, "disconnect");
    await command(key, "cut");
    await away;
    while (session.state !== "waiting") await until(session, "statechange");
    const live = until(session, "live");
    dispatchEvent(new Event("online"));
    equal((await live).resumed, true);
    await session.close();
  });
  await check("a page that is hidden acknowledges at once", async () => {
    const key = `hidden-${Math.random()}`;
    const session = new RejoinSession(`${peer}/session?key=${key}`);
    await session.ready;
    const came = until(session, "message");
    await command(key, "say&text=5");
    equal((await came).data, 5);
    const before = session.metrics.framesSent;
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await undefined;
    const after = session.metrics.framesSent;
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
    equal(after, before + 1);
    await session.close();
  });
  await check("a closed session leaves no listener on the page", async () => {
    const { addEventListener, removeEventListener } = EventTarget.prototype;
    const page = [globalThis, document];
    let [added, listeners] = [0, 0];
    EventTarget.prototype.addEventListener = function (...given) {
      if (page.includes(this ?? globalThis)) [added, listeners] = [added + 1, listeners + 1];
      return addEventListener.apply(this, given);
    };
    EventTarget.prototype.removeEventListener = function (...given) {
      if (page.includes(this ?? globalThis)) listeners--;
      return removeEventListener.apply(this, given);
    };
    const session = new RejoinSession(other());
    await session.ready;
    await session.close();
    while (session.alias !== undefined) await new Promise((resolve) => setTimeout(resolve));
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
    if (added === 0) throw new Error("nothing was listened to");
    equal(listeners, 0);
  });
  await check("a database or a lock that never answers keeps no session from its page", async () => {
    const never = () => new Promise(() => {});
    for (const [of, name, silent] of [[IDBFactory.prototype, "open", () => ({})], [LockManager.prototype, "request", never]]) {
      const real = of[name];
      of[name] = silent;
      const { session, publications, notKept } = await RejoinSession.reopen("silent", address());
      of[name] = real;
      equal([publications, notKept.name], [[], "KeepError"]);
      if (!/no answer within 5 s/.test(notKept.message)) throw new Error(notKept.message);
      await session.publish("silent", "said all the same");
      await session.close();
    }
  });
  const { session, publications } = await RejoinSession.reopen("chat", address("&unanswered=1"));
  await check("a second session under a name that is in use is one of its own", async () => {
    equal(publications, []);
    await session.ready;
    const { session: second } = await RejoinSession.reopen("chat", address());
    await second.ready;
    if (second.alias === session.alias) throw new Error("both are the same");
    // The tab remembers the newest: the first one is to be found again.
    await second.close();
  });
  const kept = await RejoinSession.reopen("reloaded", address("&unanswered=1"));
  for (const text of ["one", "two"]) kept.session.publish("kept", { text }).catch(() => {});
  const reader = new RejoinSession(address());
  await entries(reader.subscribe("kept", { since: "everything" }), 2);
  memory.alias = kept.session.alias;
  memory.reloaded = true;
  remember();
  for (let text = 0; text < LAST; text++) kept.session.publish("kept", { text }).catch(() => {});
  location.reload();
}

async function after() {
  const { session, publications } = await RejoinSession.reopen("reloaded", address());
  await check("what was published and not answered before a reload is in the channel once", async () => {
    equal(publications.slice(0, 2).map(({ channel, number, payload }) => [channel, number, payload]), [
      ["kept", 0, { text: "one" }], ["kept", 1, { text: "two" }],
    ]);
    const receipts = await Promise.all(publications.map(({ receipt }) => receipt));
    equal(receipts.slice(0, 2).map(({ number }) => number), [0, 1]);
  });
  await check("what is published in the turn in which the page is left is in the channel once", async () => {
    equal(publications.slice(2).map(({ payload }) => payload.text), [...Array(LAST).keys()]);
    const found = await entries(session.subscribe("kept", { since: "everything" }), 2 + LAST);
    equal(found.map(({ text }) => text), ["one", "two", ...Array(LAST).keys()]);
  });
  await check("the identity outlives the reload, and the numbers go on", async () => {
    equal(session.alias, memory.alias);
    equal((await session.publish("kept", { text: "three" })).number, 2 + LAST);
    const found = await entries(session.subscribe("kept", { since: "everything" }), 3 + LAST);
    equal(found.at(-1).text, "three");
  });
  await check("a kept session that was closed is over for the next page as well", async () => {
    await session.close();
    const again = await RejoinSession.reopen("reloaded", address());
    await again.session.ready;
    equal(again.publications, []);
    if (again.session.alias === memory.alias) throw new Error("it is the same");
    await again.session.close();
  });
}

await (memory.reloaded ? after() : before()).catch((error) => (memory.results.failed = String(error?.stack ?? error)));
if (memory.reloaded && memory.results[names.at(-1)] || memory.results.failed) {
  await fetch("/report", { method: "POST", body: JSON.stringify(memory.results) });
}
