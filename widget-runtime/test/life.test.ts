/** The life of a view: who is believed, what is told when, and what the host is told. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { HOST, Page, settle } from "./page.ts";

const TOOL = "ui/notifications/tool-";

test("the bridge speaks at once, and says who it is", () => {
  const page = new Page({ options: { name: "board", version: "1", modes: ["inline", "fullscreen"] } });
  const [{ id, ...message }] = page.sent;
  assert.match(id, /\d/);
  assert.deepEqual(message, {
    jsonrpc: "2.0",
    method: "ui/initialize",
    params: {
      appInfo: { name: "board", version: "1" },
      appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
      protocolVersion: "2026-01-26",
    },
  });
  assert.deepEqual(page.targets, ["*"]);
});

test("calls wait for the host's answer, and come after `initialized`", async () => {
  const page = new Page();
  void page.mcp.callTool("move", { to: "e4" });
  page.mcp.log("info", "early");
  await settle();
  assert.equal(page.sent.length, 1);
  await page.begin();
  const methods = page.sent.map(({ method }) => method);
  assert.equal(methods[1], "ui/notifications/initialized");
  assert.ok(methods.includes("tools/call") && methods.includes("notifications/message"));
});

test("what the host says of itself is there when `ready` is", async () => {
  const page = new Page();
  let seen: unknown;
  void page.mcp.ready.then(() => (seen = [page.mcp.host, page.mcp.capabilities, page.mcp.context]));
  await page.begin({ capabilities: { openLinks: {} }, context: { locale: "de-DE" } });
  assert.deepEqual(seen, [{ name: "host", version: "2" }, { openLinks: {} }, { locale: "de-DE" }]);
});

test("a host that says nothing of itself is borne", async () => {
  const page = new Page();
  await page.answer("ui/initialize", { result: {} });
  await page.mcp.ready;
  assert.deepEqual(page.mcp.capabilities, {});
});

test("a host that refuses is an error of `ready`", async () => {
  const page = new Page();
  const refused = assert.rejects(page.mcp.ready, { message: "no", code: -32602 });
  const call = assert.rejects(page.mcp.callTool("move", {}), { code: -32602 });
  await page.answer("ui/initialize", { error: { code: -32602, message: "no" } });
  await refused;
  await call;
});

test("before the first answer nothing else counts", async () => {
  const page = new Page();
  const results = page.hear("result");
  const [{ id }] = page.sent;
  const evil = { origin: "https://evil.example" };
  await page.notify(`${TOOL}result`, { content: [] });
  await page.deliver({ id: 9, method: "ui/resource-teardown", params: {} });
  await page.deliver({ id: `${id}0`, result: { hostInfo: {} } });
  await page.deliver({ id, result: { hostInfo: { name: "evil" } } }, { ...evil, source: {} });
  assert.deepEqual([results.length, page.mcp.host, page.sent.length], [0, undefined, 1]);
  await page.begin();
  assert.equal(page.mcp.host?.name, "host");
});

test("after it only the parent counts, and only from the origin it had", async () => {
  const page = await new Page().begin();
  const heard = [page.hear("result"), page.hear("teardown"), page.hear("context")];
  const call = page.mcp.callTool("move", {});
  await settle();
  const before = page.sent.length;
  const { id } = page.of("tools/call")[0];
  for (const from of [{ origin: "https://evil.example" }, { source: {} }]) {
    await page.deliver({ method: `${TOOL}result`, params: { content: [{ type: "text", text: "forged" }] } }, from);
    await page.deliver({ id: 1, method: "ui/resource-teardown", params: {} }, from);
    await page.deliver({ method: "ui/notifications/host-context-changed", params: { theme: "dark" } }, from);
    await page.deliver({ id, result: { content: [{ type: "text", text: "forged" }] } }, from);
  }
  assert.deepEqual(heard.map((values) => values.length), [0, 0, 1]);
  assert.equal(page.sent.length, before);
  await page.answer("tools/call", { result: { content: [{ type: "text", text: "true" }] } });
  assert.equal((await call).text, "true");
});

test("what is no JSON-RPC is passed over", async () => {
  const page = await new Page().begin();
  for (const data of [null, "text", 7, { jsonrpc: "1.0", method: `${TOOL}input`, params: {} }]) {
    page.fire("message", { data, origin: HOST, source: undefined });
  }
  await page.deliver({ jsonrpc: "1.0", method: `${TOOL}input`, params: { arguments: {} } });
  assert.equal(page.mcp.input, undefined);
});

test("messages go to the origin that answered, and to an opaque one by `*`", async () => {
  const page = await new Page().begin();
  assert.ok(page.targets.slice(1).every((target) => target === HOST));
  const opaque = new Page();
  const { id } = opaque.sent[0];
  await opaque.deliver({ id, result: { hostContext: {} } }, { origin: "null" });
  assert.equal(opaque.targets.at(-1), "*");
});

test("late listeners are told the last value, in a microtask", async () => {
  const page = await new Page().begin();
  await page.notify(`${TOOL}input`, { arguments: { level: 1 } });
  await page.notify(`${TOOL}result`, { content: [{ type: "text", text: "old" }] });
  await page.notify(`${TOOL}result`, { content: [{ type: "text", text: "new" }] });
  const inputs = page.hear("input");
  const results = page.hear("result");
  assert.deepEqual([inputs, results], [[], []]);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(inputs, [{ level: 1 }]);
  assert.deepEqual(results.map(({ text }) => text), ["new"]);
  assert.deepEqual(page.mcp.input, { level: 1 });
  assert.equal(page.mcp.result?.text, "new");
});

test("a listener that has ended hears nothing, and one that fails keeps no other from hearing", async () => {
  const page = await new Page().begin();
  const ended: unknown[] = [];
  page.mcp.on("input", () => {
    throw Error("mine");
  });
  page.mcp.on("input", (value) => ended.push(value))();
  const heard = page.hear("input");
  await page.notify(`${TOOL}input`, { arguments: {} });
  await settle();
  page.mcp.on("input", (value) => ended.push(value))();
  await settle();
  assert.deepEqual([ended, heard], [[], [{}]]);
  assert.deepEqual(page.errors.map((error) => (error as Error).message), ["mine"]);
});

test("partial input, cancellation and other notifications are told", async () => {
  const page = await new Page().begin();
  const events = ["partial", "cancelled", "notifications/tools/list_changed", "ui/notifications/input-mode"];
  const heard = events.map((event) => page.hear(event));
  await page.notify(`${TOOL}input-partial`, { arguments: { to: "e" } });
  await page.notify(`${TOOL}cancelled`, { reason: "user" });
  await page.notify("notifications/tools/list_changed");
  await page.notify("ui/notifications/input-mode", { touch: true });
  assert.deepEqual(heard, [[{ to: "e" }], [{ reason: "user" }], [{}], [{ touch: true }]]);
});

test("changes of the context are merged", async () => {
  const page = await new Page().begin({ context: { theme: "light", locale: "de" } });
  const contexts = page.hear("context");
  await page.notify("ui/notifications/host-context-changed", { theme: "dark" });
  assert.deepEqual(contexts.at(-1), { theme: "dark", locale: "de" });
  assert.deepEqual(page.mcp.context, { theme: "dark", locale: "de" });
});

test("teardown waits for listeners, and is answered even if one fails", async () => {
  const page = await new Page().begin();
  let save: () => void = () => {};
  page.mcp.on("teardown", () => new Promise<void>((resolve) => (save = resolve)));
  await page.deliver({ id: 1, method: "ui/resource-teardown", params: { reason: "closed" } });
  assert.equal(page.sent.filter(({ id }) => id === 1).length, 0);
  save();
  await settle();
  assert.deepEqual(page.sent.at(-1), { jsonrpc: "2.0", id: 1, result: {} });
  const other = await new Page().begin();
  other.mcp.on("teardown", () => Promise.reject(Error("mine")));
  await other.deliver({ id: 2, method: "ui/resource-teardown", params: {} });
  assert.deepEqual(other.sent.at(-1), { jsonrpc: "2.0", id: 2, result: {} });
});

test("a ping is answered, and what is unknown is refused", async () => {
  const page = await new Page().begin();
  await page.deliver({ id: 5, method: "ping" });
  assert.deepEqual(page.sent.at(-1), { jsonrpc: "2.0", id: 5, result: {} });
  await page.deliver({ id: 0, method: "tools/list" });
  const { id, error } = page.sent.at(-1);
  assert.deepEqual([id, error.code], [0, -32601]);
});

test("theme, style variables and fonts of the host are applied", async () => {
  const variables = { "--font-sans": "Inter", "--gone": undefined };
  const styles = { variables, css: { fonts: "@font-face {}" } };
  const page = await new Page().begin({ context: { theme: "dark", styles } });
  assert.equal(page.root.style.colorScheme, "dark");
  assert.equal(page.root.dataset.theme, "dark");
  assert.deepEqual([...page.root.style.set], [["--font-sans", "Inter"]]);
  await page.notify("ui/notifications/host-context-changed", { styles: { css: { fonts: "@import 'x'" } } });
  assert.deepEqual(page.styles, [{ textContent: "@import 'x'" }]);
});

test("the size is reported when it changes, and not where the height is fixed", async () => {
  const page = await new Page().begin({ context: { containerDimensions: { width: 320, maxHeight: 600 } } });
  const sizes = () => page.of("ui/notifications/size-changed").map(({ params }) => params);
  assert.deepEqual(sizes(), [{ width: 320, height: 100 }]);
  await page.resize(100);
  await page.resize(140.2);
  assert.deepEqual(sizes().slice(1), [{ width: 320, height: 141 }]);
  await page.notify("ui/notifications/host-context-changed", { containerDimensions: { height: 300 } });
  await page.resize(500);
  assert.equal(sizes().length, 2);
});

test("a body that comes later is watched, too", async () => {
  const page = await new Page({ isParsed: false }).begin();
  assert.deepEqual(page.observed, [page.root]);
  const body = { of: "page" };
  page.parse(body);
  assert.equal(page.observed.at(-1), body);
});
