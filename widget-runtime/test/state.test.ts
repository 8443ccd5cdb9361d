/** State of a view, in each of the places that may keep it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, settle } from "./page.ts";

const KEY = "run.pmcp/state";
const opened = (page: Page, view: string) =>
  page.notify("ui/notifications/tool-result", { content: [], _meta: { "run.pmcp/view": view } });

test("a host that keeps state gives it, and is told of changes", async () => {
  const page = await new Page().begin({ context: { [KEY]: { tab: 1 } } });
  assert.deepEqual(page.mcp.state, { tab: 1 });
  page.mcp.state = { tab: 2 };
  page.mcp.state = undefined;
  await settle();
  assert.deepEqual(page.of(KEY).map(({ params }) => params), [{ state: { tab: 2 } }, { state: null }]);
  await page.notify("ui/notifications/host-context-changed", { [KEY]: { tab: 3 } });
  assert.deepEqual(page.mcp.state, { tab: 3 });
});

test("a host that keeps none is told of none", async () => {
  const page = await new Page().begin();
  page.mcp.state = { tab: 2 };
  await settle();
  assert.deepEqual(page.of(KEY), []);
  assert.deepEqual(page.mcp.state, { tab: 2 });
});

test("what is set before the host has answered is kept unless something is found", async () => {
  const page = new Page();
  page.mcp.state = { tab: 1 };
  await page.begin({ context: { [KEY]: null } });
  assert.deepEqual(page.of(KEY).map(({ params }) => params), [{ state: { tab: 1 } }]);
  const other = new Page();
  other.mcp.state = { tab: 1 };
  await other.begin({ context: { [KEY]: { tab: 9 } } });
  assert.deepEqual([other.mcp.state, other.of(KEY)], [{ tab: 9 }, []]);
});

test("ChatGPT keeps state as its widget's", async () => {
  const kept: unknown[] = [];
  const openai = { widgetState: { tab: 1 }, setWidgetState: (state: unknown) => void kept.push(state) };
  const storage = {};
  const page = await new Page({ openai, storage }).begin();
  assert.deepEqual(page.mcp.state, { tab: 1 });
  page.mcp.state = { tab: 2 };
  await opened(page, "v1");
  assert.deepEqual([kept, storage], [[{ tab: 2 }], {}]);
});

test("elsewhere storage keeps state under the id of the view", async () => {
  const storage: Record<string, string> = {};
  const page = await new Page({ storage }).begin();
  await opened(page, "v1");
  assert.equal(page.mcp.state, undefined);
  page.mcp.state = { tab: 2 };

  const again = await new Page({ storage }).begin();
  let seen: unknown;
  again.mcp.on("result", () => (seen = again.mcp.state));
  assert.equal(again.mcp.state, undefined);
  await opened(again, "v1");
  assert.deepEqual(seen, { tab: 2 });

  const other = await new Page({ storage }).begin();
  await opened(other, "v2");
  assert.equal(other.mcp.state, undefined);
});

test("what is set before the id is known is stored when it is", async () => {
  const storage: Record<string, string> = {};
  const page = await new Page({ storage }).begin();
  page.mcp.state = [1];
  assert.deepEqual(storage, {});
  await opened(page, "v1");
  assert.deepEqual(Object.values(storage), ["[1]"]);
});

test("without storage the page keeps state", async () => {
  const page = await new Page({ storage: "forbidden" }).begin();
  await opened(page, "v1");
  page.mcp.state = { tab: 2 };
  assert.deepEqual(page.mcp.state, { tab: 2 });
});
