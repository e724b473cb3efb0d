import { Rejoin } from "rejoin";
import { chat } from "./chat.js";

const say = (words) => fetch("/said", { method: "POST", body: words });
const server = document.querySelector("[data-server]").dataset.server;
chat(Rejoin, server, say).catch((error) => say(`failed: ${error}`));
