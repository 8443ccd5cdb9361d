/** What a view tries, and does not get: the real sandbox around a real view. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Stage, type View } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("chess")));
// Each attack is told on the console.
afterEach(() => stage.clear(/./));
after(() => stage?.stop());

const open = async (): Promise<View> => {
  const view = await stage.open("show_board");
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

test("it calls no tool that is not its own", async () => {
  const view = await open();
  assert.equal(await run(view, `return mcp.callTool("task_list", {}).then(() => "answered")`), "Error");
});

test("a flood of messages ends the view and not the page", async () => {
  const view = await open();
  await view.frame.evaluate(`for (let n = 0; n < 20000; n++) parent.postMessage({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x" } }, "*")`);
  assert.equal(await view.page.evaluate("1 + 1"), 2);
  assert.ok((await view.page.evaluate("mounted.recorder.trace({}).frames.length")) < 5000);
});

test("no other page has the page, the proxy or a view in a frame", async () => {
  const view = await open();
  const [page, proxy, document] = view.page.frames().map((frame: any) => frame.url());
  const other = await view.page.browserContext().newPage();
  for (const url of [page, proxy, document]) {
    await other.setContent(`<iframe src="${url}"></iframe>`);
    const frame = await (await other.waitForSelector("iframe")).contentFrame();
    await frame.waitForFunction("document.readyState === 'complete'").catch(() => {});
    assert.ok(!["Preview", "Sandbox", "Chess"].includes(await frame.evaluate("document.title")), url);
  }
});
