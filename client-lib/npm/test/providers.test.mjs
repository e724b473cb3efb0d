// Functions for URL, subprotocols and token that are slow, late, silent or wrong, and supplied classes that never answer.
import assert from "node:assert/strict";
import { test } from "node:test";

import { packageUrl, PEER, sessionUrl, toolUrl } from "./rig.mjs";

const { Rejoin } = await import(packageUrl);
const { RejoinSession } = await import(sessionUrl);
const { WebSocket } = await import(toolUrl("ws/wrapper.mjs"));

const QUICK = { WebSocket, minReconnectionDelay: 1, maxReconnectionDelay: 5, seed: 1 };
const HOUR = 3_600_000;
const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A function that is asked, whose calls the test answers. */
function provider() {
  const calls = [];
  const give = (...given) => {
    const signal = given.at(-1);
    const call = { signal, given, settled: false };
    const promise = new Promise((resolve, reject) => Object.assign(call, { resolve, reject }));
    promise.then(() => (call.settled = true), () => (call.settled = true));
    calls.push(call);
    give.most = Math.max(give.most, calls.filter(({ settled }) => !settled).length);
    return promise;
  };
  give.most = 0;
  give.calls = calls;
  return give;
}

/** Both classes, to which a function gives the URL; `cause` is that of the ends, as they come. */
const CLASSES = {
  Rejoin: {
    url: `${PEER}/echo`,
    open(t, url, options) {
      const socket = new Rejoin(url, [], { ...QUICK, ...options });
      t.after(() => socket.close());
      return { socket, end: "close", isOpen: () => socket.state === "open" };
    },
  },
  RejoinSession: {
    url: `${PEER}/session`,
    open(t, url, options) {
      const socket = new RejoinSession(url, { ...QUICK, ...options });
      socket.ready.catch(() => {});
      t.after(() => socket.close());
      return { socket, end: "disconnect", isOpen: () => socket.state === "live" };
    },
  },
};

for (const [name, { url, open }] of Object.entries(CLASSES)) {
  test(`${name}: the connection time-out begins when the function has answered`, async (t) => {
    const asked = provider();
    const { socket, end } = open(t, asked, { connectionTimeout: 300 });
    await turn();
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.deepEqual([socket.state, asked.calls.length], ["connecting", 1]);
    // From now on it has 300 ms, which a server that says nothing uses up.
    const [begun, ended] = [performance.now(), next(socket, end)];
    asked.calls[0].resolve(`${PEER}/silent-handshake`);
    assert.equal((await ended).cause, "connect-timeout");
    assert.ok(performance.now() - begun >= 290);
  });

  test(`${name}: a late answer ends the wait, and no second call runs beside the first`, async (t) => {
    const asked = provider();
    const options = { providerTimeout: 30, minReconnectionDelay: HOUR, maxReconnectionDelay: 2 * HOUR };
    const { socket, end } = open(t, asked, options);
    const event = await next(socket, end);
    assert.equal(event.cause, "provider-timeout");
    await turn();
    assert.equal(asked.calls[0].signal.aborted, true, "the signal says that the answer is late");
    asked.calls[0].resolve(url);
    await socket.ready;
    assert.deepEqual([asked.calls.length, asked.most], [1, 1]);
  });

  test(`${name}: a function that never answers has at most two calls, and each attempt ends`, async (t) => {
    const asked = provider();
    const { socket, end } = open(t, asked, { providerTimeout: 20, maxRetries: 9 });
    const causes = [];
    let last;
    while (!last?.gaveUp) causes.push((last = await next(socket, end)).cause);
    assert.equal(causes.length, 10);
    assert.ok(causes.every((cause) => cause === "provider-timeout"), String(causes));
    assert.ok(asked.calls.length <= 2 && asked.most <= 2, `${asked.calls.length} calls`);
    await turn();
    assert.ok(asked.calls.every(({ signal }) => signal.aborted));
  });

  test(`${name}: a function that fails late is called again`, async (t) => {
    const asked = provider();
    const { socket, end } = open(t, asked, { providerTimeout: 30 });
    await next(socket, end);
    asked.calls[0].reject(new Error("too late"));
    while (asked.calls.length < 2) await turn();
    asked.calls[1].resolve(url);
    await socket.ready;
    assert.deepEqual([asked.calls.length, asked.most], [2, 1]);
  });

  test(`${name}: a function that throws at once fails its attempt`, async (t) => {
    let calls = 0;
    const give = () => {
      if (++calls === 1) throw new Error("no cookie");
      return url;
    };
    const { socket, end } = open(t, give);
    const error = end === "close" ? next(socket, "error") : next(socket, end);
    assert.equal((await next(socket, end)).cause, "provider");
    assert.equal((await error).error.message, "no cookie");
    await socket.ready;
  });

  test(`${name}: close() aborts the call, and its answer changes nothing`, async (t) => {
    const asked = provider();
    const { socket } = open(t, asked);
    while (!asked.calls.length) await turn();
    const aborted = next(asked.calls[0].signal, "abort");
    socket.close();
    await aborted;
    asked.calls[0].resolve(url);
    for (let at = 0; at < 5; at++) await turn();
    assert.ok(["closed", "ended"].includes(socket.state), socket.state);
  });

  test(`${name}: reconnect() aborts the call and calls anew, also many times`, async (t) => {
    const asked = provider();
    const { socket, isOpen } = open(t, asked);
    while (!asked.calls.length) await turn();
    for (let at = 0; at < 6; at++) {
      socket.reconnect();
      await turn();
    }
    assert.ok(asked.calls.length <= 2 && asked.most <= 2, `${asked.calls.length} calls`);
    assert.ok(asked.calls[0].signal.aborted);
    asked.calls[0].resolve("ws://wrong.invalid");
    asked.calls[1]?.resolve("ws://wrong.invalid");
    while (asked.calls.length < 3) await turn();
    assert.equal(isOpen(), false);
    asked.calls[2].resolve(url);
    await socket.ready;
  });

  test(`${name}: what is no URL is refused by a name and with what is right`, async (t) => {
    for (const wrong of [undefined, null, 5, {}]) {
      const { socket, end } = open(t, async () => wrong, { reconnect: false });
      const told = end === "close" ? next(socket, "error") : next(socket, end);
      const { error } = await told;
      assert.equal(error.name, "TypeError", String(wrong));
      assert.match(error.message, /function for the URL gave (undefined|null|a value of type (number|object)): it must give a string or a URL/);
    }
  });
}

test("subprotocols of another type are refused by name", async (t) => {
  const socket = new Rejoin(`${PEER}/echo`, async () => 5, { ...QUICK, reconnect: false });
  t.after(() => socket.close());
  const { error } = await next(socket, "error");
  assert.match(error.message, /function for the subprotocols gave a value of type number: it must give a string or a list of strings/);
});

/** A class that does as little as it may. */
class Silent extends EventTarget {
  readyState = 0;
  bufferedAmount = 0;
  extensions = "";
  protocol = "";
  binaryType = "blob";
  constructor(url) {
    super();
    this.url = url;
  }
  send() {}
  close() {
    this.readyState = 2;
  }
  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
}

for (const [name, { open }] of Object.entries(CLASSES)) {
  test(`${name}: a class that never opens ends as a failed attempt`, async (t) => {
    const { socket, end } = open(t, "ws://silent.invalid", { WebSocket: Silent, connectionTimeout: 20, maxRetries: 1 });
    for (let at = 0; at < 2; at++) assert.equal((await next(socket, end)).cause, "connect-timeout");
  });

  test(`${name}: a class whose close throws ends as a failed attempt`, async (t) => {
    class Throws extends Silent {
      close() {
        throw new Error("no");
      }
    }
    const { socket, end } = open(t, "ws://silent.invalid", { WebSocket: Throws, connectionTimeout: 20, maxRetries: 1 });
    for (let at = 0; at < 2; at++) assert.equal((await next(socket, end)).cause, "connect-timeout");
  });

  for (const broken of ["constructor", "addEventListener", "binaryType"]) {
    test(`${name}: a class whose ${broken} throws at the second attempt ends as a failed one`, async (t) => {
      let made = 0;
      class Throws extends Silent {
        constructor(url) {
          super(url);
          const second = ++made > 1;
          if (second && broken === "constructor") throw new Error("no more");
          if (second && broken === "binaryType") {
            Object.defineProperty(this, "binaryType", { set() { throw new Error("no more"); } });
          }
        }
        addEventListener(...given) {
          if (made > 1 && broken === "addEventListener") throw new Error("no more");
          super.addEventListener(...given);
        }
      }
      const { socket, end } = open(t, "ws://silent.invalid", { WebSocket: Throws, connectionTimeout: 20 });
      assert.equal((await next(socket, end)).cause, "connect-timeout");
      assert.equal((await next(socket, end)).cause, "provider");
    });
  }
}

test("a class that never says that it has closed is left at the close time-out", async () => {
  let made;
  class Keeps extends Silent {
    constructor(url) {
      super(url);
      made = this;
      queueMicrotask(() => this.open());
    }
  }
  const socket = new Rejoin("ws://silent.invalid", [], { ...QUICK, WebSocket: Keeps, closeTimeout: 20 });
  await socket.ready;
  socket.close();
  const event = await next(socket, "close");
  assert.deepEqual([event.cause, event.willRetry, made.readyState], ["close-timeout", false, 2]);
});
