import { RejoinSession } from "rejoin/session";
import { talk } from "./talk.js";

const options = globalThis.WebSocket ? {} : { WebSocket: (await import("ws")).WebSocket };
await talk(RejoinSession, process.argv[2], (words) => process.stdout.write(`${words}\n`), options);
