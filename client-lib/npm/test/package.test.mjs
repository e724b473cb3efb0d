// The package as it is packed: what is in it, what it says of itself, and its types.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { HERE, PACKAGE, packageUrl, sessionUrl, TOOLS } from "./rig.mjs";

const run = promisify(execFile);

async function folder(context) {
  const path = await mkdtemp(join(tmpdir(), "rejoin-npm-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** What a program says, whether it fails or not. */
async function words(program, given, options) {
  try {
    const { stdout } = await run(program, given, options);
    return { ok: true, said: stdout };
  } catch (error) {
    return { ok: false, said: `${error.stdout}\n${error.stderr}` };
  }
}

const bin = (name) => join(TOOLS, "node_modules", ".bin", name);

test("npm pack takes what belongs to the package and nothing else", async (t) => {
  const to = await folder(t);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", to], { cwd: PACKAGE });
  const said = JSON.parse(stdout);
  const [{ files, name }] = Array.isArray(said) ? said : Object.values(said);
  assert.equal(name, "rejoin");
  assert.deepEqual(files.map(({ path }) => path).sort(), [
    "LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", "rejoin.d.ts", "rejoin.js",
    "session.d.ts", "session.js",
  ]);
});

test("publint has nothing to say", async () => {
  const { ok, said } = await words(bin("publint"), ["--strict", PACKAGE]);
  assert.ok(ok, said);
});

test("the types are found as the module is, by every resolution that knows modules", async (t) => {
  const to = await folder(t);
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", to], { cwd: PACKAGE });
  const said = JSON.parse(stdout);
  const [{ filename }] = Array.isArray(said) ? said : Object.values(said);
  const checked = await words(bin("attw"), [join(to, filename), "--profile", "esm-only", "--no-color", "--no-emoji"]);
  assert.ok(checked.ok, checked.said);
});

test("the types admit and refuse what they should, in strict mode", async (t) => {
  const to = await folder(t);
  await cp(join(HERE, "types"), to, { recursive: true });
  await writeFile(join(to, "package.json"), '{ "type": "module" }');
  const modules = join(to, "node_modules");
  await mkdir(modules);
  await cp(PACKAGE, join(modules, "rejoin"), { recursive: true });
  for (const name of ["ws", "@types/ws", "@types/node", "undici-types"]) {
    await cp(join(TOOLS, "node_modules", name), join(modules, name), { recursive: true });
  }
  for (const project of ["tsconfig.json", "node.json"]) {
    const { ok, said } = await words(bin("tsc"), ["-p", join(to, project)], { cwd: to });
    assert.ok(ok, `${project}: ${said}`);
  }
});

test("every member that the types promise is there, and no other", async () => {
  const [{ Rejoin }, session] = await Promise.all([import(packageUrl), import(sessionUrl)]);
  await compare("rejoin.d.ts", "Rejoin", Rejoin);
  await compare("session.d.ts", "RejoinSession", session.RejoinSession);
  const types = await readFile(join(PACKAGE, "session.d.ts"), "utf8");
  const classes = [...types.matchAll(/^export class (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...classes, "default"].sort(), Object.keys(session).sort());
  assert.deepEqual([session.RejoinSession.length, session.RejoinSession.name], [1, "RejoinSession"]);
});

/** Compares a class with what the types say of it. */
async function compare(file, name, type) {
  const types = await readFile(join(PACKAGE, file), "utf8");
  const body = types.slice(types.search(new RegExp(`export class ${name}\\b`)));
  const promised = new Set([...body.matchAll(/^  (?:readonly )?([a-zA-Z]+)(?:<[^(]*>)?[(:]/gm)].map(([, name]) => name));
  const inherited = ["constructor", "addEventListener", "removeEventListener", "type", "listener", "options"];
  const found = Object.getOwnPropertyNames(type.prototype);
  const less = (names) => [...names].filter((name) => !inherited.includes(name)).sort();
  assert.deepEqual(less(promised), less(found));
}
