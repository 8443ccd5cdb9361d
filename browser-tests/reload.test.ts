/** The preview of a package as the command line has it: what a save does, and what a person at the terminal is told. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";

import { says, Stage } from "./harness.ts";
import { Package } from "./package.ts";
import { Preview } from "./preview.ts";
import { view } from "./scripted.ts";

const stage = await Stage.empty();
const packages: Package[] = [];
// Ends that a test makes are told by the console.
afterEach(() => stage.clear(/net::ERR|Failed to load resource/));
after(async () => {
  for (const one of packages) await one.stop();
  await stage.stop();
});

/** A package that is previewed, and its page. */
const open = async (...args: string[]) => {
  const small = new Package(view("One"));
  packages.push(small);
  return { small, preview: await Preview.at(stage, await small.start(...args)) };
};

test("a save shows the new view with what it kept, and the terminal tells the time that took", async (t) => {
  const { small, preview } = await open();
  const before = await preview.view();
  await before.click("#keep");
  await says(before, "#told", "keep: kept");
  const took: number[] = [];
  const mounts: (string | undefined)[] = [];
  for (const title of ["Two", "Three", "Four", "Five", "Six"]) {
    const after = await preview.another(async () => small.write("widgets/view.html", view(title)));
    await says(after, "h1", title);
    await says(after, "#kept", '{"tab":2}');
    const line = await small.line(/Reloaded/);
    const [, milliseconds] = /Reloaded widgets\/view\.html \((\d+) ms, state kept\)$/.exec(line) ?? assert.fail(line);
    took.push(Number(milliseconds));
    mounts.push(/ready in (\d+) ms/.exec(await preview.page.$eval(".under", (under: Element) => under.textContent))?.[1]);
  }
  t.diagnostic(`from the save to initialized: ${took.join(", ")} ms, of which the view took ${mounts.join(", ")} ms`);
  // It is where it was before: a new origin takes the browser a process, and the person a tenth of a second. Who asks for it has one.
  assert.equal((await preview.view()).url(), before.url());
  const fresh = await preview.another(() => preview.click("reload"));
  assert.notEqual(fresh.url(), before.url());
  await says(fresh, "#kept", '{"tab":2}');
  // What no view shows, none is loaded anew for.
  small.write("widgets/notes.txt", "no part of any view");
  assert.match(await small.line(/Reloaded/), /Reloaded widgets\/notes\.txt$/);
});

test("a view that hangs does not hold up the one that takes its place", async () => {
  const { small, preview } = await open();
  const before = await preview.view();
  void before.evaluate("for (;;);").catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  small.write("widgets/view.html", view("Two"));
  await small.line(/Reloaded widgets\/view\.html \(\d+ ms\)$/, 10_000);
  const after = await preview.view();
  assert.notEqual(after.url(), before.url());
  await says(after, "h1", "Two");
});

test("the first view of a run is recorded into a file, and can be replayed", async () => {
  const { small, preview } = await open("--record", "widgets/first.jsonl");
  const first = await preview.view();
  await first.click("#call");
  await says(first, "#told", "call: ");
  // The view that takes its place is another one, and is not recorded.
  await preview.another(() => preview.click("reload"));
  assert.match(await small.line(/Recorded/), /Recorded widgets\/first\.jsonl \(\d+ messages\)$/);
  const lines = small.read("widgets/first.jsonl").trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([lines[0].format, lines[0].tool, lines[0].profile], [1, "show", "specification"]);
  const methods = lines.slice(1).map(({ message }) => message.method);
  for (const method of ["ui/initialize", "ui/notifications/tool-result", "tools/call", "ui/resource-teardown"]) {
    assert.equal(methods.filter((one) => one === method).length, method === "tools/call" ? 2 : 1, method);
  }
  await small.interrupt();
  assert.doesNotMatch(JSON.stringify(lines), /[Aa]uthorization|Bearer/);
  // Nobody clicks in a replay, so what a click has led to is not asked for.
  const replayed = await small.run("app", "replay", "widgets/first.jsonl");
  assert.deepEqual([replayed.code, replayed.told.match(/^error.*$/gm)], [1, ["error[missing]: the view does not ask for `tools/call` of `echo` with {\"text\":\"from the view\"} any more"]]);
  const allowed = await small.run("app", "replay", "widgets/first.jsonl", "--allow-missing");
  assert.equal(allowed.code, 0, allowed.told);
  assert.match(allowed.told, /Replayed widgets\/first\.jsonl under specification \(\d+ messages\): no difference/);
});

test("a record has what was there when the preview ends", async () => {
  const { small, preview } = await open("--record", "first.jsonl");
  const first = await preview.view();
  await first.click("#message");
  await says(first, "#told", "message: done");
  await new Promise((resolve) => setTimeout(resolve, 600));
  await small.interrupt();
  assert.match(await small.line(/Recorded/), /Recorded first\.jsonl/);
  assert.match(small.read("first.jsonl"), /Let us try e4/);
});

test("a file leads a browser to the page with the key, and nobody without it", async () => {
  const { small, preview } = await open("--tool", "echo", "--args", '{"text":"from the address"}');
  await preview.says("reads", "from the address");
  const at = new URL(preview.page.url());
  const key = await preview.page.evaluate("sessionStorage.getItem('key')");
  const lead = async (address: string) => {
    small.write("way.html", `<!doctype html><meta http-equiv="refresh" content="0; url=${address}">`);
    return Preview.at(stage, `file://${small.folder}/way.html`);
  };
  const query = "tool=echo&args=%7B%22text%22%3A%22led%20here%22%7D";
  const led = await lead(`${at.origin}/open?${query}#key=${key}`);
  await led.says("reads", "led here");
  assert.equal(new URL(led.page.url()).hash, "");
  // Neither a key of before nor a tab that has one of its own lets others say what is called.
  for (const address of [`${at.origin}/open?${query}#key=0`, `${at.origin}/open?${query}`]) {
    const kept = await lead(address);
    await kept.page.waitForFunction("document.querySelector('#told')?.textContent.includes('Open the one that the terminal shows')");
  }
  small.write("way.html", `<!doctype html><meta http-equiv="refresh" content="0; url=${at.origin}/?${query}">`);
  const refused = preview.page.waitForResponse((response: any) => response.url().startsWith(at.origin));
  await preview.page.goto(`file://${small.folder}/way.html`);
  assert.equal((await refused).status(), 403);
});

test("tabs share the connection and what it tells, and each has views of its own", async () => {
  const { small, preview: one } = await open();
  const key = await one.page.evaluate("sessionStorage.getItem('key')");
  const two = await Preview.at(stage, `${new URL(one.page.url()).origin}/#key=${key}`);
  const views = [await one.view(), await two.view()];
  assert.notEqual(new URL(views[0].url()).origin, new URL(views[1].url()).origin);
  // What one keeps, does and says, the other has not.
  await views[0].click("#keep");
  await says(views[0], "#told", "keep: kept");
  await one.click("theme");
  await views[0].waitForFunction("mcp.context.theme === 'dark'");
  assert.deepEqual(await views[1].evaluate("[mcp.context.theme, mcp.state ?? null]"), ["light", null]);
  await views[0].click("#message");
  await one.says("says-specification", "Let us try e4");
  assert.doesNotMatch(await two.page.$eval("main", (main: HTMLElement) => main.innerText), /Let us try e4/);
  // A call of one is in the log of both, as it goes over the connection of both.
  await views[0].click("#call");
  await says(views[0], "#told", "call: ");
  for (const tab of [one, two]) await tab.logged(/tools\/call\s*echo/);
  // Another version of the protocol is another connection for both.
  await one.click("connection");
  await one.choose("protocol", "2025-11-25");
  for (const tab of [one, two]) await tab.says("connection", /ready.*2025-11-25/);
  // A save shows in both, with what each has kept; the first one is told.
  const shown: any[] = [];
  shown[1] = await two.another(async () => {
    shown[0] = await one.another(async () => small.write("widgets/view.html", view("Both")));
  });
  for (const frame of shown) await says(frame, "h1", "Both");
  await says(shown[0], "#kept", '{"tab":2}');
  await says(shown[1], "#kept", "null");
  assert.match(await small.line(/Reloaded/), /Reloaded widgets\/view\.html \(\d+ ms(, state kept)?\)$/);
  // The end of one is none of the other.
  await one.page.close();
  await two.view();
  await two.says("connection", /ready/);
});

test("a picture is taken of what the view shows, and nothing is called for it", async () => {
  const { small, preview } = await open();
  const view = await preview.view();
  await view.click("#keep");
  await says(view, "#told", "keep: kept");
  const client = await preview.page.createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: small.folder, browserContextId: preview.page.browserContext().id });
  const answered = preview.page.waitForResponse((response: any) => response.url().endsWith("/api/shot"), { timeout: 60_000 });
  const calls = () => preview.page.evaluate("[...document.querySelectorAll('[data-testid=entries] *')].filter(({ textContent }) => textContent === 'tools/call').length");
  const before = await calls();
  await preview.click("shot");
  const answer = await answered;
  assert.equal(answer.status(), 200);
  await preview.page.waitForFunction("/^The picture [a-z]+-specification-light.png is there$/.test(document.querySelector('[role=status].visually-hidden').textContent)", { timeout: 10_000 });
  const [, name] = /picture (\S+)/.exec(await preview.page.$eval("[role=status].visually-hidden", (element: Element) => element.textContent))!;
  const file = join(small.folder, name!);
  for (let tries = 0; !existsSync(file) && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  const png = readFileSync(file);
  assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from("PNG")]);
  // As wide as the host gives it, and as high as the view wants to be.
  const size = await view.evaluate("[innerWidth, innerHeight]");
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], size);
  assert.equal(await calls(), before);
});

test("a script that does not parse is told of at the terminal, with its line and what stands there", async () => {
  const { small, preview } = await open();
  await preview.view();
  small.write("widgets/view.html", "<!doctype html>\n<title>Broken</title>\n<script>\nconst x = ;\n</script>\n");
  assert.match(await small.line(/has an error/), /` has an error: Uncaught SyntaxError: .* \(line 4: const x = ;\)$/);
  await stage.clear(/SyntaxError|net::ERR|Failed to load resource/);
});
