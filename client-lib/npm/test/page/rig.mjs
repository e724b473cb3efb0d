// Runs a script on a class and keeps its notes.

/** How long a script may take. */
const PATIENCE = 20_000;

function plain(value) {
  if (value instanceof Blob) return `Blob of ${value.size}`;
  if (value instanceof ArrayBuffer) return `ArrayBuffer of ${value.byteLength}`;
  if (typeof value === "number" || typeof value === "boolean" || value === null || value === undefined) return String(value);
  if (typeof value === "string") return [...value].map((c) => (/[\ud800-\udfff]/.test(c) ? `\\u${c.charCodeAt(0).toString(16)}` : c)).join("");
  return JSON.stringify(value);
}

/** The notes that a script makes of a class. */
export async function notes(Socket, script, { peer, dead }) {
  const lines = [];
  const note = (...values) => void lines.push(values.map(plain).join(" "));
  const failed = (what, error) => {
    note(what, "threw", error?.constructor?.name, error?.name, error?.code);
  };
  const t = {
    Socket, peer, dead, note,
    attempt(what, action) {
      try {
        const result = action();
        note(what, "passed");
        if (result instanceof Promise) return result.catch((error) => failed(what, error));
      } catch (error) {
        failed(what, error);
      }
    },
    socket: (path, options) => t.watch(new Socket(peer + path), options),
    watch(socket, { quiet = false } = {}) {
      for (const type of quiet ? [] : ["open", "message", "error", "close"]) {
        socket.addEventListener(type, (event) => {
          note(type, event.type, socket.readyState, event.target === socket, event.bubbles, event.cancelable, event.composed,
            event.eventPhase, event.defaultPrevented);
          if (type === "message") note(event.data, event.origin, event.lastEventId, event.source, event.ports.length, event instanceof MessageEvent);
          if (type === "close") note(event.code, event.reason, event.wasClean, event instanceof CloseEvent);
        });
      }
      return socket;
    },
    until: (socket, type) => new Promise((resolve) => socket.addEventListener(type, resolve, { once: true })),
    /** Closes at once and waits for the end. Browsers admit only so many that are connecting. */
    over: (socket) => (socket.close(), t.until(socket, "close")),
    turn: () => new Promise((resolve) => setTimeout(resolve, 20)),
  };
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("took too long")), PATIENCE));
  try {
    await Promise.race([script(t), late]);
  } catch (error) {
    failed("the script", error);
    note(String(error));
  }
  return lines;
}
