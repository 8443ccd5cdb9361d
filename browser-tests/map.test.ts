/** The map in a browser. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { holds, picture, says, Stage, textOf, type View } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("map", "--pace", "50")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const drawn = (frame: any) => frame.waitForSelector("#map .place");
const box = (view: View): Promise<number[]> => view.frame.$eval("#map", (svg: Element) => svg.getAttribute("viewBox")!.split(" ").map(Number));
const choose = async (view: View, ...names: string[]) => {
  for (const name of names) await view.frame.$eval(`li[data-name="${name}"] input`, (box: HTMLInputElement) => box.click());
};

test("it is drawn without a request", async () => {
  const view = await stage.open("show_map");
  await drawn(view.frame);
  assert.equal(await view.frame.$$eval("#map .land", (all: Element[]) => all.length), 177);
  assert.equal(await textOf(view.frame, "#count"), "243 places");
  assert.deepEqual(await view.frame.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)"), []);
});

test("places are filtered by name and continent, on the map as in the list", async () => {
  const view = await stage.open("show_map");
  await drawn(view.frame);
  await view.frame.select("#continent", "Europe");
  await says(view.frame, "#count", "47 places");
  await view.frame.type("#name", "kobenhavn".slice(3));
  await says(view.frame, "#count", "1 place");
  assert.equal(await view.frame.$$eval("#map .place", (all: any[]) => all[0].dataset.name), "København");
  assert.equal(await view.frame.$$eval("#places li", (all: any[]) => all[0].dataset.name), "København");
});

test("it is moved and zoomed by keyboard", async () => {
  const view = await stage.open("show_map");
  await drawn(view.frame);
  const whole = await box(view);
  await view.frame.$eval("#map", (map: SVGElement) => map.focus());
  for (const key of ["+", "+", "ArrowRight"]) await view.page.keyboard.press(key);
  const near = await box(view);
  assert.ok(near[2]! < whole[2]! / 2 && near[0]! > whole[0]!, `${near}`);
  await view.page.keyboard.press("0");
  assert.deepEqual(await box(view), whole);
});

test("a link is opened by the host", async () => {
  const view = await stage.open("show_map");
  await drawn(view.frame);
  await view.frame.$eval('li[data-name="New Delhi"] button', (button: HTMLElement) => button.click());
  await view.page.waitForFunction("seen.links.length");
  assert.deepEqual(await view.page.evaluate("seen.links"), ["https://en.wikipedia.org/wiki/New_Delhi"]);
});

for (const host of ["tasks", "plain"] as const) {
  test(`a route asks a question, and is shown while it is sought: a host with ${host}`, async () => {
    const view = await stage.open("show_map", { continent: "Europe" }, {}, host);
    await drawn(view.frame);
    const names: string[] = await view.frame.$$eval("#places li", (all: any[]) => all.slice(0, 30).map(({ dataset }) => dataset.name));
    await choose(view, ...names);
    await view.frame.click("#plan");
    await view.frame.waitForSelector("#question:not([hidden])");
    assert.match(await textOf(view.frame, "#asked"), /end where it begins/);
    await view.frame.click('#question [value="yes"]');
    await says(view.frame, "#told", /[\d,]+ km so far/);
    await view.frame.waitForSelector("path.leg.sought");
    await says(view.frame, "#told", /^[\d,]+ km, [\d,]+ km less than/);
    const stops: string[] = await view.frame.$$eval("#stops li", (all: Element[]) => all.map(({ textContent }) => textContent));
    assert.equal(stops.length, names.length + 1);
    assert.equal(stops.at(-1), `${names[0]} again`);
    await picture(view, "map");
  });
}

test("numbers are written as the host's locale has them", async () => {
  const view = await stage.open("show_map", {}, { context: { locale: "de-DE" } });
  await drawn(view.frame);
  await choose(view, "Berlin", "Tokyo");
  await view.frame.click("#plan");
  await view.frame.waitForSelector("#question:not([hidden])");
  await view.frame.click('#question [value="no"]');
  await says(view.frame, "#told", /^8\.9\d\d km/);
});

test("it fits the room that it has, and says how much it needs", async () => {
  const view = await stage.open("show_map", {}, { width: 400 });
  await drawn(view.frame);
  const height = () => view.page.evaluate("mounted.frame.getBoundingClientRect().height");
  await view.page.waitForFunction("mounted.frame.getBoundingClientRect().height > 500");
  const narrow = await height();
  await view.page.evaluate("mounted.frame.style.width = '900px'");
  await view.page.waitForFunction(`mounted.frame.getBoundingClientRect().height !== ${narrow}`);
  const pixel = await view.frame.$eval("#map", (svg: HTMLElement) => Number(svg.style.getPropertyValue("--pixel")));
  assert.ok(Math.abs(pixel - 1000 / (await view.frame.$eval("#map", (svg: Element) => svg.clientWidth))) < 0.3);
});

test("it has no findings in either theme, fits 320 px, and tells of a call that failed", () => {
  const refused = { input: { continent: "Atlantis" }, words: /continent/ };
  return holds(stage, "show_map", drawn, refused);
});
