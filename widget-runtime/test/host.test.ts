/** The host: what a view may ask, what it is told, and how much it may send. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Backend } from "../src/host/index.ts";
import { Refusal } from "./assets.ts";
import { page, View } from "./channel.ts";
import { settle } from "./page.ts";

const TASKS = { "io.modelcontextprotocol/tasks": {} };
const code = async (answer: Promise<any>) => (await answer).error?.code;

test("nothing is told before the view is ready, and everything in order then", async () => {
  const view = new View({ context: { theme: "light" } });
  view.host.partial({ to: "e" });
  view.host.input({ to: "e4" });
  view.host.partial({ to: "late" });
  view.host.result({ content: [] });
  const { result } = await view.ask("ui/initialize", { appInfo: { name: "board", version: "1" }, appCapabilities: {} });
  assert.deepEqual([result.hostInfo.name, result.hostContext, result.protocolVersion], ["ours", { theme: "light" }, "2026-01-26"]);
  assert.equal(view.heard.length, 1);
  await view.tell("ui/notifications/initialized");
  const methods = view.heard.slice(1).map(({ method }) => method.replace("ui/notifications/tool-", ""));
  assert.deepEqual(methods, ["input-partial", "input", "result"]);
});

test("input comes once, and before the result", async () => {
  const { host } = new View();
  assert.throws(() => host.result({}), /input/);
  host.input({});
  assert.throws(() => host.input({}), /before/);
});

test("nothing but the first request is answered before it, and that once", async () => {
  const view = new View();
  assert.equal(await code(view.ask("tools/call", { name: "move" })), -32600);
  assert.deepEqual((await view.ask("ping")).result, {});
  assert.ok((await view.ask("ui/initialize", {})).result);
  assert.equal(await code(view.ask("ui/initialize", {})), -32600);
});

test("changes of the context are merged, and told to a view that knows the context", async () => {
  const view = new View({ context: { theme: "light", locale: "de" } });
  view.host.change({ theme: "dark" });
  const { result } = await view.ask("ui/initialize", {});
  assert.deepEqual(result.hostContext, { theme: "dark", locale: "de" });
  view.host.change({ locale: "en" });
  await view.tell("ui/notifications/initialized");
  assert.deepEqual(view.of("ui/notifications/host-context-changed"), [{ locale: "en" }]);
});

test("a request that the host does not announce is unknown", async () => {
  const view = await View.ready({ capabilities: {} });
  const methods = ["tools/call", "resources/read", "tasks/get", "ui/message", "ui/download-file", "ui/update-model-context", "sampling/createMessage"];
  for (const method of methods) assert.equal(await code(view.ask(method, { name: "move" })), -32601, method);
  assert.equal(await code(view.ask("ui/open-link", { url: "https://a.example" })), -32601);
});

test("what the page does is asked of it, and what it refuses is refused", async () => {
  const asked = page();
  const view = await View.ready({ page: { ...asked, openLink: () => Promise.reject(new Refusal(-32000, "denied")) } });
  const content = [{ type: "text", text: "hello" }];
  assert.deepEqual((await view.ask("ui/message", { role: "user", content })).result, {});
  await view.ask("ui/update-model-context", { content });
  await view.ask("ui/download-file", { contents: [{}] });
  await view.tell("notifications/message", { level: "info", data: 1 });
  await view.tell("ui/notifications/request-teardown");
  assert.deepEqual(asked.asked.map(([what]) => what), ["initialized", "message", "modelContext", "download", "log", "close"]);
  const { error } = await view.ask("ui/open-link", { url: "https://a.example" });
  assert.deepEqual(error, { code: -32000, message: "denied" });
});

test("only pages of the web are opened", async () => {
  const asked = page();
  const view = await View.ready({ page: asked });
  for (const url of ["javascript:alert(1)", "file:///etc", "data:text/html,x", "no url", 7]) {
    assert.equal(await code(view.ask("ui/open-link", { url })), -32602, String(url));
  }
  assert.deepEqual(asked.asked.slice(1), []);
});

test("a display mode changes only to what both have", async () => {
  const context = { displayMode: "inline", availableDisplayModes: ["inline", "fullscreen", "pip"] } as const;
  const view = await View.ready({ context: { ...context, availableDisplayModes: [...context.availableDisplayModes] } }, { availableDisplayModes: ["inline", "fullscreen"] });
  const mode = async (mode: string) => (await view.ask("ui/request-display-mode", { mode })).result.mode;
  assert.equal(await mode("pip"), "inline");
  assert.equal(await mode("huge"), "inline");
  assert.equal(await mode("fullscreen"), "fullscreen");
  assert.deepEqual(view.of("ui/notifications/host-context-changed"), [{ displayMode: "fullscreen" }]);
});

test("a size is passed on within the limits, and not where it is fixed", async () => {
  const asked = page();
  const view = await View.ready({ page: asked, context: { containerDimensions: { width: 300, maxHeight: 500 } } });
  const told = async (size: object) => {
    await view.tell("ui/notifications/size-changed", size);
    return asked.asked.filter(([what]) => what === "size").at(-1)?.[1];
  };
  assert.deepEqual(await told({ width: 900, height: 200 }), { width: undefined, height: 200 });
  assert.deepEqual(await told({ width: 900, height: 900 }), { width: undefined, height: 500 });
  await told({ height: "1e9" });
  await told({ height: -1 });
  assert.equal(asked.asked.filter(([what]) => what === "size").length, 2);
});

test("state is kept for the next mount, where the host keeps any, up to its limit", async () => {
  const asked = page();
  const view = await View.ready({ page: asked, context: { "run.pmcp/state": null }, limits: { state: 20 } });
  await view.tell("run.pmcp/state", { state: { tab: 1 } });
  await view.tell("run.pmcp/state", { state: "x".repeat(40) });
  assert.deepEqual(view.host.context, { "run.pmcp/state": { tab: 1 } });
  assert.deepEqual(asked.asked.slice(1), [["state", { tab: 1 }]]);
  const none = await View.ready();
  await none.tell("run.pmcp/state", { state: 1 });
  assert.deepEqual(none.host.context, {});
});

/** A server whose requests wait for the test. */
const server = () => {
  const requests: { method: string; params: any; context: Parameters<Backend["request"]>[2]; resolve(value: object): void; reject(error: Error): void }[] = [];
  const request: Backend["request"] = (method, params, context) =>
    new Promise((resolve, reject) => requests.push({ method, params, context, resolve, reject }));
  return { requests, backend: { request } };
};

test("calls go to the server with their progress, and its errors come back", async () => {
  const { requests, backend } = server();
  const view = await View.ready({ backend });
  await view.send({ id: 7, method: "tools/call", params: { name: "move", arguments: {}, _meta: { progressToken: "p" } } });
  requests[0]!.context.progress({ progress: 1, total: 2 });
  requests[0]!.resolve({ content: [] });
  await settle();
  assert.deepEqual(view.of("notifications/progress"), [{ progress: 1, total: 2, progressToken: "p" }]);
  assert.deepEqual(view.heard.at(-1), { jsonrpc: "2.0", id: 7, result: { content: [] } });
  await view.send({ id: 8, method: "tools/call", params: { name: "move" } });
  requests[1]!.reject(new Refusal(-32602, "no such tool", { name: "move" }));
  await settle();
  assert.deepEqual(view.heard.at(-1).error, { code: -32602, message: "no such tool", data: { name: "move" } });
});

test("a view is told nothing of an error that is not meant for it", async () => {
  const backend = { request: () => Promise.reject(Error("/home/user/.secret")) };
  const view = await View.ready({ backend });
  assert.deepEqual((await view.ask("tools/call", { name: "move" })).error, { code: -32603, message: "internal error" });
});

test("a tool that views may not call is refused, and the server never sees it", async () => {
  const { requests, backend } = server();
  const view = await View.ready({ backend, allows: (tool) => tool === "move" });
  assert.equal(await code(view.ask("tools/call", { name: "delete" })), -32602);
  assert.equal(requests.length, 0);
});

test("a cancelled call is aborted and not answered", async () => {
  const { requests, backend } = server();
  const view = await View.ready({ backend });
  await view.send({ id: 7, method: "tools/call", params: { name: "move" } });
  await view.tell("notifications/cancelled", { requestId: 7 });
  assert.ok(requests[0]!.context.signal.aborted);
  requests[0]!.resolve({});
  await settle();
  assert.equal(view.heard.filter(({ id }) => id === 7).length, 0);
});

test("tasks are passed on where they are announced, and their notifications back", async () => {
  const { requests, backend } = server();
  const view = await View.ready({ backend, capabilities: { serverTools: {}, experimental: TASKS } });
  await view.send({ id: 1, method: "tasks/get", params: { taskId: "t1" } });
  assert.deepEqual([requests[0]!.method, requests[0]!.params], ["tasks/get", { taskId: "t1" }]);
  view.host.notify("notifications/tasks", { taskId: "t1", status: "working" });
  assert.deepEqual(view.of("notifications/tasks"), [{ taskId: "t1", status: "working" }]);
});

test("teardown waits for the view, but not for long, and ends what it had begun", async () => {
  const { requests, backend } = server();
  const view = await View.ready({ backend });
  await view.send({ id: 1, method: "tools/call", params: { name: "move" } });
  const ending = view.host.teardown("closed");
  const [{ id, params }] = view.heard.filter(({ method }) => method === "ui/resource-teardown");
  assert.deepEqual(params, { reason: "closed" });
  await view.send({ id, result: {} });
  assert.equal(await ending, true);
  assert.deepEqual([view.isOpen, requests[0]!.context.signal.aborted], [false, true]);
  const silent = await View.ready();
  assert.equal(await silent.host.teardown("closed", 5), false);
  assert.equal(silent.isOpen, false);
});

test("tools of a view are asked for, and its errors are errors", async () => {
  const view = await View.ready();
  const listing = view.host.request("tools/list", {});
  await view.send({ id: view.heard.at(-1).id, result: { tools: [] } });
  assert.deepEqual(await listing, { tools: [] });
  const calling = assert.rejects(view.host.request("tools/call", { name: "x" }), { code: -32602 });
  await view.send({ id: view.heard.at(-1).id, error: { code: -32602, message: "no" } });
  await calling;
});

test("malformed and oversize messages are refused", async () => {
  const view = await View.ready({ limits: { size: 200 } });
  assert.equal(await code(view.ask("ping", [] as any)), -32600);
  await view.send({ id: { a: 1 }, method: "ping" });
  assert.equal(view.heard.at(-1).error.code, -32600);
  assert.equal(await code(view.ask("tools/call", { name: "x".repeat(300) })), -32000);
});

test("what is no JSON, or would be too much of it, is refused in no time", async () => {
  const asked = page();
  const view = await View.ready({ page: asked, context: { "run.pmcp/state": null } });
  const sparse: unknown[] = [];
  sparse.length = 2 ** 32 - 1;
  let often: unknown = ["x".repeat(1000)];
  for (let n = 0; n < 40; n++) often = [often, often];
  let deep: unknown = [];
  for (let n = 0; n < 100_000; n++) deep = [deep];
  const start = performance.now();
  for (const data of [sparse, often, deep, new Uint8Array(1 << 24), new Map([[1, 2]]), new String("x"), 7n]) {
    assert.equal(await code(view.ask("tools/call", { name: "move", arguments: { data } })), -32000);
    await view.tell("run.pmcp/state", { state: data });
    await view.send({ id: data as any, method: "ping" });
  }
  assert.ok(performance.now() - start < 3000);
  assert.deepEqual([view.host.context["run.pmcp/state"], asked.asked.length], [null, 1]);
  assert.ok((await view.ask("tools/call", { name: "move", arguments: { at: new Date(0), none: undefined, list: [1, null, true] } })).result);
  assert.deepEqual(view.observed.at(-3)?.message.params.arguments, { at: "1970-01-01T00:00:00.000Z", list: [1, null, true] });
});

test("a flood is cut off, its requests told why, and given up in the end", async () => {
  const asked = page();
  let now = 0;
  const view = await View.ready({ page: asked, limits: { burst: 5, rate: 10, patience: 4 }, now: () => now });
  for (let message = 0; message < 3; message++) assert.ok((await view.ask("ping")).result);
  assert.equal(await code(view.ask("ping")), -32000);
  now += 100;
  assert.ok((await view.ask("ping")).result, "the bucket fills again");
  for (let message = 0; message < 3; message++) await view.tell("notifications/message", { level: "info", data: 1 });
  assert.deepEqual([asked.asked.some(([what]) => what === "log"), view.isOpen], [false, false]);
  assert.equal(asked.asked.at(-1)?.[0], "flooded");
});

test("a view that says a little too much now and then is borne for good", async () => {
  let now = 0;
  const view = await View.ready({ limits: { burst: 5, rate: 10, patience: 4 }, now: () => now });
  for (let time = 0; time < 50; time++) {
    now += 3000;
    for (let message = 0; message < 7; message++) await view.tell("notifications/message", { level: "info", data: 1 });
  }
  assert.ok(view.isOpen);
});

test("so many requests at a time, and no id twice", async () => {
  const { backend } = server();
  const view = await View.ready({ backend, limits: { pending: 2 } });
  await view.send({ id: 1, method: "tools/call", params: { name: "a" } });
  await view.send({ id: 1, method: "tools/call", params: { name: "b" } });
  assert.equal(view.heard.at(-1).error.code, -32600);
  await view.send({ id: 2, method: "tools/call", params: { name: "c" } });
  assert.equal(await code(view.ask("tools/call", { name: "d" })), -32000);
});
