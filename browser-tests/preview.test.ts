/** The page of the preview in a browser: what its users see and do. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { says, Stage, textOf } from "./harness.ts";
import { Preview } from "./preview.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("chess", "--pace", "50")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const open = (parameters: Record<string, string> = {}, size?: { width: number; height: number }) => Preview.open(stage, parameters, size);

test("in the first minute the view is there without a word", async () => {
  const preview = await open();
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  assert.equal(await preview.page.$eval('[data-testid="tool-show_board"]', (tool: Element) => tool.getAttribute("aria-selected")), "true");
  await preview.says("connection", /ready.*2026-07-28/);
  await preview.says("reads", "rnbqkbnr");
  await preview.logged("ui/initialize");
  await preview.picture("first");
});

test("the key is not in the address, and a reload finds it again", async () => {
  const preview = await open();
  await preview.view();
  assert.equal(new URL(preview.page.url()).hash, "");
  await preview.page.reload();
  await preview.view();
});

test("a tool is called from a form", async () => {
  const preview = await open();
  await preview.view();
  await preview.page.click(".add");
  await preview.page.type(".item input", "e4");
  await preview.click("call");
  await preview.says("reads", /moves: \[.*e4|"e4"|1 item/);
  await says(await preview.view(), "#moves", "1.e4");
  assert.match(decodeURIComponent(preview.page.url()), /args=\{"moves":\["e4"\]\}/);
});

test("a tool is called with JSON, and a mistake in it is told", async () => {
  const preview = await open();
  await preview.view();
  await preview.page.click('[data-testid="arguments-as"] label:last-child');
  await preview.input("json", '{"moves": ["d4", ');
  await preview.page.waitForSelector(".json .error");
  await preview.input("json", '{"moves": ["d4"]}');
  await preview.page.waitForFunction("!document.querySelector('.json .error')");
  await preview.click("call");
  await says(await preview.view(), "#moves", "1.d4");
});

test("tools are found by their words and marked", async () => {
  const preview = await open();
  await preview.at("tool-move_piece");
  assert.match(await preview.text("tool-show_board"), /opens a view/);
  assert.match(await preview.text("tool-move_piece"), /app.*for views only/);
  await preview.press("/");
  await preview.page.keyboard.type("ever further");
  await preview.page.waitForFunction("document.querySelectorAll('[role=option].tool').length === 1");
  await preview.lacks("tool-show_board");
});

test("a deep link opens the tool with its arguments, its theme and its panel", async () => {
  const preview = await open({ tool: "show_board", args: '{"moves":["e4","e5"]}', theme: "dark", panel: "state", locale: "de-DE", container: "column" });
  const view = await preview.view();
  await says(view, "#moves", "e5");
  assert.equal(await view.evaluate("document.documentElement.dataset.theme"), "dark");
  assert.deepEqual(await view.evaluate("[mcp.context.locale, mcp.context.containerDimensions.width]"), ["de-DE", 480]);
  await preview.says("panel-state", /moves/);
  assert.equal(await preview.page.$eval('[role="tab"][aria-selected="true"]', (tab: Element) => tab.textContent), "State");
});

test("the model reads what the view tells it", async () => {
  const preview = await open();
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  await view.click('[data-square="e2"]');
  await view.click('[data-square="e4"]');
  await preview.says("says-specification", /tells the model.*White/);
});

test("the log has both layers, times and the whole of a message", async () => {
  const preview = await open();
  await preview.view();
  await preview.logged(/ui\/notifications\/tool-result/);
  await preview.logged(/resources\/read/);
  await preview.page.type('[data-testid="filter"]', "ui/initialize");
  await preview.page.waitForFunction("document.querySelectorAll('.entry').length === 2");
  assert.match(await preview.text("entries"), /\d+ ms/);
  await preview.page.click(".entry .line");
  await preview.says("entries", /"?appInfo/);
  await preview.page.$eval('[data-testid="filter"]', (field: HTMLInputElement) => {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await preview.click("chip-view");
  await preview.page.waitForFunction("![...document.querySelectorAll('.method')].some(({ textContent }) => textContent.startsWith('ui/'))");
});

test("a paused log stands still, and goes on", async () => {
  const preview = await open();
  await preview.view();
  await preview.logged("size-changed");
  await preview.press("Escape", ".");
  const before = await preview.count("entries") && (await preview.page.$$(".entry")).length;
  await preview.press("t");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal((await preview.page.$$(".entry")).length, before);
  await preview.press(".");
  await preview.logged("host-context-changed");
});

test("a task of the model shows its progress and its variables, and ends", async () => {
  const preview = await open({ tool: "analyse", args: '{"moves":["e4"]}', panel: "tasks" });
  await preview.says("task", /analyse/);
  await preview.says("task", /depth: \d/);
  await preview.says("task", "completed");
  await preview.says("reads", "score");
  assert.match(await preview.text("tool-analyse"), /may be a task/);
});

test("a task is cancelled in the panel", async () => {
  const preview = await open({ tool: "analyse", args: '{"moves":["e4"]}', panel: "tasks" });
  await preview.click("cancel-task");
  await preview.says("task", "cancelled");
  await preview.says("reads", "cancelled");
});

test("a task that a view began is there, too", async () => {
  const preview = await open({ panel: "tasks" });
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  await view.click("#analyse");
  await preview.says("task", /begun by the view/);
  await preview.says("task", "completed");
  assert.match(await textOf(view, "#found"), /depth/);
});

test("with the revision of 2025 tasks are as they are with that of 2026", async () => {
  const preview = await open({ panel: "tasks" });
  await preview.view();
  await preview.click("connection");
  await preview.choose("protocol", "2025-11-25");
  await preview.says("connection", /ready.*2025-11-25/);
  await preview.press("Escape");
  await preview.click("tool-analyse");
  await preview.page.click(".add");
  await preview.page.type(".item input", "e4");
  await preview.click("call");
  await preview.says("task", /depth: \d/);
  await preview.says("task", "completed");
  await preview.says("reads", "score");
  await preview.click("connection");
  await preview.choose("protocol", "auto");
  await preview.says("connection", /ready.*2026-07-28/);
});

test("what a view keeps is shown, written, and found again", async () => {
  const preview = await open({ panel: "state" });
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  await view.click('[data-square="e2"]');
  await view.click('[data-square="e4"]');
  await says(view, "#moves", /^1\.e4\S+/);
  await says(await preview.another(() => preview.click("reload")), "#moves", /^1\.e4\S+/);
  await preview.click("edit-state");
  assert.match(await preview.page.$eval('[data-testid="state-json"]', (field: HTMLTextAreaElement) => field.value), /e4/);
});

test("the kept record of a view is replayed without a difference, and one that is not as it was has one", async () => {
  const preview = await open();
  await says(await preview.view(), "#told", "Your move.");
  await preview.logged("size-changed");
  await preview.click("record");
  await preview.type("trace-name", "first-look");
  await preview.click("keep");
  await preview.at("pacing");
  await preview.page.click('[data-testid="pacing"] label:nth-child(2)');
  await preview.click("trace-first-look");
  await preview.says("same", "No difference.");
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  await view.click('[data-square="e2"]');
  await view.click('[data-square="e4"]');
  await preview.says("difference", /not in the trace.*tools\/call.*move_piece/);
  await preview.page.click('[aria-label="Delete first-look"]');
  await preview.lacks("trace-first-look");
});

test("barriers are looked for in a copy, and the view stays as it is", async () => {
  const preview = await open({ panel: "a11y" });
  const view = await preview.view();
  await says(view, "#told", "Your move.");
  await preview.click("examine");
  await preview.says("findings", "No findings");
  await preview.says("panel-a11y", /Stops of the tab key: [1-9]/);
  assert.equal(await preview.view(), view);
  assert.equal(await preview.page.$$eval("iframe", (all: Element[]) => all.length), 1);
});

test("by keyboard alone from the load to an answer", async () => {
  const preview = await open();
  await preview.view();
  await preview.press("/");
  await preview.page.keyboard.type("analyse");
  await preview.press("ArrowDown");
  await preview.page.waitForFunction("document.activeElement.dataset.testid === 'tool-analyse'");
  // The tab key leads on into the form.
  await preview.press("Tab", "Enter");
  await preview.page.waitForSelector(".item input");
  await preview.page.focus(".item input");
  await preview.page.keyboard.type("e4");
  await preview.press("Enter");
  await preview.says("reads", "score");
  await preview.press("Escape", "2");
  await preview.page.waitForFunction("document.activeElement.id === 'tab-tasks'");
  await preview.press("ArrowRight");
  await preview.at("panel-state");
  await preview.press("F6");
  await preview.page.waitForFunction("document.activeElement.closest('.tools')");
});

test("keys are listed, and none is taken from a field", async () => {
  const preview = await open();
  await preview.view();
  await preview.press("?");
  await preview.says("keys-list", /find a tool/);
  await preview.press("Escape");
  await preview.page.waitForFunction("!document.querySelector('dialog[open]')");
  await preview.page.focus("#search");
  await preview.page.keyboard.type("t2?");
  assert.equal(await preview.page.$eval("#search", (field: HTMLInputElement) => field.value), "t2?");
  assert.equal(await preview.page.$eval("html", (root: HTMLElement) => root.dataset.theme), "light");
});

for (const theme of ["light", "dark"]) {
  test(`the page has no findings in its ${theme} theme`, async () => {
    const preview = await open({ theme, tool: "analyse", args: '{"moves":["e4"]}' });
    await preview.says("reads", "score");
    await preview.hasNoFindings("log");
    for (const panel of ["tasks", "state", "policy", "a11y"]) {
      await preview.click(`tab-${panel}`);
      await preview.at(`panel-${panel}`);
      await preview.hasNoFindings(panel);
    }
    await preview.click("tool-show_board");
    await preview.click("call");
    await preview.view();
    for (const panel of ["state", "policy"]) {
      await preview.click(`tab-${panel}`);
      await preview.hasNoFindings(`${panel} of a view`);
    }
    await preview.picture(theme);
    await preview.press("Escape", "?");
    await preview.hasNoFindings("keys");
  });
}

test("at 320 px its parts are tabs, nothing is wider, and there are no findings", async () => {
  const preview = await open({}, { width: 320, height: 640 });
  await preview.view();
  for (const region of ["tools", "stage", "panels"]) {
    await preview.click(`region-${region}`);
    assert.equal(await preview.page.evaluate("document.documentElement.scrollWidth <= 320"), true, region);
    await preview.hasNoFindings(region);
  }
  await preview.click("region-tools");
  await preview.click("call");
  await preview.view();
});
