import { RejoinSession } from "rejoin/session";
import { talk } from "./talk.js";

const say = (words) => fetch("/said", { method: "POST", body: words });
const server = document.querySelector("[data-server]").dataset.server;
talk(RejoinSession, server, say).catch((error) => say(`failed: ${error}`));
