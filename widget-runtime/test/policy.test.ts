/** The policy of a document beside the origins that `#[widget]` takes: what is accepted there is open here, and nothing else is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { allowed, policy } from "./assets.ts";
import { ROOT } from "./tools.ts";

const { accepted, refused } = JSON.parse(readFileSync(join(ROOT, "pmcp-apps-bundle/tests/origins.json"), "utf8"));

for (const origin of accepted) {
  test(`${origin} is open where it is declared`, () => assert.ok(policy({ connectDomains: [origin] }).includes(`; connect-src ${origin}; `)));
}

test("what is no origin opens nothing", () => {
  for (const origin of refused) assert.equal(policy({ connectDomains: [origin], resourceDomains: [origin] }), policy(), origin);
});

test("a permission is granted where an object stands for it", () => {
  assert.equal(allowed({ camera: {}, clipboardWrite: {}, other: {} }), "camera; clipboard-write");
  assert.equal(allowed({ camera: false, microphone: null, geolocation: true }), "");
});
