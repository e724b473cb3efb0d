// The page's life: network, visibility, freezing, the back-forward cache. A worker and Node.js have less of it.

/** What a page says, by the number that the link has for it. */
export const HINTS = ["online", "offline", "hidden", "visible", "frozen", "resumed", "", "paused", "closed", "on another network"];
const ONLINE = 0, OFFLINE = 1, HIDDEN = 2, VISIBLE = 3, FROZEN = 4, RESUMED = 5, PAUSE = 7, CLOSE = 8, CHANGED = 9;

/** Listens until the function that it returns is called. Tells the present state first, of which there is no event. */
export function watchPage(tell, { pauseHiddenAfter, closeHiddenAfter, closeOnPageHide }) {
  const { document, navigator } = globalThis;
  let timers = [];
  const look = (hidden) => {
    timers.forEach(clearTimeout);
    timers = [];
    tell(hidden ? HIDDEN : VISIBLE);
    if (!hidden) return;
    for (const [after, input] of [[pauseHiddenAfter, PAUSE], [closeHiddenAfter, CLOSE]]) {
      if (after < 2 ** 31) timers.push(setTimeout(tell, after, input));
    }
  };
  const listener = ({ type, persisted }) => {
    switch (type) {
      case "online": return tell(ONLINE);
      case "offline": return tell(OFFLINE);
      case "visibilitychange": return look(document.hidden);
      case "pagehide": return tell(closeOnPageHide && persisted ? CLOSE : FROZEN);
      case "freeze": return tell(FROZEN);
      case "change": return tell(CHANGED);
      case "resume": return tell(RESUMED);
      // Shown from the back-forward cache; the first showing of a page is no resumption.
      case "pageshow": return persisted && tell(RESUMED);
    }
  };
  const places = [
    [globalThis, ["online", "offline", "pageshow", "pagehide"]],
    [document, ["visibilitychange", "freeze", "resume"]],
    [navigator?.connection, ["change"]],
  ].filter(([target]) => typeof target?.addEventListener === "function");
  const listen = (how) => places.forEach(([target, types]) => types.forEach((type) => target[how](type, listener)));
  listen("addEventListener");
  if (document) look(document.hidden);
  tell(navigator?.onLine === false ? OFFLINE : ONLINE);
  return () => {
    timers.forEach(clearTimeout);
    listen("removeEventListener");
  };
}

/**
 * Tells by `listener` that the page may be left, or no longer. Only while a socket is open: the listener keeps a page out of
 * Firefox's back-forward cache, as an open socket does by itself.
 */
export function watchLeaving(listener, begin) {
  globalThis[begin ? "addEventListener" : "removeEventListener"]?.("beforeunload", listener);
}
