// What the tests share: where things are, a server of files, a browser that a page drives by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createPlainServer } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { PassThrough } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";

function variable(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: these tests are run by \`cargo xtask test npm\``);
  return value;
}

/** The built package. */
export const PACKAGE = variable("REJOIN_NPM");
/** The address of the peer that misbehaves on demand, as ws://…. */
export const PEER = variable("REJOIN_TEST_PEER");
/** A folder with the node_modules that tests use. */
export const TOOLS = variable("REJOIN_NPM_TOOLS");

/** Where to import one of the packages from that only tests use. */
export const toolUrl = (path) => pathToFileURL(join(TOOLS, "node_modules", path)).href;

/** Where to import the package from. */
export const packageUrl = pathToFileURL(join(PACKAGE, "rejoin.js")).href;
export const sessionUrl = pathToFileURL(join(PACKAGE, "session.js")).href;

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json" };

/** A port on which nobody listens, as of now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createPlainServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** demo-server on a port of its own, which can be stopped and restarted; with `data` its rooms outlive that. */
export async function startServer(context, { origin, data, more = [] } = {}) {
  const port = await freePort();
  let child;
  const start = async () => {
    const given = ["--listen", `127.0.0.1:${port}`, "--classic", "chat", "--app", tmpdir(), "--log", "warn", ...more];
    if (origin) given.push("--allow-origin", origin);
    if (data) given.push("--data", data);
    child = spawn(variable("REJOIN_SERVER"), given, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
  };
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  await start();
  context.after(stop);
  const address = `ws://127.0.0.1:${port}`;
  const restart = async () => (await stop(), await start());
  return { address: `${address}/ws`, session: `${address}/ws/session`, start, stop, restart, pause: () => child.kill("SIGSTOP") };
}

/** Serves folders by the first part of the path, and hands over what pages post to /report and /said. */
export async function serve(folders, pages = {}) {
  let report;
  const reported = new Promise((resolve) => (report = resolve));
  const said = new PassThrough({ objectMode: true });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    if (request.method === "POST") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      response.end();
      const body = Buffer.concat(chunks).toString();
      if (pathname === "/report") report(JSON.parse(body));
      if (pathname === "/said") said.write(body);
      return;
    }
    if (pages[pathname]) {
      response.setHeader("content-type", "text/html");
      return response.end(pages[pathname]);
    }
    const [, first, ...rest] = normalize(pathname).split("/");
    const file = folders[first] && join(folders[first], ...rest);
    if (!file || !(await stat(file).catch(() => undefined))?.isFile()) {
      response.statusCode = 404;
      return response.end();
    }
    response.setHeader("content-type", TYPES[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, reported, said, close: () => { server.closeAllConnections(); server.close(); } };
}

/** The browser that the page is opened in: the one that a variable names. */
export const browser = process.env.REJOIN_WEBKIT ? "webkit" : process.env.REJOIN_FIREFOX ? "firefox" : "chromium";

/** How that browser is started with a folder of its own. */
function command(profile) {
  switch (browser) {
    case "webkit":
      // It has no option for the folder, and no headless mode: `DISPLAY` names a display without a screen.
      return {
        program: variable("REJOIN_WEBKIT"), flags: [],
        env: { XDG_DATA_HOME: profile, XDG_CACHE_HOME: profile, XDG_CONFIG_HOME: profile },
      };
    case "firefox":
      return { program: variable("REJOIN_FIREFOX"), flags: ["--headless", "--no-remote", "--profile", profile] };
    default:
      return { program: variable("REJOIN_CHROMIUM"), flags: [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--js-flags=--expose-gc", `--user-data-dir=${profile}`,
      ] };
  }
}

/** Opens a page in a headless browser until the function that it returns is called. */
export async function openBrowser(address) {
  const profile = await mkdtemp(join(tmpdir(), "rejoin-npm-"));
  const { program, flags, env } = command(profile);
  const child = spawn(program, [...flags, address], { stdio: "ignore", env: { ...process.env, ...env } });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return async () => {
    child.kill();
    await ended;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** Opens a page and waits for what it reports. */
export async function runPage(folders, html) {
  const server = await serve(folders, { "/": html });
  const close = await openBrowser(server.address);
  try {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("the page reported nothing")), 120_000).unref());
    return await Promise.race([server.reported, late]);
  } finally {
    await close();
    server.close();
  }
}

export const HERE = fileURLToPath(new URL(".", import.meta.url));
