// Figures by name, in the order of client-lib/npm/session/src/port.rs.

const NAMES = [
  "roundTrip", "queuedMessages", "queuedBytes", "unackedFrames", "unackedBytes", "unansweredPublications", "resentFrames",
  "batchesSent", "framesSent", "batchesReceived", "framesReceived", "welcomes", "liveFor", "awayFor", "waiting", "waitingBytes",
];

export function readMetrics(figures) {
  const metrics = Object.fromEntries(NAMES.map((name, at) => [name, figures[at]]));
  if (Number.isNaN(metrics.roundTrip)) metrics.roundTrip = undefined;
  return metrics;
}
