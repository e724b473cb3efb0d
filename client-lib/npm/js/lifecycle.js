// The page's life: network, visibility, freezing, the back-forward cache. A worker and Node.js have less of it.

/** The names of what a page says, by number. */
export const HINTS = ["online", "offline", "hidden", "visible", "frozen", "resumed", "", "cached", "leaving", "on another network"];

const ONLINE = 0, OFFLINE = 1, HIDDEN = 2, VISIBLE = 3, FROZEN = 4, RESUMED = 5, CACHED = 7, CHANGED = 9;
export const LEAVING = 8;

/**
 * Listens until the function that it returns is called; first tells what no event will say. Where `closes` is true the
 * connection is closed when the page goes into the back-forward cache.
 */
export function watchPage(tell, closes) {
  const { document, navigator } = globalThis;
  const listener = (event) => {
    switch (event.type) {
      case "online": return tell(ONLINE);
      case "offline": return tell(OFFLINE);
      case "visibilitychange": return tell(document.hidden ? HIDDEN : VISIBLE);
      case "pagehide": return tell(closes && event.persisted ? CACHED : FROZEN);
      case "freeze": return tell(FROZEN);
      case "change": return tell(CHANGED);
      case "resume": return tell(RESUMED);
      // Shown from the back-forward cache; the first showing of a page is no resumption.
      case "pageshow": return event.persisted ? tell(RESUMED) : undefined;
    }
  };
  const places = [
    [globalThis, ["online", "offline", "pageshow", "pagehide"]],
    [document, ["visibilitychange", "freeze", "resume"]],
    [navigator?.connection, ["change"]],
  ].filter(([target]) => typeof target?.addEventListener === "function");
  const listen = (how) => places.forEach(([target, types]) => types.forEach((type) => target[how](type, listener)));
  listen("addEventListener");
  tell(document?.hidden ? HIDDEN : VISIBLE);
  tell(navigator?.onLine === false ? OFFLINE : ONLINE);
  return () => listen("removeEventListener");
}

/**
 * Tells by `listener` that the page may be left, or no longer. Only while a socket is open: the listener keeps a page out of
 * Firefox's back-forward cache, as an open socket does by itself.
 */
export function watchLeaving(listener, begin) {
  globalThis[begin ? "addEventListener" : "removeEventListener"]?.("beforeunload", listener);
}
