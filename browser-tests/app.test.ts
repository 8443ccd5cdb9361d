/** What `cargo pmcp app new` writes, in a browser. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { holds, picture, says, Stage, textOf } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("app-name")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const drawn = (frame: any) => frame.waitForSelector("#brew:enabled");
const choose = (frame: any, kind: string) => frame.click(`[value="${kind}"]`);
const chosen = (frame: any): Promise<string> => frame.$eval("input:checked", (input: HTMLInputElement) => input.value);
const focused = (frame: any): Promise<string> => frame.evaluate("document.activeElement.textContent");

test("it shows what the tool gave, and another tea that is chosen by keyboard", async () => {
  const view = await stage.open("show_tea", { kind: "black" });
  await says(view.frame, "#facts", "95°C · 4 minutes");
  assert.equal(await chosen(view.frame), "black");
  await view.frame.focus('[value="black"]');
  await view.page.keyboard.press("ArrowRight");
  await says(view.frame, "#facts", "100°C · 6 minutes");
  await says(view.frame, "#note", "keeps you awake");
});

test("it is kept over a reload of the view, and written in the user's language", async () => {
  const view = await stage.open("show_tea", {}, { context: { locale: "de-DE" } });
  await says(view.frame, "#facts", "75 °C · 3 Minuten");
  await choose(view.frame, "mint");
  await says(view.frame, "#facts", "100 °C");
  const anew = await view.again();
  await says(anew.frame, "#facts", "100 °C");
  assert.equal(await chosen(anew.frame), "mint");
});

for (const host of ["tasks", "plain"] as const) {
  test(`a tea tells how far it is, and asks: a host with ${host}`, async () => {
    const view = await stage.open("show_tea", {}, {}, host);
    await drawn(view.frame);
    await view.frame.click("#brew");
    await says(view.frame, "#brew", "Stop");
    await view.frame.waitForFunction("document.querySelector('#progress').value >= 0.6");
    await view.frame.waitForSelector("#question:not([hidden])");
    await picture(view, `app-${host}`);
    assert.equal(await focused(view.frame), "Yes");
    await view.page.keyboard.press("Enter");
    await says(view.frame, "#told", "Your tea is ready after 4 minutes.");
    assert.equal(await focused(view.frame), "Brew");
    assert.match(await view.page.evaluate("seen.models[0].content[0].text"), /^The user brewed green tea\./);
  });
}

test("a tea is poured away", async () => {
  const view = await stage.open("show_tea");
  await drawn(view.frame);
  await view.frame.click("#brew");
  await view.frame.waitForFunction("document.querySelector('#progress').value > 0");
  await view.frame.click("#brew");
  await says(view.frame, "#told", "Poured away.");
  assert.equal(await textOf(view.frame, "#brew"), "Brew");
  assert.equal(await view.frame.$eval("#progress", (progress: HTMLProgressElement) => progress.value), 0);
});

test("it has no findings in either theme, and fits 320 px", () => holds(stage, "show_tea", drawn, { input: { kind: "coffee" }, words: /kind/ }));
