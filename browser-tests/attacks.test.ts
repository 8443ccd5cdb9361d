/** What a view tries, and does not get: the real sandbox around a real view. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Stage, type View, type Wishes } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("chess")));
// Each attack is told on the console.
afterEach(() => stage.clear(/./));
after(() => stage?.stop());

const open = async (wishes: Wishes = {}): Promise<View> => {
  const view = await stage.open("show_board", {}, wishes);
  await view.frame.waitForSelector("#board svg");
  return view;
};

/** Runs a script of the view itself, under its policy and not that of whoever debugs it, and gives what it puts into `window.told`. */
const run = async (view: View, script: string): Promise<any> => {
  await view.frame.evaluate((text: string) => {
    Object.assign(window, { told: undefined });
    const script = document.createElement("script");
    script.textContent = `(async () => { try { await new Promise((later) => setTimeout(later)); window.told = await (async () => {${text}})() ?? null } catch (error) { window.told = error.name } })()`;
    document.head.append(script);
  }, script);
  await view.frame.waitForFunction("window.told !== undefined");
  return view.frame.evaluate("window.told");
};

/** The directive that a script is stopped by. */
const stopped = (view: View, script: string): Promise<string> =>
  run(view, `return new Promise((resolve) => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective), { once: true });
    setTimeout(() => resolve("nothing"), 3000);
    (() => {${script}})();
  })`);

test("it reads no document but its own", async () => {
  const view = await open();
  for (const whose of ["parent", "top", "parent.frames[0].parent", "top.frames[0]"]) {
    assert.equal(await run(view, `return ${whose}.document.title`), "SecurityError", whose);
    assert.equal(await run(view, `return ${whose}.localStorage.length`), "SecurityError", whose);
    assert.equal(await run(view, `return ${whose}.eval("1")`), "SecurityError", whose);
  }
  assert.equal(await run(view, "return document.cookie"), "");
});

test("it reaches no address", async () => {
  const view = await open();
  const page = new URL(view.page.url()).origin;
  const directives = {
    [`fetch("https://example.com").catch(() => {})`]: "connect-src",
    [`fetch("${page}/api/host").catch(() => {})`]: "connect-src",
    [`new WebSocket("ws://127.0.0.1:1")`]: "connect-src",
    [`new EventSource("https://example.com")`]: "connect-src",
    [`navigator.sendBeacon("https://example.com", "x")`]: "connect-src",
    [`new Image().src = "https://example.com/x.png"`]: "img-src",
    [`document.head.append(Object.assign(document.createElement("script"), { src: "https://example.com/x.js" }))`]: "script-src-elem",
    [`document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "https://example.com/x.css" }))`]: "style-src-elem",
    [`document.body.append(Object.assign(document.createElement("iframe"), { src: "https://example.com" }))`]: "frame-src",
    [`document.body.append(Object.assign(document.createElement("object"), { data: "https://example.com" }))`]: "object-src",
    [`document.head.append(Object.assign(document.createElement("base"), { href: "https://example.com" }))`]: "base-uri",
    [`try { new Worker(URL.createObjectURL(new Blob(["1"]))) } catch {}`]: "worker-src",
  };
  for (const [script, directive] of Object.entries(directives)) {
    assert.equal(await stopped(view, script).catch(({ message }) => message), directive, script);
  }
});

test("it sends no form, and a view that tries is stopped or gone", async () => {
  const view = await open();
  const sent: string[] = [];
  view.page.on("response", (response: any) => sent.push(response.url()));
  const form = `const form = Object.assign(document.createElement("form"), { action: "${new URL(view.page.url()).origin}/sent", method: "post" })`;
  const told = await stopped(view, `${form}; document.body.append(form); form.submit()`).catch(({ message }) => message);
  assert.match(told, /^form-action$|frame got detached/);
  assert.deepEqual(sent.filter((url) => url.endsWith("/sent")), []);
});

test("it makes no code of text", async () => {
  const view = await open();
  assert.equal(await run(view, `return eval("1")`), "EvalError");
  assert.equal(await run(view, `return new Function("return 1")()`), "EvalError");
  assert.equal(await run(view, "return (await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))) && 1"), "CompileError");
});

test("it neither navigates the page nor opens another one", async () => {
  const view = await open();
  const before = view.page.url();
  assert.equal(await run(view, `top.location.href = "https://example.com"`), "SecurityError");
  assert.equal(await run(view, `return window.open("https://example.com") === null`), true);
  const pages = await view.page.browserContext().pages();
  assert.deepEqual([view.page.url(), pages.length], [before, 1]);
});

test("it speaks to the host through the proxy only, and not as the sandbox", async () => {
  const view = await open();
  const frames = () => view.page.evaluate("mounted.recorder.trace({}).frames.length");
  const before = await frames();
  await run(view, `
    const call = { jsonrpc: "2.0", id: "x", method: "tools/call", params: { name: "show_board", arguments: {} } };
    top.postMessage(call, "*");
    for (const method of ["ui/notifications/sandbox-resource-ready", "ui/notifications/sandbox-proxy-ready"]) {
      for (const to of [parent, top]) to.postMessage({ jsonrpc: "2.0", method, params: { html: "<p>other</p>" } }, "*");
    }
    await new Promise((resolve) => setTimeout(resolve, 300))`);
  assert.equal(await frames(), before);
  assert.equal(view.page.frames().length, 3);
  assert.equal(await view.frame.$$eval("#board svg", (all: Element[]) => all.length), 32);
});

/** Requests that the host has passed on to the server. */
const passed = (view: View): Promise<string[]> =>
  view.page.evaluate(`mounted.recorder.trace({}).frames.filter(({ to, message }) => to === "server" && message.method)
    .map(({ message: { method, params } }) => method + " " + (params.name ?? params.uri))`);

/** What a call of a tool comes to. */
const called = (view: View, tool: string, args = "{}"): Promise<string> =>
  run(view, `return mcp.callTool("${tool}", ${args}).then(({ isError }) => (isError ? "failed" : "answered"), ({ code }) => "refused with " + code)`);

test("it calls the tools of its own server that are for views, and no others", async () => {
  const view = await open({ visibility: { analyse: ["model"], show_board: ["model", "app"] } });
  // Of another server, of nobody, of an object; and one that its own server has for models.
  for (const tool of ["show_map", "task_list", "constructor", "", "analyse"]) {
    assert.equal(await called(view, tool), "refused with -32602", tool);
  }
  assert.deepEqual(await passed(view), [], "no server was asked");
  assert.equal(await called(view, "show_board"), "answered");
  assert.equal(await called(view, "move_piece", `{ moves: [], from: "e2", to: "e4" }`), "answered", "one that is for views alone");
  assert.deepEqual(await passed(view), ["tools/call show_board", "tools/call move_piece"]);
});

test("what only views may call says so to the host, which gives it to no model", async () => {
  for (const host of ["tasks", "plain"] as const) {
    const view = await stage.open("show_board", {}, {}, host);
    const tools: any[] = await view.page.evaluate(`preview.upstream.request("tools/list", {}).then(({ tools }) => tools)`);
    const ofModels = tools.filter(({ _meta }) => _meta?.ui?.visibility?.includes("model") ?? true).map(({ name }) => name);
    assert.deepEqual(ofModels, ["show_board", "analyse"], host);
  }
});

test("it reaches no other server, and a view no other view", async () => {
  const view = await open();
  const other = new URL(stage.host("plain")).origin;
  assert.equal(await stopped(view, `fetch("${other}/api/rpc", { method: "POST", body: "{}" }).catch(() => {})`), "connect-src");
  assert.equal(await stopped(view, `fetch("${stage.server}", { method: "POST", body: "{}" }).catch(() => {})`), "connect-src");
  // Beside it in the page is another one, whose calls it would make and whose results it would forge.
  await view.page.evaluate(`globalThis.first = mounted; preview.mount("show_board").then((other) => Object.assign(globalThis, { other }))`);
  await view.page.waitForFunction("globalThis.other?.recorder.trace({}).frames.some(({ message }) => message.method === 'ui/notifications/size-changed')");
  const heard = "other.recorder.trace({}).frames.filter(({ message }) => /tools.call|tool-result/.test(message.method)).length";
  const before = await view.page.evaluate(heard);
  await run(view, `
    const call = { jsonrpc: "2.0", id: "x", method: "tools/call", params: { name: "show_board", arguments: {} } };
    const forged = { jsonrpc: "2.0", method: "ui/notifications/tool-result", params: { content: [], structuredContent: { moves: [], squares: [] } } };
    const proxy = top.frames[1];
    for (const message of [call, forged]) for (const to of [proxy, proxy.frames[0]]) to.postMessage(message, "*");
    await new Promise((resolve) => setTimeout(resolve, 300))`);
  assert.equal(await view.page.evaluate(heard), before);
  const views = view.page.frames().filter((frame: any) => /^http:\/\/[0-9a-f]{32}\./.test(frame.url()));
  assert.equal(views.length, 2);
  for (const frame of views) assert.equal(await frame.$$eval("#board svg", (all: Element[]) => all.length), 32);
});

test("it reads no file, by whatever name", async () => {
  const view = await open();
  const names = ["file:///etc/passwd", "ui://app/../x", "ui://chess/board/../../Cargo.toml", "ui://chess/board/%2e%2e%2fCargo.toml", "ui://map/map/dev.html", "/etc/passwd", ""];
  for (const name of names) {
    assert.equal(await run(view, `return mcp.readResource(${JSON.stringify(name)}).then(() => "read", ({ code }) => code)`), -32602, name);
  }
});

const FEATURES = {
  camera: `navigator.mediaDevices.getUserMedia({ video: true })`,
  microphone: `navigator.mediaDevices.getUserMedia({ audio: true })`,
  geolocation: `new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, ({ code }) => reject({ name: code === 1 ? "NotAllowedError" : "unavailable" })))`,
  clipboardWrite: `navigator.clipboard.writeText("x")`,
};

/** What comes of each feature, for a user who allows the page everything. */
const used = async (permissions?: object): Promise<Record<string, string>> => {
  const view = await open({ permissions });
  const origin = new URL(view.page.url()).origin;
  await view.page.browserContext().overridePermissions(origin, ["camera", "microphone", "geolocation", "clipboard-read", "clipboard-sanitized-write"]);
  await view.page.setGeolocation({ latitude: 47, longitude: 8 });
  await view.frame.focus("button");
  const told: Record<string, string> = {};
  for (const [feature, use] of Object.entries(FEATURES)) {
    told[feature] = await run(view, `return ${use}.then(() => "used", ({ name }) => name)`);
  }
  told.frame = await view.page.$eval("iframe", (frame: HTMLIFrameElement) => frame.allow);
  return told;
};

test("it uses nothing that its document does not declare, and what it declares", async () => {
  const no = "NotAllowedError";
  assert.deepEqual(await used(), { camera: no, microphone: no, geolocation: no, clipboardWrite: no, frame: "" });
  // A permission that nobody knows opens nothing.
  const declared = { camera: {}, geolocation: {}, usb: {}, toString: {}, "*": {} };
  assert.deepEqual(await used(declared), { camera: "used", microphone: no, geolocation: "used", clipboardWrite: no, frame: "camera; geolocation" });
  const others = { microphone: {}, clipboardWrite: {} };
  assert.deepEqual(await used(others), { camera: no, microphone: "used", geolocation: no, clipboardWrite: "used", frame: "microphone; clipboard-write" });
});

test("a flood of messages ends the view and not the page", async () => {
  const view = await open();
  await view.frame.evaluate(`for (let n = 0; n < 20000; n++) parent.postMessage({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } }, "*")`);
  await view.page.waitForFunction("!document.querySelector('iframe')");
  const heard: number = await view.page.evaluate("mounted.recorder.trace({}).frames.filter(({ from }) => from === 'view').length");
  assert.ok(heard >= 400 && heard < 700, `${heard} messages were heard`);
  const anew = await open();
  assert.equal(await called(anew, "show_board"), "answered");
});

test("messages of 64 MiB, and those that would be so large as JSON, are refused, and the page goes on", async () => {
  const view = await open();
  const heard = () => view.page.evaluate(`mounted.recorder.trace({}).frames.filter(({ from }) => from === "view").length`);
  const before = await heard();
  const huge = `"x".repeat(64 << 20)`;
  assert.equal(await called(view, "show_board", `{ moves: [${huge}] }`), "refused with -32000");
  // A list of nothing, and one that is named over and over, are small until somebody writes them down.
  const sent = await run(view, `
    const text = ${huge}, bytes = new Uint8Array(64 << 20), sparse = [];
    sparse.length = 2 ** 32 - 1;
    let often = [text.slice(0, 1000)];
    for (let n = 0; n < 30; n++) often = [often, often];
    const all = [text, bytes, bytes.buffer, sparse, often, [text], { text }, new Map([[1, text]])];
    for (const data of all) {
      parent.postMessage({ jsonrpc: "2.0", method: "run.pmcp/state", params: { state: data } }, "*");
      parent.postMessage({ jsonrpc: "2.0", id: "x", method: data, params: {} }, "*");
      parent.postMessage(data, "*");
    }
    return all.length`);
  assert.equal(sent, 8);
  const start = Date.now();
  assert.equal(await view.page.evaluate("1 + 1"), 2);
  assert.ok(Date.now() - start < 2_000, `the page was busy for ${Date.now() - start} ms`);
  assert.equal(await called(view, "show_board"), "answered", "the view goes on, too");
  const kept = await view.page.evaluate("JSON.stringify([mounted.host.context, mounted.recorder.trace({})]).length");
  assert.ok(kept < 1 << 20, `${kept} characters are kept`);
  // What is no JSON is what JSON makes of it: nothing.
  assert.ok((await heard()) - before <= 4);
});

test("no other page has the page, the proxy or a view in a frame", async () => {
  const view = await open();
  const [, proxy, document] = view.page.frames().map((frame: any) => frame.url());
  const page = `${new URL(view.page.url()).origin}/`;
  const other = await view.page.browserContext().newPage();
  for (const url of [page, proxy, document]) {
    await other.setContent(`<iframe src="${url}"></iframe>`);
    const frame = await (await other.waitForSelector("iframe")).contentFrame();
    await frame.waitForFunction("document.readyState === 'complete'").catch(() => {});
    assert.ok(!["Preview", "Sandbox", "Chess"].includes(await frame.evaluate("document.title")), url);
  }
});
