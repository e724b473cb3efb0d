// Runs each script on the browser's class and on ours, then what there is to check of ours alone, and tells the server.
import { Rejoin } from "/package/rejoin.js";
import { checks } from "./checks.mjs";
import { notes } from "./rig.mjs";
import { scripts } from "./scripts.mjs";

class Plain extends Rejoin {
  constructor(...given) {
    if (given.length === 0) super();
    else super(given[0], given[1], { reconnect: false });
  }
}

const { searchParams } = new URL(import.meta.url);
const where = { peer: searchParams.get("peer"), dead: searchParams.get("dead") };
const [results, ours] = [{}, {}];
for (const [name, script] of Object.entries(scripts)) {
  const [expected, found] = [await notes(WebSocket, script, where), await notes(Plain, script, where)];
  results[name] = { expected, found };
}
for (const [name, check] of Object.entries(checks)) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("took too long")), 15_000));
  ours[name] = await Promise.race([check(where), late]).then(() => "ok", (error) => String(error?.stack ?? error));
}
await fetch("/report", { method: "POST", body: JSON.stringify({ results, ours }) });
