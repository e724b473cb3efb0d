import { RejoinSession } from "./node_modules/rejoin/session.js";
import { talk } from "./talk.js";

const say = (words) => fetch("/said", { method: "POST", body: words });
talk(RejoinSession, new URL(self.location).searchParams.get("server"), say).catch((error) => say(`failed: ${error}`));
