/** The module for those who bundle: `App`, and tools that a view offers. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type * as Module from "../dist/app.d.ts";
import { settle } from "./page.ts";

const built = new URL("../dist/app.js", import.meta.url);

/** The browser, as far as the module uses it beside its transport. */
Object.assign(globalThis, {
  window: {},
  document: { documentElement: { style: { setProperty() {} }, dataset: {}, getBoundingClientRect: () => ({ height: 1 }) }, body: {} },
  ResizeObserver: class {
    observe() {}
  },
});
const { App }: typeof Module = await import(built.href);

class Host implements Module.Transport {
  readonly sent: Module.Frame[] = [];
  #receive: (frame: Module.Frame) => void = () => {};

  open(_: unknown, receive: (frame: Module.Frame) => void) {
    this.#receive = receive;
    return (frame: Module.Frame) => void this.sent.push(frame);
  }

  async say(frame: object) {
    this.#receive({ jsonrpc: "2.0", ...frame });
    await settle();
  }

  async ask(method: string, params: object = {}): Promise<any> {
    const id = `h${this.sent.length}`;
    await this.say({ id, method, params });
    return this.sent.find((frame) => frame.id === id);
  }

  begin() {
    return this.say({ id: this.sent[0]?.id, result: { hostInfo: { name: "host", version: "1" } } });
  }
}

const info = { name: "board", version: "1" };

test("an app is a view, connected from the start", async () => {
  const host = new Host();
  const { mcp } = new App({ ...info, modes: ["inline"] }, host);
  const { appInfo, appCapabilities } = host.sent[0]?.params;
  assert.deepEqual([appInfo, appCapabilities], [info, { availableDisplayModes: ["inline"] }]);
  await host.begin();
  await mcp.ready;
  assert.equal(mcp.host?.name, "host");
  assert.equal((await host.ask("tools/list")).error.code, -32601);
});

test("tools of a view are announced, listed and called", async () => {
  const host = new Host();
  const inputSchema = { type: "object", properties: { by: { type: "number" } } };
  const zoom = { description: "Zoom", inputSchema, run: ({ by }: { by: number }) => ({ scale: by * 2 }) };
  new App({ ...info, tools: { zoom, say: { run: () => "hello" }, list: { run: async () => [1] } } }, host);
  assert.deepEqual(host.sent[0]?.params.appCapabilities.tools, { listChanged: true });
  await host.begin();
  const { tools } = (await host.ask("tools/list")).result;
  assert.deepEqual(tools[0], { name: "zoom", description: "Zoom", inputSchema });
  assert.deepEqual(tools[1], { name: "say", inputSchema: { type: "object" } });
  const call = async (name: string, args?: object) => (await host.ask("tools/call", { name, arguments: args })).result;
  assert.deepEqual(await call("zoom", { by: 2 }), { content: [{ type: "text", text: '{"scale":4}' }], structuredContent: { scale: 4 } });
  assert.deepEqual(await call("say"), { content: [{ type: "text", text: "hello" }] });
  assert.deepEqual(await call("list"), { content: [{ type: "text", text: "[1]" }] });
});

test("a tool that fails is a failed result, an unknown one an error", async () => {
  const host = new Host();
  const run = () => {
    throw Error("no map yet");
  };
  new App({ ...info, tools: { zoom: { run } } }, host);
  await host.begin();
  const { result } = await host.ask("tools/call", { name: "zoom" });
  assert.deepEqual(result, { content: [{ type: "text", text: "no map yet" }], isError: true });
  assert.equal((await host.ask("tools/call", { name: "toString" })).error.code, -32602);
});

test("tools come and go, and the host is told", async () => {
  const host = new Host();
  const app = new App({ ...info, tools: {} }, host);
  const take = app.offer("zoom", { run: () => "" });
  await settle();
  assert.equal(host.sent.length, 1, "not before the host has answered");
  await host.begin();
  const changes = () => host.sent.filter(({ method }) => method === "notifications/tools/list_changed").length;
  assert.equal(changes(), 1);
  take();
  take();
  await settle();
  assert.equal(changes(), 2);
  assert.deepEqual((await host.ask("tools/list")).result.tools, []);
});
