/** Requests of a view to its host, each with the frame that the protocol wants. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, settle } from "./page.ts";

const asked = async (run: (mcp: Mcp<any, any>) => unknown, context: object = {}) => {
  const page = await new Page().begin({ context });
  run(page.mcp);
  await settle();
  const { method, params, id } = page.sent.at(-1);
  return { page, method, params, id };
};

test("each request has its method and parameters", async () => {
  const text = (text: string) => [{ type: "text", text }];
  const cases: [(mcp: Mcp<any, any>) => unknown, string, object][] = [
    [(mcp) => mcp.readResource("file:///a"), "resources/read", { uri: "file:///a" }],
    [(mcp) => mcp.openLink("https://a.example"), "ui/open-link", { url: "https://a.example" }],
    [(mcp) => mcp.sendMessage("hello"), "ui/message", { role: "user", content: text("hello") }],
    [(mcp) => mcp.updateModelContext("now"), "ui/update-model-context", { content: text("now") }],
    [(mcp) => mcp.updateModelContext(undefined, { a: 1 }), "ui/update-model-context", { structuredContent: { a: 1 } }],
    [(mcp) => mcp.updateModelContext(), "ui/update-model-context", {}],
    [
      (mcp) => mcp.download("file:///b.csv", "text/csv", "a,b"),
      "ui/download-file",
      { contents: [{ type: "resource", resource: { uri: "file:///b.csv", mimeType: "text/csv", text: "a,b" } }] },
    ],
  ];
  for (const [run, method, params] of cases) {
    const frame = await asked(run);
    assert.deepEqual([frame.method, frame.params], [method, params]);
    assert.ok(frame.id, method);
  }
});

test("notifications have no id", async () => {
  const log = await asked((mcp) => mcp.log("warning", { a: 1 }));
  assert.deepEqual([log.method, log.params, log.id], ["notifications/message", { level: "warning", data: { a: 1 } }, undefined]);
  const close = await asked((mcp) => mcp.close());
  assert.deepEqual([close.method, close.id], ["ui/notifications/request-teardown", undefined]);
});

test("an answer fulfils, an error and a refusal reject", async () => {
  const { page } = await asked(() => {});
  const read = page.mcp.readResource("file:///a");
  await settle();
  await page.answer("resources/read", { result: { contents: [{ uri: "file:///a", text: "x" }] } });
  assert.equal((await read).contents[0]?.text, "x");
  const refused = assert.rejects(page.mcp.openLink("https://a.example"), /refused/);
  await settle();
  await page.answer("ui/open-link", { result: { isError: true } });
  await refused;
  const lacking = assert.rejects(page.mcp.sendMessage("hello"), { code: -32601 });
  await settle();
  await page.answer("ui/message", { error: { code: -32601, message: "no" } });
  await lacking;
});

test("a display mode is asked for only where the host has it", async () => {
  const context = { displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"] };
  const page = await new Page().begin({ context });
  assert.equal(await page.mcp.requestDisplayMode("pip"), "inline");
  const mode = page.mcp.requestDisplayMode("fullscreen");
  await settle();
  assert.deepEqual(page.of("ui/request-display-mode").map(({ params }) => params), [{ mode: "fullscreen" }]);
  await page.answer("ui/request-display-mode", { result: { mode: "fullscreen" } });
  assert.equal(await mode, "fullscreen");
  assert.equal(await (await new Page().begin()).mcp.requestDisplayMode("pip"), "inline");
});

test("values of frameworks are sent as the JSON they stand for", async () => {
  const { params } = await asked((mcp) => mcp.updateModelContext(undefined, new Proxy({ at: new Date(0), f() {} }, {})));
  assert.deepEqual(params, { structuredContent: { at: "1970-01-01T00:00:00.000Z" } });
});
