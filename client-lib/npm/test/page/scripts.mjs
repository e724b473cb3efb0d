// What is done to a class shaped as WHATWG's WebSocket. Each script notes values, exceptions and events; the notes on
// the browser's own class and on ours are to be the same.

/** Every character that a subprotocol may not have, and some that it may. */
const CHARACTERS = Array.from({ length: 0x100 }, (_, code) => String.fromCharCode(code)).concat("é", "あ", "😀");

const URLS = [
  "ws://a.invalid/#x", "ws://a.invalid/#", "http://a.invalid/#", "ftp://a.invalid", "mailto:a@a.invalid", "a:b", "ws:", "ws:///",
  "ws://", "ws://a b", "ws://a:99999/", "ws://a:x/", "wss://[::1", "//", "http://", "javascript:1", "data:,x", "about:blank",
];

// Of the fractions only such as rounding and cutting off make the same of: the standard rounds, Chromium cuts off.
const CLOSE_CODES = [
  0, 1, 999, 1001, 1001.5, 1002, 1005, 1006, 1015, 2999, 2999.4, 5000, 5000.5, 65535, 65536,
  -1, NaN, Infinity, -Infinity, null, "1000x", "", false, true, {}, [],
];

/** Where browsers disagree ours does what Chromium does, and this says what each other browser does. */
export const disagreements = {
  firefox: {
    "a reason without a code": "Firefox takes it, as the standard says, and sends neither",
    "an empty URL": "Firefox refuses it, and the standard resolves it as any relative one",
  },
  webkit: {
    "a reason without a code": "WebKit takes it, as the standard says, and sends neither",
  },
};

export const scripts = {
  "constants are on the class and on its objects"(t) {
    for (const place of [t.Socket, t.Socket.prototype]) {
      for (const name of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]) {
        const owner = Object.hasOwn(place, name) ? place : Object.getPrototypeOf(place);
        const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(owner, name);
        t.note(name, value, writable, enumerable, configurable);
      }
    }
  },

  "members are where WebIDL puts them"(t) {
    const own = t.Socket.name === "WebSocket" ? t.Socket.prototype : Object.getPrototypeOf(t.Socket.prototype);
    for (const name of ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "onopen",
      "onmessage", "onerror", "onclose", "send", "close"]) {
      const { get, set, value, enumerable, configurable } = Object.getOwnPropertyDescriptor(own, name);
      t.note(name, typeof get, typeof set, typeof value, value?.length, enumerable, configurable);
    }
    t.note(own instanceof EventTarget, own.constructor.length);
  },

  async "the constructor's URLs"(t) {
    for (const url of URLS) t.attempt(url, () => t.over(new t.Socket(url)));
    t.attempt("no argument", () => new t.Socket());
    t.attempt("symbol", () => new t.Socket(Symbol("x")));
    t.attempt("without new", () => t.Socket("ws://a.invalid"));
  },

  async "relative URLs and other schemes are resolved"(t) {
    for (const url of ["/a", "a/b?c", "?q", "//b.invalid:81/x", "http://c.invalid:80/", "https://c.invalid:443",
      "https://c.invalid:80", "WS://D.invalid", "ws://u:p@e.invalid/\u00e4 ö", "ws://f.invalid:80/..//x", new URL("ws://g.invalid/z"),
      "ws://h.invalid/\ud800"]) {
      await t.attempt(String(url), () => {
        const socket = new t.Socket(url);
        t.note(socket.url);
        return t.over(socket);
      });
    }
  },

  async "subprotocols, character by character"(t) {
    for (const character of CHARACTERS) {
      const code = character.codePointAt(0).toString(16);
      await t.attempt(code, () => t.over(new t.Socket(`${t.peer}/echo`, [`a${character}`, "b"])));
    }
  },

  async "subprotocols of other kinds"(t) {
    const generated = { *[Symbol.iterator]() { yield "a"; yield "b"; } };
    for (const [name, value] of Object.entries({
      empty: "", list: [], undef: undefined, nothing: null, number: 5, twice: ["a", "a"], cases: ["a", "A"], three: ["a", "b", "a"],
      holes: [undefined, null], nested: [["x"]], commas: [["x", "y"]], object: {}, generated, set: new Set(["a", "b"]), bool: true,
    })) await t.attempt(name, () => t.over(new t.Socket(`${t.peer}/echo`, value)));
    t.attempt("symbol in a list", () => new t.Socket(t.dead, [Symbol("x")]));
  },

  async "a life: open, text, binary, close"(t) {
    const socket = t.socket("/echo");
    t.note(socket.readyState, socket.protocol, socket.extensions, socket.bufferedAmount, socket.binaryType);
    await t.until(socket, "open");
    for (const data of ["text", "", "ä😀", "\ud800x\udc00", new Uint8Array([1, 2, 3]), new Uint8Array(8).subarray(2, 5),
      new DataView(new ArrayBuffer(4), 1, 2), new ArrayBuffer(5), new Blob(["blob"]), new File(["file"], "name"), 7, null, undefined,
      {}, [1, 2], new URL("ws://x/")]) {
      socket.send(data);
      await t.until(socket, "message");
    }
    socket.close();
    t.note(socket.readyState);
    await t.until(socket, "close");
  },

  async "the type of binary messages changes at once, and a wrong one not at all"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    for (const type of ["arraybuffer", "blob", "arraybuffer", "nonsense", "BLOB", "", null, undefined, 1, "blob"]) {
      t.attempt(String(type), () => void (socket.binaryType = type));
      t.note(socket.binaryType);
      socket.send(new Uint8Array([9]));
      await t.until(socket, "message");
    }
    socket.close();
    await t.until(socket, "close");
  },

  async "sending in each state"(t) {
    const socket = t.socket("/echo");
    t.attempt("connecting", () => socket.send("x"));
    t.attempt("connecting, nothing", () => socket.send());
    t.attempt("connecting, symbol", () => socket.send(Symbol("x")));
    t.note(socket.bufferedAmount);
    await t.until(socket, "open");
    t.attempt("open, nothing", () => socket.send());
    t.attempt("open, symbol", () => socket.send(Symbol("x")));
    socket.close();
    t.note(socket.bufferedAmount);
    for (const data of ["abc", "ä", "\ud800", new Uint8Array(5), new Blob(["1234567"]), ""]) {
      t.attempt("closing", () => socket.send(data));
      t.note(socket.bufferedAmount);
    }
    await t.until(socket, "close");
    const before = socket.bufferedAmount;
    for (const data of ["abc", new ArrayBuffer(5)]) t.attempt("closed", () => socket.send(data));
    t.note(before, socket.bufferedAmount);
  },

  async "what is sent counts as buffered until it has left"(t) {
    const socket = t.socket("/sink");
    await t.until(socket, "open");
    socket.send("a".repeat(1000));
    socket.send(new Uint8Array(500));
    socket.send("ä".repeat(10));
    t.note(socket.bufferedAmount);
    socket.send("stats");
    await t.until(socket, "message", () => ["stats"]);
    t.note(socket.bufferedAmount);
    socket.close();
    await t.until(socket, "close");
  },

  async "closing: codes"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    for (const code of CLOSE_CODES) {
      t.attempt(String(code), () => socket.close(code));
    }
    t.attempt("symbol", () => socket.close(Symbol("x")));
    t.attempt("symbol as reason", () => socket.close(1000, Symbol("x")));
    t.attempt("big", () => socket.close(1000n));
    t.note(socket.readyState);
    socket.close("3000.25", "from a string");
    await t.until(socket, "close");
    for (const code of [999, 1000, undefined]) t.attempt("closed", () => socket.close(code));
  },

  async "closing: reasons"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    for (const reason of ["x".repeat(124), "ä".repeat(62), "\ud800".repeat(42), "😀".repeat(31), "x".repeat(122) + "ä"]) {
      t.attempt(reason.length, () => socket.close(1000, reason));
      t.attempt("both wrong", () => socket.close(1001, reason));
    }
    t.note(socket.readyState);
    t.attempt("just", () => socket.close(3000, "ä".repeat(60) + "\ud800"));
    t.note(socket.readyState);
    t.attempt("again", () => socket.close(4000, "other"));
    t.attempt("again, wrong", () => socket.close(1, "other"));
    await t.until(socket, "close");
  },

  async "closing with every way to leave arguments out"(t) {
    for (const close of [[], [undefined], [1000], [1000, ""], [1000, undefined], [3000, null], [4999, "bye"], [undefined, undefined]]) {
      const socket = t.socket("/echo");
      await t.until(socket, "open");
      t.attempt(JSON.stringify(close), () => socket.close(...close));
      if (socket.readyState === 1) socket.close();
      await t.until(socket, "close");
    }
  },

  async "a reason without a code"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    for (const reason of ["", "x", "x".repeat(124), null]) t.attempt(reason, () => socket.close(undefined, reason));
    socket.close();
    await t.until(socket, "close");
  },

  async "an empty URL"(t) {
    await t.attempt("empty", () => t.over(new t.Socket("")));
  },

  async "closing while connecting"(t) {
    for (const close of [[], [1000, "x"], [4000]]) {
      const socket = t.socket("/echo");
      socket.close(...close);
      t.note(socket.readyState);
      await t.until(socket, "close");
      t.note(socket.readyState, socket.protocol, socket.bufferedAmount);
    }
    const socket = t.socket("/silent-handshake");
    await t.turn();
    socket.close();
    await t.until(socket, "close");
  },

  async "closing from within the handlers"(t) {
    for (const type of ["open", "message", "close"]) {
      const socket = t.socket("/echo");
      socket.addEventListener("open", () => socket.send("x"), { once: true });
      socket.addEventListener(type, () => socket.close(4001, type));
      if (type === "close") socket.addEventListener("message", () => socket.close(4002, "other"));
      await t.until(socket, "close");
    }
  },

  async "the server closes"(t) {
    for (const path of ["/close?code=1000", "/close?code=1001&reason=going", "/close?code=1011&reason=%C3%A4", "/close?code=4321&reason=x",
      "/close-without-code", "/cut?after=1", "/accept-then-close?code=1012", "/close?code=1000&after=1"]) {
      const socket = t.socket(path);
      socket.addEventListener("open", () => path.endsWith("after=1") && socket.send("x"));
      await t.until(socket, "close");
      t.note(socket.readyState, socket.bufferedAmount, socket.url.length);
    }
  },

  async "what never opens"(t) {
    for (const url of [t.dead, `${t.peer}/refuse?status=403`, `${t.peer}/refuse?status=503`]) {
      const socket = t.watch(new t.Socket(url));
      await t.until(socket, "close");
      t.note(socket.readyState);
      t.attempt("send", () => socket.send("x"));
      t.note(socket.bufferedAmount);
    }
  },

  async "the subprotocol that the server picks"(t) {
    for (const [path, offered] of [["/echo", ["a", "b"]], ["/pick?name=b", ["a", "b"]], ["/echo", "one"], ["/echo", []],
      ["/pick?name=c", ["a", "b"]], ["/pick?name=c", []], ["/pick?name=", ["a"]]]) {
      const socket = t.watch(new t.Socket(t.peer + path, offered));
      await Promise.race([t.until(socket, "open"), t.until(socket, "close")]);
      t.note(socket.protocol, socket.extensions);
      socket.close();
      if (socket.readyState < 3) await t.until(socket, "close");
      t.note(socket.protocol);
    }
  },

  async "handlers have their place among the listeners"(t) {
    const socket = new t.Socket(`${t.peer}/close?code=1000`);
    const say = (word) => () => { t.note(word); };
    socket.addEventListener("open", say("listener 1"));
    socket.onopen = say("handler");
    socket.addEventListener("open", say("listener 2"));
    socket.onopen = say("handler in its place");
    socket.addEventListener("close", say("close 1"));
    socket.onclose = say("gone");
    socket.onclose = null;
    socket.addEventListener("close", say("close 2"), { once: true });
    socket.onclose = say("handler at the end");
    const never = new AbortController();
    socket.addEventListener("close", say("aborted"), { signal: never.signal });
    never.abort();
    const twice = say("once only");
    socket.addEventListener("close", twice);
    socket.addEventListener("close", twice);
    socket.addEventListener("close", { handleEvent(event) { t.note("object", this !== undefined, event.type); } });
    await new Promise((resolve) => socket.addEventListener("close", resolve));
  },

  async "values of handler attributes"(t) {
    const socket = new t.Socket(`${t.peer}/close?code=1000`);
    for (const name of ["onopen", "onmessage", "onerror", "onclose"]) {
      for (const value of [undefined, null, 5, "x", true, Symbol("s"), {}, [], () => {}, class {}]) {
        t.attempt(name, () => void (socket[name] = value));
        t.note(socket[name] === value, socket[name] === null);
      }
      socket[name] = { handleEvent() { t.note("must not be called"); } };
    }
    socket.onopen = function (event) {
      t.note(this === socket, event.currentTarget === socket, arguments.length);
      return false;
    };
    await new Promise((resolve) => socket.addEventListener("close", resolve));
  },

  async "an exception in a handler does not stop the others"(t) {
    const errors = [];
    const caught = (event) => { errors.push(String(event.error)); event.preventDefault(); };
    addEventListener("error", caught);
    const socket = new t.Socket(`${t.peer}/echo`);
    for (const type of ["open", "message", "close"]) {
      socket.addEventListener(type, () => { throw new Error(`first of ${type}`); });
      socket[`on${type}`] = () => { throw new Error(`handler of ${type}`); };
      socket.addEventListener(type, () => t.note(type));
    }
    socket.addEventListener("open", () => socket.send("x"));
    socket.addEventListener("message", () => socket.close());
    await new Promise((resolve) => socket.addEventListener("close", resolve));
    await t.turn();
    removeEventListener("error", caught);
    t.note(errors);
  },

  async "listeners that are added and removed while an event is told"(t) {
    const socket = new t.Socket(`${t.peer}/close?code=1000`);
    const late = () => t.note("must not be called");
    socket.addEventListener("open", () => {
      t.note("first");
      socket.addEventListener("open", () => t.note("must not be called either"));
      socket.removeEventListener("open", late);
      socket.onopen = null;
    });
    socket.addEventListener("open", late);
    socket.onopen = late;
    socket.addEventListener("open", (event) => event.stopImmediatePropagation());
    socket.addEventListener("open", late);
    await new Promise((resolve) => socket.addEventListener("close", resolve));
  },

  async "an order of many kinds and sizes is kept"(t) {
    const socket = t.socket("/echo", { quiet: true });
    socket.binaryType = "arraybuffer";
    await t.until(socket, "open");
    const sizes = Array.from({ length: 60 }, (_, at) => (at * 7919) % 3000);
    const came = [];
    const all = new Promise((resolve) => (socket.onmessage = ({ data }) => {
      came.push(typeof data === "string" ? `t${data.length}` : `b${data.byteLength}`);
      if (came.length === sizes.length) resolve();
    }));
    sizes.forEach((size, at) => socket.send([new Uint8Array(size), "x".repeat(size), new Blob(["y".repeat(size)])][at % 3]));
    await all;
    t.note(came);
    socket.close();
    await t.until(socket, "close");
  },

  async "what is sent just before close arrives"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    for (let at = 0; at < 5; at++) socket.send(`message ${at}`);
    socket.close(1000, "done");
    await t.until(socket, "close");
  },

  async "a message that is changed after sending goes as it was"(t) {
    const socket = t.socket("/echo", { quiet: true });
    socket.binaryType = "arraybuffer";
    await t.until(socket, "open");
    const bytes = new Uint8Array([1, 2, 3]);
    socket.send(bytes);
    bytes.fill(9);
    await new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(t.note([...new Uint8Array(data)]))));
    socket.close();
    await t.until(socket, "close");
  },

  async "shared memory and detached buffers"(t) {
    const socket = t.socket("/echo");
    await t.until(socket, "open");
    const detached = new Uint8Array(4);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    t.attempt("detached view", () => socket.send(detached));
    t.attempt("detached buffer", () => socket.send(detached.buffer));
    socket.send("last");
    await new Promise((resolve) => socket.addEventListener("message", ({ data }) => data === "last" && resolve()));
    socket.close();
    await t.until(socket, "close");
  },

  async "listeners of a connection that nobody refers to are told all the same"(t) {
    let arrived;
    const all = new Promise((resolve) => (arrived = resolve));
    (() => {
      const socket = new t.Socket(`${t.peer}/burst?count=50&size=4000`);
      let count = 0;
      socket.addEventListener("message", () => {
        globalThis.gc?.();
        if (++count === 50) arrived(t.note("all"));
      });
    })();
    globalThis.gc?.();
    await all;
  },

  async "a page that goes takes its connections with it"(t) {
    const key = `unload-${Math.random()}`;
    const frame = document.createElement("iframe");
    const opened = new Promise((resolve) => addEventListener("message", resolve, { once: true }));
    frame.src = `/page/frame.html?${new URLSearchParams({ url: `${t.peer}/echo?key=${key}`, own: t.Socket.name !== "WebSocket" })}`;
    document.body.append(frame);
    t.note((await opened).data);
    frame.remove();
    const stats = await fetch(`${t.peer.replace("ws", "http")}/stats?key=${key}&until=open_now.le.0`);
    t.note(stats.ok, (await stats.json()).opened);
  },
};
