/** The sandbox proxy in Chromium: what it relays, what it drops, and what a view cannot do in it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, frameOf, withBridge } from "./browser.ts";
import { check } from "./schema.ts";

let browser: Browser;
before(async () => void (browser = await Browser.start()));
after(() => browser?.stop());

/** A page with our host, our proxy and this document in it. */
const mounted = async (document: { url?: string; html?: string; csp?: object; sandbox?: string }, name?: string, limits = {}) => {
  const opened = await browser.open();
  const { page } = opened;
  await page.evaluate(
    async (proxy: string, document: object, limits: object) => {
      const { openProxy, ViewHost } = await import("/host.js" as string);
      const window_ = window as any;
      Object.assign(window_, { frames_: [], fromFrame: [], kept: null, sizes: [] });
      addEventListener("message", ({ data, source }) => source === window[0] && window_.fromFrame.push(data));
      window_.mount = async () => {
        const channel = await openProxy(window.document.body, new URL(proxy), document);
        window_.channel = channel;
        const backend = { request: async (_: string, { name }: any) => ({ content: [{ type: "text", text: `${name} done` }] }) };
        await new Promise<void>((initialized) => {
          window_.host = new ViewHost(channel, {
            info: { name: "ours", version: "1" },
            capabilities: { serverTools: {}, logging: {} },
            context: { theme: "light", "run.pmcp/state": window_.kept },
            allows: () => true,
            backend,
            limits,
            page: { initialized, state: (state: unknown) => (window_.kept = state), size: (size: unknown) => window_.sizes.push(size) },
            observe: (_: string, __: string, message: object) => window_.frames_.push(message),
          });
        });
      };
      await window_.mount();
    },
    browser.sandbox,
    document,
    limits,
  );
  const start = name === undefined ? "about:srcdoc" : browser.view(name);
  return { ...opened, view: await frameOf(page, start) };
};

const CALL = `mcp.callTool("move", {}).then(({ text }) => text)`;

test("a view on an origin of its own works, with storage and its theme", async () => {
  browser.views.set("own", withBridge("", "<p>board</p>"));
  const { page, view, errors, close } = await mounted({ url: browser.view("own") }, "own");
  assert.equal(await view.evaluate(CALL), "move done");
  assert.equal(await view.evaluate("localStorage.setItem('a', '1'), localStorage.a"), "1");
  assert.equal(await view.evaluate("origin"), browser.view("own").replace(/\/$/, ""));
  await page.waitForFunction("sizes.length");
  assert.ok(check(await page.evaluate("frames_")) >= 3);
  assert.deepEqual(errors, []);
  await close();
});

test("state is found again after a re-mount", async () => {
  browser.views.set("again", withBridge());
  const { page, view, close } = await mounted({ url: browser.view("again") }, "again");
  await view.evaluate("mcp.state = { tab: 2 }");
  await page.waitForFunction("kept");
  assert.equal(await page.evaluate("host.teardown()"), true);
  assert.equal(await page.evaluate("frames.length"), 0);
  await page.evaluate("mount()");
  const anew = await frameOf(page, browser.view("again"));
  assert.deepEqual(await anew.evaluate("mcp.ready.then(() => mcp.state)"), { tab: 2 });
  await close();
});

test("where its document has changed the address is loaded anew, and of the one before nothing is heard any more", async () => {
  browser.views.set("edited", withBridge("", "<p>before</p>"));
  const { page, view, close } = await mounted({ url: browser.view("edited") }, "edited");
  await view.evaluate(`setInterval(() => mcp.log("info", "before"), 1)`);
  browser.views.set("edited", withBridge("", "<p>after</p><script>parent.postMessage({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'after' } }, '*')</script>"));
  const heard = await page.evaluate(`new Promise((resolve) => channel.again().then(() => channel.receive(({ params }) => params.data && resolve(params.data))))`);
  assert.equal(heard, "after");
  // The one before is removed though this one has no host.
  await page.waitForFunction("frames[0].length === 1");
  const after = await frameOf(page, browser.view("edited"));
  assert.equal(await after.evaluate("document.body.innerText"), "after");
  await close();
});

test("where views have no addresses a document is opaque, under the policy that it declares", async () => {
  const csp = { connectDomains: ["https://api.example.com", "https://evil.example; script-src *"] };
  const { view, errors, close } = await mounted({ html: withBridge(), csp });
  assert.equal(await view.evaluate(CALL), "move done");
  assert.equal(await view.evaluate("origin"), "null");
  const policies = await view.evaluate("[...document.querySelectorAll('meta[http-equiv]')].map(({ content }) => content)");
  assert.match(policies[0], /connect-src https:\/\/api\.example\.com; frame-src 'none'/);
  assert.ok(!policies[0].includes("evil"));
  assert.equal(await view.evaluate("document.compatMode"), "CSS1Compat");
  const blocked = `new Promise((resolve) => {
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
    fetch("https://evil.example").catch(() => {}); })`;
  assert.equal(await view.evaluate(blocked), "connect-src");
  assert.equal(errors.filter((error) => !/Content Security Policy|Fetch API/.test(error)).length, 0, errors.join("\n"));
  await close();
});

test("a view reaches neither the proxy nor the page", async () => {
  browser.views.set("reach", withBridge());
  const { view, close } = await mounted({ url: browser.view("reach") }, "reach");
  const attempts = ["parent.document.title", "top.document.title", "parent.frame", "top.host", "parent.eval('1')", "top.location.href", "frameElement.ownerDocument.title"];
  for (const attempt of attempts) {
    const failed = await view.evaluate(`(() => { try { void (${attempt}); return "reached"; } catch { return "refused"; } })()`);
    assert.equal(failed, "refused", attempt);
  }
  await close();
});

test("messages of the sandbox do not come from a view, and one view is loaded", async () => {
  browser.views.set("forger", withBridge());
  const { page, view, close } = await mounted({ url: browser.view("forger") }, "forger");
  const before = await page.evaluate("fromFrame.length");
  await view.evaluate(`for (const name of ["proxy-ready", "resource-ready", "resource-changed", "anything"])
    parent.postMessage({ jsonrpc: "2.0", method: "ui/notifications/sandbox-" + name, params: { html: "forged" } }, "*")`);
  assert.equal(await view.evaluate(CALL), "move done");
  const after: any[] = await page.evaluate((before: number) => (window as any).fromFrame.slice(before), before);
  assert.deepEqual(after.filter(({ method }) => method?.includes("sandbox")), []);
  const frames = page.frames().length;
  await page.evaluate(`document.querySelector("iframe").contentWindow.postMessage(
    { jsonrpc: "2.0", method: "ui/notifications/sandbox-resource-ready", params: { html: "second" } }, "*")`);
  assert.equal(await view.evaluate(CALL), "move done");
  assert.equal(page.frames().length, frames);
  await close();
});

test("a message of a view straight to the page, past the proxy, is nobody's", async () => {
  browser.views.set("straight", withBridge());
  const { page, view, close } = await mounted({ url: browser.view("straight") }, "straight");
  const before = await page.evaluate("frames_.length");
  await view.evaluate(`top.postMessage({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "straight" } }, "*")`);
  await view.evaluate(CALL);
  const frames: any[] = await page.evaluate((before: number) => (window as any).frames_.slice(before), before);
  assert.ok(!JSON.stringify(frames).includes("straight"));
  await close();
});

test("a view that goes to another document is removed", async () => {
  browser.views.set("leaver", withBridge());
  browser.views.set("other", withBridge());
  const { page, view, errors, close } = await mounted({ url: browser.view("leaver") }, "leaver");
  await view.evaluate((url: string) => void (location.href = url), browser.view("other"));
  await page.waitForFunction(() => (window as any).document.querySelector("iframe").contentWindow.length === 0);
  assert.deepEqual(errors.map((error) => error.slice(0, 13)), ["the view has "]);
  await close();
});

test("an address that is not a view's of this sandbox is not loaded", async () => {
  browser.views.set("evil", "<!doctype html><p>evil</p>");
  for (const url of ["https://evil.example/", `http://evil.localhost:1/`, `http://127.0.0.1:${browser.port}/`, "javascript:alert(1)"]) {
    const { page, close } = await browser.open();
    await page.evaluate(
      async (proxy: string, url: string) => {
        const { openProxy } = await import("/host.js" as string);
        await openProxy(document.body, new URL(proxy), { url, html: "" });
      },
      browser.sandbox,
      url,
    );
    const inner = await frameOf(page, "about:srcdoc");
    assert.equal(await inner.evaluate("origin"), "null", url);
    await close();
  }
});

test("tokens that let a view out of its frame are not given", async () => {
  browser.views.set("token", withBridge());
  const sandbox = "allow-top-navigation allow-popups allow-popups-to-escape-sandbox allow-modals";
  const { page, close } = await mounted({ url: browser.view("token"), sandbox }, "token");
  const proxy = await frameOf(page, browser.sandbox);
  const tokens = await proxy.evaluate(`[...document.querySelector("iframe").sandbox].sort()`);
  assert.deepEqual(tokens, ["allow-forms", "allow-modals", "allow-same-origin", "allow-scripts"]);
  await close();
  const opaque = await mounted({ html: withBridge(), sandbox: "allow-same-origin" });
  const inner = await frameOf(opaque.page, browser.sandbox);
  assert.deepEqual(await inner.evaluate(`[...document.querySelector("iframe").sandbox].sort()`), ["allow-forms", "allow-scripts"]);
  await opaque.close();
});

test("a flood is cut off before it reaches the page, whatever the host would bear", async () => {
  browser.views.set("flood", withBridge());
  const { page, view, close } = await mounted({ url: browser.view("flood") }, "flood", { burst: 1e9 });
  await view.evaluate(`for (let at = 0; at < 20000; at++) parent.postMessage({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: at } }, "*")`);
  await page.waitForFunction("fromFrame.length > 500");
  await new Promise((resolve) => setTimeout(resolve, 300));
  const arrived = await page.evaluate("fromFrame.length");
  assert.ok(arrived < 3000, `${arrived} messages arrived`);
  await close();
});

test("what is too large is refused before it reaches the page, whatever the host would bear", async () => {
  browser.views.set("large", withBridge());
  const { page, view, close } = await mounted({ url: browser.view("large") }, "large", { size: 1e9 });
  assert.equal(await view.evaluate(`mcp.callTool("move", { to: "x".repeat(5 << 20) }).then(() => "done", ({ code }) => code)`), -32000);
  assert.equal(await view.evaluate(`mcp.callTool("move", { to: "x".repeat(3 << 20) }).then(({ text }) => text)`), "move done");
  assert.equal(await page.evaluate(`fromFrame.some((message) => JSON.stringify(message).length > 4 << 20)`), false);
  await close();
});
