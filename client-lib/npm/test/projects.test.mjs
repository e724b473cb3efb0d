// The packed package, installed in throw-away projects: each chats with demo-server and outlives its restart, once with
// the plain class and once with a session.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { HERE, openBrowser, PACKAGE, serve, startServer, TOOLS, toolUrl } from "./rig.mjs";

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

/** The entry points: the scripts that use each, its address at the server, and what it says before and after a restart. */
const FACES = [
  { of: "the plain class", prefix: "", place: "address", words: ["chatted", "chatted again true 1000 true"] },
  { of: "a session", prefix: "session-", place: "session", words: ["talked before", "talked away network 1 0"] },
];

/** A project with the package installed from its tarball. */
async function project(name) {
  const path = join(folder, name);
  await cp(join(HERE, "projects"), path, { recursive: true });
  await writeFile(join(path, "package.json"), '{ "type": "module", "private": true }');
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", tarball], { cwd: path });
  return path;
}

/** demo-server, whose rooms outlive a restart. */
async function server(context, origin) {
  return startServer(context, { origin, data: await mkdtemp(join(folder, "data-")) });
}

/** What a project says, with the server restarted after the first words. */
async function follow(said, server, expected) {
  const words = [];
  for await (const line of said) {
    words.push(line);
    if (words.length === 1 && line === expected[0]) await server.restart();
    else break;
  }
  assert.deepEqual(words, expected);
}

/** Opens a project's page in the browser and follows it. */
async function inBrowser(context, { place, words }, root, html) {
  const pages = {};
  const site = await serve({ site: root }, pages);
  context.after(site.close);
  const running = await server(context, site.address);
  pages["/"] = html(running[place]);
  const close = await openBrowser(`${site.address}/`);
  context.after(close);
  await follow(site.said, running, words);
}

/** That nothing of the session is in what was built for the plain class. */
async function isLean({ prefix }, script) {
  const { length } = await readFile(script);
  if (prefix === "") assert.ok(length < 80_000, `${length} bytes`);
  else assert.ok(length > 80_000, `${length} bytes`);
}

for (const face of FACES) {
  const { of, prefix } = face;
  const page = `${prefix}page.js`;

  test(`a plain page, by script type=module: ${of}`, async (t) => {
    const root = await project(`${prefix}plain`);
    const modules = "/site/node_modules/rejoin";
    await inBrowser(t, face, root, (server) => `<!doctype html><title>x</title><body data-server="${server}">
      <script type="importmap">{ "imports": { "rejoin": "${modules}/rejoin.js", "rejoin/session": "${modules}/session.js" } }</script>
      <script type="module" src="/site/${page}"></script>`);
  });

  test(`a worker: ${of}`, async (t) => {
    const root = await project(`${prefix}worker`);
    await inBrowser(t, face, root, (server) => `<!doctype html><title>x</title>
      <script>new Worker("/site/${prefix}worker.js?server=${encodeURIComponent(server)}", { type: "module" });</script>`);
  });

  test(`an app built by Vite: ${of}`, async (t) => {
    const root = await project(`${prefix}vite`);
    await writeFile(join(root, "index.html"), `<!doctype html><title>x</title><body><script type="module" src="/${page}"></script>`);
    await run(bin("vite"), ["build", "--base", "/site/", "--logLevel", "error"], { cwd: root });
    const dist = join(root, "dist");
    const [script] = await readdir(join(dist, "assets"));
    await isLean(face, join(dist, "assets", script));
    const built = await readFile(join(dist, "index.html"), "utf8");
    await inBrowser(t, face, dist, (server) => built.replace("<body>", `<body data-server="${server}">`));
  });

  test(`an app built by webpack: ${of}`, async (t) => {
    const root = await project(`${prefix}webpack`);
    const { default: webpack } = await import(toolUrl("webpack/lib/index.js"));
    const output = { path: join(root, "dist"), filename: "out.js" };
    const stats = await promisify(webpack)({
      mode: "production", context: root, entry: `./${page}`, output, performance: { hints: false },
    });
    assert.deepEqual(stats.toJson({ all: false, errors: true, warnings: true }), { errors: [], warnings: [] });
    await isLean(face, join(output.path, "out.js"));
    await inBrowser(t, face, output.path, (server) => `<!doctype html><title>x</title><body data-server="${server}"><script src="/site/out.js"></script>`);
  });

  test(`a classic script built by esbuild: ${of}`, async (t) => {
    const root = await project(`${prefix}esbuild`);
    await run(bin("esbuild"), [page, "--bundle", "--format=iife", "--minify", "--outfile=out.js"], { cwd: root });
    await isLean(face, join(root, "out.js"));
    await inBrowser(t, face, root, (server) => `<!doctype html><title>x</title><body data-server="${server}"><script src="/site/out.js"></script>`);
  });

  // Other versions than the one that runs this can be named, parted by commas.
  for (const node of [process.execPath, ...(process.env.REJOIN_NODES ?? "").split(",").filter(Boolean)]) {
    test(`Node.js ${node === process.execPath ? process.version : node}: ${of}`, async (t) => {
      const root = await project(`${prefix}node-${node.replaceAll(/\W/g, "-")}`);
      await cp(join(TOOLS, "node_modules", "ws"), join(root, "node_modules", "ws"), { recursive: true });
      const running = await server(t);
      const child = spawn(node, [`${prefix}node.js`, running[face.place]], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "exit");
      await follow(createInterface({ input: child.stdout }), running, face.words);
      assert.deepEqual(await ended, [0, null], "it ends by itself");
    });
  }
}
