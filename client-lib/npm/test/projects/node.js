import { Rejoin } from "rejoin";
import { chat } from "./chat.js";

const options = globalThis.WebSocket ? {} : { WebSocket: (await import("ws")).WebSocket };
await chat(Rejoin, process.argv[2], (words) => process.stdout.write(`${words}\n`), options);
