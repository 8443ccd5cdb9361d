/** Our bridge under the reference host, and the reference `App` under ours: in Chromium, in two versions of the package. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Browser, frameOf, withApp, withBridge } from "./browser.ts";
import { check } from "./schema.ts";

let browser: Browser;
before(async () => void (browser = await Browser.start()));
after(() => browser?.stop());

/** The reference host on a page, with a view; what it was asked is in `asked`, what it has heard of the view in `frames`. */
const underReference = async (version: number, name: string) => {
  const opened = await browser.open();
  const { page } = opened;
  await page.evaluate(
    async (module: string, url: string) => {
      const { AppBridge, PostMessageTransport } = await import(module);
      const window_ = window as any;
      window_.asked = {};
      window_.frames_ = [];
      const iframe = document.createElement("iframe");
      document.body.append(iframe);
      addEventListener("message", ({ data, source }) => source === iframe.contentWindow && window_.frames_.push(data));
      const text = { text: {} };
      const capabilities = { openLinks: {}, downloadFile: {}, serverTools: {}, serverResources: {}, logging: {}, message: text, updateModelContext: text };
      const context = { theme: "light", locale: "de-DE", displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"] };
      const bridge = new AppBridge(null, { name: "reference", version: "1" }, capabilities, { hostContext: context });
      const keep = (what: string, answer: object) => async (params: object) => ((window_.asked[what] = params), answer);
      bridge.oncalltool = keep("call", { content: [{ type: "text", text: "moved" }], structuredContent: { to: "e4" } });
      bridge.onreadresource = keep("resource", { contents: [{ uri: "file:///a", text: "x" }] });
      bridge.onopenlink = keep("link", {});
      bridge.onmessage = keep("message", {});
      bridge.onupdatemodelcontext = keep("context", {});
      bridge.onrequestdisplaymode = keep("mode", { mode: "fullscreen" });
      bridge.ondownloadfile = keep("download", {});
      bridge.onloggingmessage = keep("log", {});
      bridge.onrequestteardown = keep("close", {});
      const ready = new Promise((resolve) => (bridge.oninitialized = resolve));
      await bridge.connect(new PostMessageTransport(iframe.contentWindow, iframe.contentWindow));
      iframe.src = url;
      await ready;
      window_.bridge = bridge;
    },
    `/app-bridge-${version}.js`,
    browser.view(name),
  );
  return { ...opened, view: await frameOf(page, browser.view(name)) };
};

for (const version of [1, 2]) {
  const named = version === 1 ? "1.7.5" : "2.0.4";

  test(`our bridge under the reference host of ${named}`, async (t) => {
    const heard = `
      globalThis.heard = {};
      for (const event of ["input", "result", "context", "teardown"]) mcp.on(event, (value) => (heard[event] = value));`;
    browser.views.set("board", withBridge(heard, "<p>board</p>"));
    const { page, view, errors, close } = await underReference(version, "board");
    const asked = (what: string) => page.evaluate((what: string) => (window as any).asked[what], what);
    const onHost = (run: string) => page.evaluate(run);
    const inView = (run: string) => view.evaluate(run);

    await t.test("input", async () => {
      await onHost(`bridge.sendToolInput({ arguments: { level: 2 } })`);
      await view.waitForFunction("heard.input");
      assert.deepEqual(await inView("mcp.input"), { level: 2 });
    });
    await t.test("result", async () => {
      await onHost(`bridge.sendToolResult({ content: [{ type: "text", text: "t" }], structuredContent: { fen: "x" } })`);
      await view.waitForFunction("heard.result");
      assert.deepEqual(await inView("mcp.result.data"), { fen: "x" });
    });
    await t.test("context", async () => {
      await onHost(`bridge.setHostContext({ theme: "dark", locale: "de-DE", displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"] })`);
      await view.waitForFunction(`mcp.context.theme === "dark"`);
      assert.equal(await inView("mcp.context.locale"), "de-DE");
      assert.equal(await inView("document.documentElement.style.colorScheme"), "dark");
    });
    await t.test("call", async () => {
      assert.deepEqual(await inView(`mcp.callTool("move", { to: "e4" }).then(({ data }) => data)`), { to: "e4" });
      const { name, arguments: args } = await asked("call");
      assert.deepEqual([name, args], ["move", { to: "e4" }]);
    });
    await t.test("resource", async () => {
      assert.equal(await inView(`mcp.readResource("file:///a").then(({ contents: [part] }) => part.text)`), "x");
    });
    await t.test("link", async () => {
      await inView(`mcp.openLink("https://a.example/")`);
      assert.equal((await asked("link")).url, "https://a.example/");
    });
    await t.test("message", async () => {
      await inView(`mcp.sendMessage("hello")`);
      assert.deepEqual(await asked("message"), { role: "user", content: [{ type: "text", text: "hello" }] });
    });
    await t.test("model context", async () => {
      await inView(`mcp.updateModelContext("white to move", { turn: "w" })`);
      assert.deepEqual((await asked("context")).structuredContent, { turn: "w" });
    });
    await t.test("mode", async () => {
      assert.equal(await inView(`mcp.requestDisplayMode("fullscreen")`), "fullscreen");
      assert.equal(await inView(`mcp.requestDisplayMode("pip")`), "inline");
    });
    await t.test("download and log", async () => {
      await inView(`mcp.download("file:///a.csv", "text/csv", "a,b")`);
      assert.equal((await asked("download")).contents[0].resource.text, "a,b");
      await inView(`mcp.log("warning", { a: 1 })`);
      await page.waitForFunction("asked.log");
      assert.deepEqual((await asked("log")).data, { a: 1 });
    });
    await t.test("teardown", async () => {
      await inView("mcp.close()");
      await page.waitForFunction("asked.close");
      assert.deepEqual(await onHost("bridge.teardownResource({})"), {});
      assert.deepEqual(await inView("heard.teardown"), {});
    });
    const frames = await onHost("frames_");
    assert.ok(frames.some(({ method }: any) => method === "ui/notifications/size-changed"));
    assert.ok(check(frames) >= 9);
    assert.deepEqual(errors, []);
    await close();
  });

  test(`the reference app of ${named} under our host`, async (t) => {
    const script = `
      globalThis.heard = {};
      globalThis.app = new apps.App({ name: "theirs", version: "1" }, { availableDisplayModes: ["inline", "fullscreen"] });
      app.ontoolinput = (value) => (heard.input = value);
      app.ontoolresult = (value) => (heard.result = value);
      app.onhostcontextchanged = (value) => (heard.context = value);
      app.onteardown = () => (console.info("teardown heard"), {});
      app.connect(new apps.PostMessageTransport(parent, parent)).then(() => (heard.connected = true));`;
    const name = `theirs${version}`;
    browser.views.set(name, await withApp(version, script));
    const { page, errors, close } = await browser.open();
    await page.evaluate(
      async (proxy: string, url: string) => {
        const { openProxy, ViewHost } = await import("/host.js" as string);
        const window_ = window as any;
        Object.assign(window_, { frames_: [], asked: {} });
        const channel = await openProxy(document.body, new URL(proxy), { url });
        const keep = (what: string) => (params: unknown) => void (window_.asked[what] = params);
        const text = { text: {} };
        await new Promise<void>((initialized) => {
          window_.host = new ViewHost(channel, {
            info: { name: "ours", version: "1" },
            capabilities: { openLinks: {}, serverTools: {}, message: text, logging: {}, experimental: { "io.modelcontextprotocol/tasks": {} } },
            context: { theme: "light", displayMode: "inline", availableDisplayModes: ["inline", "fullscreen"], "run.pmcp/state": null },
            allows: (tool: string) => tool === "move",
            backend: {
              request: async (method: string, params: any) => {
                window_.asked[method] = params;
                return { content: [{ type: "text", text: "moved" }] };
              },
            },
            page: { openLink: keep("link"), message: keep("message"), log: keep("log"), size: keep("size"), displayMode: (mode: string) => mode, initialized },
            observe: (from: string, to: string, message: object) => [from, to].includes("view") && window_.frames_.push(message),
          });
        });
      },
      browser.sandbox,
      browser.view(name),
    );
    const view = await frameOf(page, browser.view(name));
    const asked = (what: string) => page.evaluate((what: string) => (window as any).asked[what], what);

    await t.test("initialization", async () => {
      await view.waitForFunction("heard.connected");
      assert.equal((await view.evaluate("app.getHostVersion()")).name, "ours");
    });
    await t.test("input and result", async () => {
      await page.evaluate(`host.input({ level: 2 }), host.result({ content: [{ type: "text", text: "t" }] })`);
      await view.waitForFunction("heard.result");
      assert.deepEqual(await view.evaluate("heard.input"), { arguments: { level: 2 } });
    });
    await t.test("context", async () => {
      await page.evaluate(`host.change({ theme: "dark" })`);
      await view.waitForFunction("heard.context");
      assert.equal((await view.evaluate("app.getHostContext()")).displayMode, "inline");
    });
    await t.test("calls", async () => {
      const result = await view.evaluate(`app.callServerTool({ name: "move", arguments: { to: "e4" } })`);
      assert.equal(result.content[0].text, "moved");
      const refused = await view.evaluate(`app.callServerTool({ name: "delete", arguments: {} }).catch(({ code }) => code)`);
      assert.equal(refused, -32602);
    });
    await t.test("requests to the page", async () => {
      await view.evaluate(`app.openLink({ url: "https://a.example/" })`);
      await view.evaluate(`app.sendMessage({ role: "user", content: [{ type: "text", text: "hello" }] })`);
      const { mode } = await view.evaluate(`app.requestDisplayMode({ mode: "fullscreen" })`);
      assert.deepEqual([await asked("link"), mode], ["https://a.example/", "fullscreen"]);
      assert.ok((await asked("size")).height > 0);
    });
    await t.test("teardown", async () => {
      const said: string[] = [];
      page.on("console", (message: any) => said.push(message.text()));
      assert.equal(await page.evaluate("host.teardown()"), true);
      assert.ok(said.includes("teardown heard"));
      assert.equal(await page.evaluate("frames.length"), 0);
    });
    assert.ok(check(await page.evaluate("frames_")) >= 10);
    assert.deepEqual(errors, []);
    await close();
  });
}

test("forged messages of a third frame change nothing, while calls go on", async () => {
  browser.views.set("board", withBridge("globalThis.told = []; for (const e of ['result', 'input', 'context', 'teardown']) mcp.on(e, () => told.push(e));"));
  const evil = `<!doctype html><script>
    const frames = () => { const all = []; (function walk(w) { for (let i = 0; i < w.length; i++) { all.push(w[i]); walk(w[i]); } })(top); return [top, ...all]; };
    const forge = (id) => [
      { method: "ui/notifications/tool-result", params: { content: [{ type: "text", text: "forged" }] } },
      { method: "ui/notifications/tool-input", params: { arguments: { forged: true } } },
      { method: "ui/notifications/host-context-changed", params: { theme: "dark", forged: true } },
      { method: "ui/notifications/sandbox-resource-ready", params: { html: "forged" } },
      { id: "forged", method: "ui/resource-teardown", params: {} },
      { id, result: { content: [{ type: "text", text: "forged" }] } },
    ];
    addEventListener("message", ({ data }) => { if (data.round === undefined) return;
      for (const w of frames()) for (const m of forge(data.id)) w.postMessage({ jsonrpc: "2.0", ...m }, "*"); });
  </script>`;
  browser.views.set("evil", evil);
  const { page, view, errors, close } = await underReference(2, "board");
  await page.evaluate(async (url: string) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
    document.body.append(frame);
    await loaded;
    (window as any).evil = frame.contentWindow;
  }, browser.view("evil"));
  const before = await view.evaluate("told.length");
  for (let round = 0; round < 26; round++) {
    const call = view.evaluate(`mcp.callTool("move", { to: "e${round}" }).then(({ text }) => text)`);
    await page.evaluate((round: number) => {
      const id = (window as any).frames_.findLast(({ method }: any) => method === "tools/call")?.id ?? 1;
      (window as any).evil.postMessage({ round, id }, "*");
    }, round);
    assert.equal(await call, "moved");
  }
  assert.equal(await view.evaluate("told.length"), before);
  assert.deepEqual(await view.evaluate("[mcp.input, mcp.context.forged, mcp.result]"), [undefined, undefined, undefined].map(() => null));
  assert.deepEqual(errors, []);
  await close();
});
