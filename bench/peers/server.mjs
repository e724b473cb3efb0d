// The servers of the peers, on one port: a plain WebSocket at /plain, and Socket.IO with its recovery on.
// node server.mjs FOLDER, where FOLDER/node_modules has socket.io (with it comes ws).
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "node_modules", "x.js"));
const { Server } = require("socket.io");
const { WebSocketServer } = require("ws");

const got = { plain: [], sio: [] };
const http = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const [, which, what] = url.pathname.split("/");
  response.setHeader("Access-Control-Allow-Origin", "*");
  if (what === "got" && got[which]) {
    response.end(JSON.stringify(got[which]));
  } else if (what === "down" && got[which]) {
    for (let n = Number(url.searchParams.get("from")); n < Number(url.searchParams.get("to")); n++) send[which](n);
    response.end();
  } else {
    response.writeHead(404).end();
  }
});

const plain = new WebSocketServer({ noServer: true });
plain.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data) => got.plain.push(Number(data)));
});
http.on("upgrade", (request, socket, head) => {
  if (request.url === "/plain") plain.handleUpgrade(request, socket, head, (ws) => plain.emit("connection", ws));
});

// As often as the other contenders look whether the other end lives; the sessions are kept as long as rejoin's.
const io = new Server(http, {
  destroyUpgrade: false,
  cors: { origin: "*" },
  pingInterval: 700,
  pingTimeout: 1500,
  connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true },
});
io.on("connection", (socket) => socket.on("up", (n) => got.sio.push(n)));

const send = {
  plain: (n) => plain.clients.forEach((socket) => socket.readyState === 1 && socket.send(String(n))),
  sio: (n) => io.emit("down", n),
};

http.listen(0, "127.0.0.1", () => process.stdout.write(`listening on http://127.0.0.1:${http.address().port}\n`));
