// A page that is left, or seems to be: downloads, navigations that lead nowhere, the back-forward cache.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { before, test } from "node:test";

import { browser, openBrowser, PACKAGE, PEER } from "./rig.mjs";

const PAGE = `<!doctype html><title>page</title><a id="file" href="/file">file</a><script type="module">
import { Rejoin } from "/rejoin.js";
const report = (found) => fetch("/report", { method: "POST", body: JSON.stringify(found) });
const pause = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
const found = JSON.parse(sessionStorage.getItem("found") ?? "null");
if (found) {
  await report({ ...found, persisted: false });
} else {
  const found = { steps: {} };
  const socket = new Rejoin("${PEER}/echo");
  let step;
  const note = (type) => () => step && found.steps[step].push([type, performance.now() - found.begun]);
  for (const type of ["open", "close"]) socket.addEventListener(type, note(type));
  const begin = (name) => {
    found.steps[(step = name)] = [];
    found.begun = performance.now();
  };
  await socket.ready;
  begin("nowhere");
  location.href = "/nowhere";
  await pause(4_000);
  await socket.ready;
  begin("download");
  document.getElementById("file").click();
  await pause(4_000);
  await socket.ready;
  step = undefined;
  sessionStorage.setItem("found", JSON.stringify(found));
  addEventListener("pageshow", async ({ persisted }) => {
    if (!persisted) return;
    const { state } = socket;
    await socket.ready;
    socket.send("back");
    await new Promise((resolve) => (socket.onmessage = resolve));
    report({ ...found, persisted, state });
  });
  location.href = "/other";
}
</script>`;
const OTHER = `<!doctype html><title>other</title><script>addEventListener("pageshow", () => setTimeout(() => history.back(), 500));</script>`;

let found;

before(async () => {
  let reported;
  const report = new Promise((resolve) => (reported = resolve));
  const server = createServer(async (request, response) => {
    const html = { "/": PAGE, "/other": OTHER }[request.url];
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      reported(JSON.parse(Buffer.concat(chunks)));
    } else if (html) {
      response.setHeader("content-type", "text/html").end(html);
    } else if (request.url === "/rejoin.js") {
      response.setHeader("content-type", "text/javascript");
      createReadStream(join(PACKAGE, "rejoin.js")).pipe(response);
    } else if (request.url === "/file") {
      response.setHeader("content-disposition", "attachment; filename=file.bin").end("x".repeat(1_000));
    } else if (request.url === "/nowhere") {
      // A page stays as it is after an answer without content.
      setTimeout(() => response.writeHead(204).end(), 2_000);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = await openBrowser(`http://127.0.0.1:${server.address().port}/`);
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the page reported nothing")), 90_000).unref());
  try {
    found = await Promise.race([report, late]);
  } finally {
    await close();
    server.closeAllConnections();
    server.close();
  }
});

for (const step of ["nowhere", "download"]) {
  test(`${step}: where the browser closes the socket, the end is told a second later and one connection follows`, () => {
    const events = found.steps[step];
    const closes = events.filter(([type]) => type === "close");
    assert.ok(closes.length <= 1 && events.length === 2 * closes.length, JSON.stringify(events));
    // Firefox closes its sockets whenever a navigation begins; others leave them alone.
    if (browser === "firefox") assert.equal(closes.length, 1);
    for (const [, millis] of closes) assert.ok(millis >= 990, JSON.stringify(events));
  });
}

// Firefox keeps no page in its cache that had a connection when the navigation began, whatever is closed by then.
const skip = process.env.REJOIN_FIREFOX !== undefined;
test("a page comes back from the back-forward cache, and its connection with it", { skip }, () => {
  assert.equal(found.persisted, true, JSON.stringify(found));
  assert.match(found.state, /waiting|connecting/);
});
