// The session in a page: what the browser alone can show.
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, test } from "node:test";

import { HERE, PACKAGE, PEER, runPage } from "./rig.mjs";
import { names } from "./page/session-names.mjs";

let results;

before(async () => {
  const query = new URLSearchParams({ peer: PEER });
  const html = `<!doctype html><title>rejoin</title><body><script type="module" src="/page/session.mjs?${query}"></script>`;
  results = await runPage({ page: join(HERE, "page"), package: PACKAGE }, html);
});

for (const name of names) {
  test(`in a page: ${name}`, () => assert.equal(results[name], "ok", results.failed));
}
