// The types in Node.js, without a page's library.
import { WebSocket } from "ws";
import { Rejoin } from "rejoin";
import { RejoinSession } from "rejoin/session";

const session = new RejoinSession("wss://example.org/session", { WebSocket });
session.onlive = (event) => event.resumed;
session.onmessage = ({ data, type }) => [data, type];
session.addEventListener("ended", ({ code, last }) => [code, last?.gaveUp], { once: true });
session.addEventListener("message", { handleEvent: ({ data }) => void data });
const socket = new Rejoin("wss://example.org/ws", [], { WebSocket });
socket.onmessage = ({ data }) => data;
socket.onclose = ({ code, reason, willRetry }) => [code, reason, willRetry];
export {};
