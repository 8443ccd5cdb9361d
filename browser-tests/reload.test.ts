/** The preview of a package as the command line has it: what a save does, and what a person at the terminal is told. */

import assert from "node:assert/strict";
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
  for (const title of ["Two", "Three", "Four", "Five", "Six"]) {
    const after = await preview.another(async () => small.write("widgets/view.html", view(title)));
    await says(after, "h1", title);
    await says(after, "#kept", '{"tab":2}');
    const line = await small.line(/Reloaded/);
    const [, milliseconds] = /Reloaded widgets\/view\.html \((\d+) ms, state kept\)$/.exec(line) ?? assert.fail(line);
    took.push(Number(milliseconds));
  }
  t.diagnostic(`from the save to initialized: ${took.join(", ")} ms`);
  // What no view shows, none is loaded anew for.
  small.write("widgets/notes.txt", "no part of any view");
  assert.match(await small.line(/Reloaded/), /Reloaded widgets\/notes\.txt$/);
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
