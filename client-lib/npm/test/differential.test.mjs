// Where in doubt the browser is right: each script is run on its class and on ours, over the same server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";

import { browser, freePort, HERE, PACKAGE, PEER, runPage } from "./rig.mjs";
import { names } from "./page/names.mjs";
import { disagreements, scripts } from "./page/scripts.mjs";

let results;
let ours;

before(async () => {
  const query = new URLSearchParams({ peer: PEER, dead: `ws://127.0.0.1:${await freePort()}` });
  const html = `<!doctype html><title>rejoin</title><body><script type="module" src="/page/differential.mjs?${query}"></script>`;
  ({ results, ours } = await runPage({ page: join(HERE, "page"), package: PACKAGE }, html));
});

for (const name of Object.keys(scripts)) {
  const skip = disagreements[browser]?.[name];
  test(`as in the browser: ${name}`, { skip }, () => {
    const { expected, found } = results[name];
    assert.ok(expected.length > 0, "the script noted nothing");
    assert.deepEqual(found, expected);
  });
}


for (const name of names) {
  test(`in a page: ${name}`, () => assert.equal(ours[name], "ok"));
}
