import { Rejoin } from "./node_modules/rejoin/rejoin.js";
import { chat } from "./chat.js";

const say = (words) => fetch("/said", { method: "POST", body: words });
chat(Rejoin, new URL(self.location).searchParams.get("server"), say).catch((error) => say(`failed: ${error}`));
