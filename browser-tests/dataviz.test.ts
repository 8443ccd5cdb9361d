/** The chart in a browser. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { holds, picture, says, Stage, textOf } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("dataviz", "--pace", "900")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const STATIONS = "SELECT station, round(avg(water_celsius), 2) AS celsius FROM lake GROUP BY station";
const drawn = (frame: any) => frame.waitForSelector("#chart .bar, #chart .way, #chart .dot");
const fill = (frame: any, sql: string) =>
  frame.$eval("#sql", (area: HTMLTextAreaElement, sql: string) => void (area.value = sql), sql).then(() => frame.click("#ask button"));

test("the chart shows what the table says", async () => {
  const view = await stage.open("show_chart", { sql: STATIONS, kind: "bars", title: "Stations" });
  await drawn(view.frame);
  const rows: string[][] = await view.frame.$$eval("#table tbody tr", (all: Element[]) =>
    all.map((row) => [...row.children].map(({ textContent }) => textContent ?? "")));
  const bars: number[] = await view.frame.$$eval("#chart .bar", (all: Element[]) => all.map((bar) => Number(bar.getAttribute("height"))));
  assert.equal(bars.length, rows.length);
  const values = rows.map(([, value]) => Number(value));
  const scale = bars[0]! / values[0]!;
  bars.forEach((bar, at) => assert.ok(Math.abs(bar - scale * values[at]!) < 0.6, `${rows[at]}`));
  await view.frame.$eval("#chart", (chart: SVGElement) => chart.focus());
  await view.page.keyboard.press("ArrowRight");
  assert.equal(await textOf(view.frame, "#point"), `${rows[0]![0]}: celsius ${rows[0]![1]}`);
});

test("an error of a query is told, and the chart stays", async () => {
  const view = await stage.open("show_chart");
  await drawn(view.frame);
  const before = await textOf(view.frame, "#table");
  await fill(view.frame, "SELECT missing FROM lake");
  await says(view.frame, "#told", /No such column: missing/);
  assert.equal(await textOf(view.frame, "#table"), before);
  await fill(view.frame, STATIONS);
  await says(view.frame, "#title", "Your query");
});

test("what is shown is exported as a file", async () => {
  const view = await stage.open("show_chart", { sql: "SELECT 'a \"b\", c' AS name, 1.5 AS value" });
  await drawn(view.frame);
  await view.frame.click("#export");
  await view.page.waitForFunction("seen.files.length");
  const [{ type, resource }] = await view.page.evaluate("seen.files[0]");
  assert.deepEqual([type, resource.mimeType, resource.text], ["resource", "text/csv", 'name,value\r\n"a ""b"", c",1.5\r\n']);
});

for (const host of ["tasks", "plain"] as const) {
  test(`columns are shown as the task finds them: a host with ${host}`, async () => {
    const view = await stage.open("show_chart", {}, {}, host);
    await drawn(view.frame);
    const rows = "document.querySelectorAll('#columns tbody tr').length";
    await view.frame.evaluate(`{
      window.counts = new Set();
      new MutationObserver(() => counts.add(${rows})).observe(document.querySelector("#columns"), { childList: true, subtree: true });
    }`);
    await view.frame.click("#profile");
    await view.frame.waitForFunction(`${rows} === 7`);
    // A column takes most of a second: nearly each is seen when it comes, not some at a time.
    const counts: number[] = await view.frame.evaluate("[...counts].filter((rows) => rows > 0)");
    assert.ok(counts.length >= 5, `there were ${counts} rows`);
    await view.frame.waitForSelector("#profile:not([hidden])");
    assert.match(await textOf(view.frame, "#columns"), /water_celsius480/);
    await picture(view, "dataviz");
  });
}

test("it fills the screen, and comes back", async () => {
  const view = await stage.open("show_chart");
  await drawn(view.frame);
  await view.frame.click("#mode");
  await says(view.frame, "#mode", "Leave full screen");
  assert.equal(await view.page.evaluate("mounted.host.context.displayMode"), "fullscreen");
  await view.frame.click("#mode");
  await says(view.frame, "#mode", "Full screen");
});

test("a view that is taken away during a call ends its task", async () => {
  const view = await stage.open("show_chart");
  await drawn(view.frame);
  await view.frame.click("#profile");
  await view.frame.waitForFunction("document.querySelectorAll('#columns tbody tr').length >= 1");
  const asked = "mounted.recorder.trace({}).frames.map(({ message }) => message.method)";
  await view.page.evaluate("mounted.remove()");
  assert.ok((await view.page.evaluate(asked)).includes("tasks/cancel"));
});

test("it has no findings in either theme, fits 320 px, and tells of a call that failed", () => {
  const refused = { input: { sql: "SELECT missing FROM lake" }, words: /^No such column: missing/ };
  return holds(stage, "show_chart", drawn, refused);
});
