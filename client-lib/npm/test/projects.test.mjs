// The packed package, installed in throw-away projects: each chats with demo-server and outlives its restart.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { freePort, HERE, openBrowser, PACKAGE, serve, TOOLS } from "./rig.mjs";

const run = promisify(execFile);
const bin = (name) => join(TOOLS, "node_modules", ".bin", name);

let folder;
let tarball;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "rejoin-projects-"));
  await run("npm", ["pack", "--pack-destination", folder], { cwd: PACKAGE });
  tarball = join(folder, (await readdir(folder))[0]);
});

after(() => rm(folder, { recursive: true, force: true }));

/** A project with the package installed from its tarball. */
async function project(name) {
  const path = join(folder, name);
  await cp(join(HERE, "projects"), path, { recursive: true });
  await writeFile(join(path, "package.json"), '{ "type": "module", "private": true }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: path });
  return path;
}

/** What a project says, with the server restarted after the first words. */
async function follow(said, server) {
  const words = [];
  for await (const line of said) {
    words.push(line);
    if (words.length === 1 && line === "chatted") await server.restart();
    else break;
  }
  assert.deepEqual(words, ["chatted", "chatted again true 1000 true"]);
}

/** Opens a project's page in the browser and follows it. */
async function inBrowser(context, root, html) {
  const pages = {};
  const site = await serve({ site: root }, pages);
  context.after(site.close);
  const server = await startServer(context, site.address);
  pages["/"] = html(server.address);
  const close = await openBrowser(`${site.address}/`);
  context.after(close);
  await follow(site.said, server);
}

test("a plain page, by script type=module", async (t) => {
  const root = await project("plain");
  await inBrowser(t, root, (server) => `<!doctype html><title>x</title><body data-server="${server}">
    <script type="importmap">{ "imports": { "rejoin": "/site/node_modules/rejoin/rejoin.js" } }</script>
    <script type="module" src="/site/page.js"></script>`);
});

test("a worker", async (t) => {
  const root = await project("worker");
  await inBrowser(t, root, (server) => `<!doctype html><title>x</title>
    <script>new Worker("/site/worker.js?server=${encodeURIComponent(server)}", { type: "module" });</script>`);
});

test("an app built by Vite", async (t) => {
  const root = await project("vite");
  await writeFile(join(root, "index.html"), '<!doctype html><title>x</title><body><script type="module" src="/page.js"></script>');
  await run(bin("vite"), ["build", "--base", "/site/", "--logLevel", "error"], { cwd: root });
  const built = await readFile(join(root, "dist", "index.html"), "utf8");
  await inBrowser(t, join(root, "dist"), (server) => built.replace("<body>", `<body data-server="${server}">`));
});

test("a classic script built by esbuild", async (t) => {
  const root = await project("esbuild");
  await run(bin("esbuild"), ["page.js", "--bundle", "--format=iife", "--minify", "--outfile=out.js"], { cwd: root });
  await inBrowser(t, root, (server) => `<!doctype html><title>x</title><body data-server="${server}"><script src="/site/out.js"></script>`);
});

// Other versions than the one that runs this can be named, parted by commas.
for (const node of [process.execPath, ...(process.env.REJOIN_NODES ?? "").split(",").filter(Boolean)]) {
  test(`Node.js ${node === process.execPath ? process.version : node}`, async (t) => {
    const root = await project(`node-${node.replaceAll(/\W/g, "-")}`);
    await cp(join(TOOLS, "node_modules", "ws"), join(root, "node_modules", "ws"), { recursive: true });
    const server = await startServer(t);
    const child = spawn(node, ["node.js", server.address], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    await follow(createInterface({ input: child.stdout }), server);
    assert.deepEqual(await ended, [0, null], "it ends by itself");
  });
}
