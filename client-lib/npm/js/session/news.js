// What happens to a session, as events. The numbers are those of client-lib/npm/session/src/told.rs.
import { eventWith, IncomingEvent } from "../events.js";
import { decode, decodeBytes, decodeMessage } from "./payload.js";

export const LIVE = 0, LOST = 1, VOLATILE = 2, DISCONNECTED = 3, NOT_KEPT = 4, ENDED = 5, STATE = 6, MESSAGE = 7;

export const STATES = ["connecting", "greeting", "live", "waiting", "closing", "ended"];

const LOST_REASONS = ["kept", "fresh", "given-up", "ended", "too-large"];

/** The event of what happened. */
export function eventOf(what, first, second) {
  switch (what & 7) {
    case LIVE: return eventWith("live", { resumed: first, protocol: second });
    case LOST: {
      const [unacked, unsent] = second.map((messages) => messages.map(decodeMessage));
      return eventWith("lost", { reason: LOST_REASONS[first], unacked, unsent });
    }
    case VOLATILE: return readable(first, () => incoming("volatile", decodeBytes(first)));
    case DISCONNECTED: return eventWith("disconnect", first);
    case NOT_KEPT: return eventWith("notkept", { message: first });
    case ENDED: return eventWith("ended", { code: first, reason: second });
    case STATE: return stateEvent(STATES[what >> 3], first, second);
    case MESSAGE: return readable(first, () => new IncomingEvent(decode(first, true)));
  }
}

const incoming = (type, data) => eventWith(type, { data });

/** An event of what can't be read is one of its own, so that a listener need not ask. */
function readable(raw, read) {
  try {
    return read();
  } catch (error) {
    return eventWith("undecodable", { raw, error });
  }
}

export function stateEvent(state, first, last) {
  if (state === "connecting") return eventWith("statechange", { state, attempt: first });
  if (state !== "waiting") return eventWith("statechange", { state });
  const [attempt, delay] = first;
  return eventWith("statechange", { state, attempt, delay, last });
}
