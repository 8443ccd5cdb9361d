/** The page of the preview with a server that breaks rules, asks and goes away: other hosts, policies, simulation, trouble. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { says, Stage, textOf } from "./harness.ts";
import { Preview } from "./preview.ts";
import { MARKUP, Scripted } from "./scripted.ts";

let server: Scripted;
let stage: Stage;
before(async () => {
  server = await Scripted.start();
  stage = await Stage.at(server.url);
});
// What a policy stops, the console tells; so it does of a server that is away.
afterEach(() => stage.clear(/Content Security Policy|net::ERR|Failed to load resource|the view broke|status of/));
after(async () => {
  await stage?.stop();
  await server?.away();
});

/** The page under the profile of the specification, whatever the last test has left its host with. */
const open = (parameters: Record<string, string> = {}) => Preview.open(stage, { profile: "specification", ...parameters });
const context = async (preview: Preview, profile?: string) => JSON.parse(await textOf(await preview.view(profile), "#context"));
const told = async (preview: Preview, what: string, text: string | RegExp, profile?: string) => {
  const view = await preview.view(profile);
  await view.click(`#${what}`);
  await says(view, "#told", text);
};
/** Waits until the view knows this of its context. */
const knows = async (preview: Preview, part: string) => (await preview.view()).waitForFunction(part, { timeout: 10_000 });

test("what was called is there when the page is loaded anew, and what may change something is not called again for it", async () => {
  const calls = (name: string) => server.asked.filter(({ method, params }) => method === "tools/call" && params.name === name).length;
  const preview = await open({ tool: "echo" });
  await preview.at("tool-echo");
  assert.equal(calls("echo"), 0);
  await preview.click("call");
  await preview.says("reads", "{}");
  await preview.page.reload();
  await preview.says("reads", "{}");
  assert.equal(calls("echo"), 1);
  await preview.click("tool-show");
  await preview.click("call");
  await preview.view();
  await preview.page.reload();
  await preview.view();
});

test("each part of the simulation reaches the view", async () => {
  const preview = await open();
  await preview.view();
  await preview.click("theme");
  await knows(preview, "mcp.context.theme === 'dark'");
  await preview.choose("locale", "ja-JP");
  await knows(preview, "mcp.context.locale === 'ja-JP'");
  await preview.choose("container", "phone");
  await knows(preview, "mcp.context.containerDimensions.width === 390 && mcp.context.deviceCapabilities.touch && innerWidth === 390");
  await preview.click("more");
  await preview.choose("zone", "Asia/Tokyo");
  await knows(preview, "mcp.context.timeZone === 'Asia/Tokyo'");
  await preview.choose("platform", "mobile");
  await knows(preview, "mcp.context.platform === 'mobile'");
  await preview.click("insets");
  await knows(preview, "mcp.context.safeAreaInsets.top === 47");
  await preview.click("fixed");
  await knows(preview, "mcp.context.containerDimensions.height === 844 && innerHeight === 844");
  await preview.choose("pointer", "mouse");
  await knows(preview, "mcp.context.deviceCapabilities.hover");
});

test("a view goes to fullscreen and back, floats, and asks for it itself", async () => {
  const preview = await open();
  await told(preview, "large", "large: fullscreen");
  await knows(preview, "innerWidth === 1440 && innerHeight === 900");
  await preview.click("leave");
  await knows(preview, "mcp.context.displayMode === 'inline' && innerWidth < 1000");
  await preview.press("d");
  await knows(preview, "mcp.context.displayMode === 'fullscreen'");
  await preview.press("Escape");
  await knows(preview, "mcp.context.displayMode === 'inline'");
  await preview.choose("mode", "pip");
  await knows(preview, "innerWidth === 380");
});

test("what the policy stops is told with the attribute, and the view is tried with it", async () => {
  server.csp = {};
  const preview = await open({ panel: "policy" });
  await told(preview, "fetch", /^fetch: /);
  await preview.says("advice", 'csp(connect = ["https://tiles.example.com"])');
  await told(preview, "image", /^image: /);
  await preview.says("advice", 'csp(resource = ["https://pictures.example.com"])');
  await told(preview, "code", /^code: /);
  await preview.says("violation", /eval/);
  await preview.picture("policy");
  await preview.click("try-with");
  await preview.says("tried", "https://tiles.example.com");
  await preview.says("panel-policy", /Nothing: the view/);
  await preview.says("panel-policy", /connect-src.*https:\/\/tiles\.example\.com/);
});

test("what a widget declares is open, and said to be its own", async () => {
  server.csp = { connectDomains: ["https://tiles.example.com"] };
  const preview = await open({ panel: "policy" });
  await preview.view();
  await preview.says("panel-policy", /https:\/\/tiles\.example\.com \(declared by the widget\)/);
  server.csp = {};
});

test("a view says things, and opens and saves nothing without a click", async () => {
  const preview = await open();
  await told(preview, "message", "message: done");
  await preview.says("says-specification", "Let us try e4");
  await told(preview, "log", "log: done");
  await preview.says("says-specification", "the kettle boils");
  const view = await preview.view();
  await view.click("#link");
  await preview.says("says-specification", "https://example.com/page");
  assert.equal((await preview.page.browserContext().pages()).length, 1);
  await preview.click("deny-link");
  await says(view, "#told", /^link: the user/);
  await view.click("#save");
  await preview.says("says-specification", /saves.*notes\.txt/);
  await preview.click("save-file");
  await says(view, "#told", "save: done");
});

test("an error of the view's script is in the log", async () => {
  const preview = await open();
  await told(preview, "fail", "fail: done");
  await preview.logged("the view broke");
});

test("a host that has no messages answers so, and the log says it", async () => {
  const preview = await open({ profile: "vscode" });
  await told(preview, "message", /^message: /, "vscode");
  await preview.logged(/does not know this request/);
  assert.equal(await preview.count("says-vscode"), 0);
  assert.deepEqual((await context(preview, "vscode")).containerDimensions.width, 494);
  const { params } = server.asked.filter(({ method }) => method === "initialize").at(-1)!;
  assert.equal(params.clientInfo.name, "Visual Studio Code");
  await told(preview, "large", "large: inline", "vscode");
});

test("`window.openai` is there where the host has it: state, a modal, an end", async () => {
  const preview = await open();
  assert.equal(await (await preview.view()).evaluate("'openai' in globalThis"), false);
  await preview.choose("profile", "chatgpt-developer");
  await told(preview, "keep", "keep: kept", "chatgpt-developer");
  await preview.logged(/window\.openai: state/);
  const view = await preview.another(() => preview.click("reload"), "chatgpt-developer");
  await says(view, "#kept", '{"tab":2}');
  await view.click("#modal");
  await preview.page.waitForSelector(".modal .frame");
  await preview.click("leave");
  await preview.page.waitForFunction("!document.querySelector('.modal')");
  // Without the mouse: the frame is on its way back from the modal to its place.
  await view.$eval("#leave", (button: HTMLElement) => button.click());
  await preview.says("view-chatgpt-developer", /closed itself/);
});

test("a tool that is not for views is kept from them", async () => {
  const preview = await open();
  await told(preview, "hidden", /^hidden: .*may not/);
  await told(preview, "call", /call: .*from the view/);
});

test("a text-only host shows what the model reads and no view", async () => {
  const preview = await open({ profile: "text" });
  await preview.says("stage", /shows no views/);
  await preview.says("reads", "{}");
  assert.equal(await preview.page.$("iframe"), null);
});

test("hosts are compared beside each other, each with its own view", async () => {
  const preview = await open();
  await preview.view();
  await preview.choose("compare", "vscode");
  await told(preview, "message", "message: done", "specification");
  await told(preview, "message", /^message: .*not/, "vscode");
  await preview.says("differences", /message.*yes.*no/s);
  await preview.says("differences", /size/);
  await preview.picture("compare");
  await preview.click("end-vscode");
  await preview.lacks("view-vscode");
  await preview.view();
});

test("a view that closes itself is gone, and comes back", async () => {
  const preview = await open();
  const view = await preview.view();
  await view.click("#end");
  await preview.says("view-specification", /closed itself/);
  await preview.page.click(".cover button");
  await preview.view();
});

test("a view that floods its host is ended, and the page stays usable", async () => {
  const preview = await open();
  const view = await preview.view();
  await view.evaluate(`for (let n = 0; n < 20000; n++) parent.postMessage({ jsonrpc: "2.0", method: "notifications/message", params: { level: "info", data: "x".repeat(1000) } }, "*")`);
  await preview.says("view-specification", /too many messages/);
  await preview.click("tab-state");
  await preview.at("panel-state");
  await preview.click("tab-log");
  await preview.page.click(".cover button");
  await told(preview, "call", /call: .*from the view/);
});

test("a form has nested parts, lists and mistakes", async () => {
  const preview = await open({ tool: "nested" });
  await preview.click("tool-nested");
  const field = (name: string) => preview.page.waitForSelector(`#arguments_${name}`);
  await (await field("title")).type("ab");
  await preview.page.waitForSelector("#arguments_title__error");
  await (await field("title")).type("c");
  await preview.page.waitForFunction("!document.querySelector('#arguments_title__error')");
  await (await field("place_street")).type("Main");
  await (await field("place_number")).type("7");
  await (await field("size")).type("2.5");
  await (await field("loud")).click();
  const select = await field("colour");
  await select.select(await select.$eval("option:last-child", (option: HTMLOptionElement) => option.value));
  await preview.page.click(".items .add");
  await (await field("tags_0")).type("new");
  await preview.click("call");
  await preview.says("reads", "street");
  const { params } = server.asked.filter(({ method }) => method === "tools/call").at(-1)!;
  assert.deepEqual(params.arguments, { title: "abc", count: 2, loud: true, colour: "green", size: 2.5, place: { street: "Main", number: 7 }, tags: ["new"] });
});

test("a page that the server sends to is shown whole, and opened for who says so alone", async () => {
  const preview = await open({ panel: "tasks", tool: "visit" });
  await preview.click("tool-visit");
  const asked = async (url: string) => {
    server.page = url;
    await preview.click("call");
    await preview.says("question", "Log in, please.");
    assert.equal(await preview.text("page-url"), url);
  };
  const { host, origin } = new URL(server.url);
  const page = `${origin}/page?next=https://bank.example/`;
  await asked(page);
  assert.equal(await preview.page.$eval('[data-testid="page-url"] strong', (strong: Element) => strong.textContent), host);
  await preview.hasNoFindings("a page to go to");
  await preview.click("decline");
  await preview.says("reads", '"action":"decline"');
  // A name that stands for other letters is shown as it is written.
  await asked("https://xn--pple-43d.com/login");
  await preview.says("punycode", "may look like another name");
  await preview.click("dismiss");
  await preview.says("reads", '"action":"cancel"');
  assert.deepEqual(server.visited, []);
  await asked(page);
  await preview.click("accept");
  const opened = await preview.page.browserContext().waitForTarget((target: any) => target.url() === page, { timeout: 20_000 });
  assert.equal(await (await opened.page()).evaluate("String(window.opener) + document.referrer"), "null");
  // A page behind another one draws nothing.
  await preview.page.bringToFront();
  await preview.says("reads", /You answered \{"action":"accept"\}/);
  assert.deepEqual(server.visited, ["/page?next=https://bank.example/"]);
  await preview.says("visit", host);
  await preview.tell({ kind: "notification", method: "notifications/elicitation/complete", params: { elicitationId: "page-1" } });
  await preview.lacks("visit");
});

test("a page whose URL could deceive is refused, and one that is done without the host goes on", async () => {
  const preview = await open({ panel: "tasks" });
  const ask = (id: number, url: string) =>
    preview.tell({ kind: "question", id, method: "elicitation/create", params: { mode: "url", message: `Page ${id}`, url, elicitationId: `page-${id}` } });
  for (const [at, url] of ["javascript:alert(1)", "https://bank.example@evil.example/", "https://bank%2eexample/", "http://2130706433:8080/", "file:///etc/passwd"].entries()) {
    await ask(900 + at, url);
    await preview.says("question", `Page ${900 + at}`);
    assert.equal(await preview.text("page-url"), url);
    assert.equal(await preview.page.$eval('[data-testid="accept"]', (button: HTMLButtonElement) => button.disabled), true);
    await preview.tell({ kind: "answered", id: 900 + at });
    await preview.lacks("question");
  }
  await ask(910, "https://bank.example/");
  await preview.says("question", "Page 910");
  await preview.tell({ kind: "notification", method: "notifications/elicitation/complete", params: { elicitationId: "page-910" } });
  await preview.says("page-done", "you are done there");
  await preview.says("accept", "Go on");
});

test("a question of the server is answered, declined and dismissed", async () => {
  const preview = await open({ panel: "tasks", tool: "ask" });
  const ask = async () => {
    await preview.click("call");
    await preview.says("question", "Who are you?");
  };
  await preview.click("tool-ask");
  await ask();
  await preview.page.type('[data-testid="question"] input', "Ada");
  await preview.click("accept");
  await preview.says("reads", "Hello Ada, not sure");
  await preview.lacks("question");
  await ask();
  await preview.click("decline");
  await preview.says("reads", "You decline.");
  await ask();
  await preview.click("dismiss");
  await preview.says("reads", "You cancel.");
});

test("a failed call and an error of the protocol are told", async () => {
  const preview = await open({ tool: "fail" });
  await preview.click("tool-fail");
  await preview.click("call");
  await preview.says("reads", /failed.*no more tea/);
  await preview.click("chip-errors");
  await preview.logged("failed: There is no more tea.");
});

test("markup is text wherever a server can put it", async () => {
  const preview = await open({ tool: "markup" });
  await preview.click("tool-markup");
  await preview.says("stage", /./);
  await preview.click("call");
  await preview.says("reads", "onerror");
  for (const panel of ["state", "log"]) {
    await preview.click(`tab-${panel}`);
    await preview.at(`panel-${panel}`);
  }
  await preview.page.click(".entry:last-child .line");
  assert.equal(await preview.page.$eval(".arguments h2", (title: Element) => title.textContent), MARKUP);
  assert.equal(await preview.page.$("img"), null);
  assert.equal(await preview.page.title(), "scripted");
});

test("faults are what users report: late, missing and failed answers, denied links, a second mount", async () => {
  const preview = await open();
  await preview.view();
  await preview.click("more");
  await preview.click("fault-fails");
  await preview.click("fault-links");
  await preview.press("Escape");
  await told(preview, "call", /call: .*cannot be reached/);
  await told(preview, "link", /^link: the user/);
  await preview.click("more");
  await preview.click("fault-twice");
  await preview.page.waitForFunction("document.querySelectorAll('[data-testid=view-specification][data-phase=ready]').length === 2");
});

test("another document is shown with the state that was kept", async () => {
  server.title = "Before";
  const preview = await open();
  await told(preview, "keep", "keep: kept");
  server.title = "After";
  const view = await preview.another(() => preview.click("reload"));
  await says(view, "h1", "After");
  await says(view, "#kept", '{"tab":2}');
});

test("a saved file shows the new document, and a build that fails leaves the view as it is", async () => {
  server.title = "Before";
  const preview = await open();
  await told(preview, "keep", "keep: kept");
  server.title = "After";
  const view = await preview.another(() => preview.tell({ kind: "files", paths: ["widgets/view/index.html"] }));
  await says(view, "h1", "After");
  await says(view, "#kept", '{"tab":2}');
  await preview.tell({ kind: "build", state: "started" });
  await preview.tell({ kind: "build", state: "failed", ms: 900, text: "\u001b[31merror\u001b[0m: no such field `kettle`" });
  await preview.says("build", /error: no such field `kettle`/);
  await says(view, "h1", "After");
  await preview.tell({ kind: "build", state: "finished", ms: 900 });
  await preview.lacks("build");
});

test("each state of the connection says what to do", async () => {
  const preview = await open();
  await preview.view();
  for (const [state, more, text] of [
    ["building", {}, /Building.*being built/],
    ["refused", {}, /Refused.*--bearer-env/],
    ["failed", { message: "It ended with exit code 101.", lines: ["no more tea"] }, /Failed.*exit code 101.*no more tea/],
    ["lost", { retryMs: 4000 }, /Lost.*next try in/],
  ] as const) {
    await preview.tell({ kind: "connection", state, ...more });
    await preview.says("trouble", text);
    await preview.says("connection", state);
  }
  await preview.tell({ kind: "connection", state: "ready", protocol: "2025-11-25", server: { name: "scripted", version: "2" } });
  await preview.lacks("trouble");
  await preview.says("connection", /ready.*2025-11-25/);
});

test("without the key the page says where to find it", async () => {
  const preview = await open();
  await preview.view();
  const page = await stage.tab();
  await page.goto(new URL(preview.page.url()).origin);
  await new Preview(page).says("trouble", /Locked.*the terminal shows/);
});

test("a server that goes away is said to be lost, and when it is back the page goes on", async () => {
  server.title = "Still here";
  const preview = await open();
  await told(preview, "keep", "keep: kept");
  await server.away();
  await told(preview, "call", /^call: /);
  await preview.says("trouble", /Lost/);
  server.title = "Back again";
  const view = await preview.another(() => server.listen());
  await says(view, "h1", "Back again");
  await says(view, "#kept", '{"tab":2}');
  await preview.lacks("trouble");
});
