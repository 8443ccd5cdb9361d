/** Questions of tasks on the page of the preview: whom they go to, and how they are answered. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { says, Stage } from "./harness.ts";
import { Preview } from "./preview.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("map", "--pace", "20")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const PLACES = { places: ["Berlin", "Paris", "Rome", "Madrid", "London"] };
const route = () => Preview.open(stage, { tool: "plan_route", args: JSON.stringify(PLACES) });

test("a question of a task is a form, and the task goes on with the answer", async () => {
  const preview = await route();
  await preview.says("tab-tasks", "1 to answer");
  await preview.says("progress", "asks something");
  await preview.page.click('[data-testid="progress"] button');
  await preview.says("question", "Shall the route end where it begins?");
  await preview.page.click('[data-testid="question"] input[type="checkbox"]');
  await preview.hasNoFindings("a question");
  await preview.picture("question");
  await preview.click("accept");
  await preview.says("reads", /round_trip: true/);
  await preview.says("task", "completed");
});

test("a box that nobody ticks says no", async () => {
  const preview = await route();
  await preview.click("tab-tasks");
  await preview.click("accept");
  await preview.says("reads", /round_trip: false/);
});

test("a task whose question is declined says so", async () => {
  const preview = await route();
  await preview.click("tab-tasks");
  await preview.click("decline");
  await preview.page.waitForFunction(`document.querySelector('[data-testid="task"]').dataset.status !== "input_required"`);
});

test("a question of a view's task goes to the view, and is answered here on demand", async () => {
  const preview = await Preview.open(stage, { tool: "show_map", panel: "tasks" });
  const view = await preview.view();
  await view.waitForSelector("#map .place");
  for (const name of PLACES.places) await view.$eval(`li[data-name="${name}"] input`, (box: HTMLInputElement) => box.click());
  await view.$eval("#plan", (button: HTMLButtonElement) => button.click());
  await view.waitForSelector("#question:not([hidden])");
  await preview.says("task", /plan_route.*asks/);
  await preview.says("task", "The view is asking this.");
  assert.equal(await preview.count("question"), 0);
  await preview.click("answer-here");
  await preview.says("question", "Shall the route end");
  await preview.click("accept");
  await preview.says("task", "completed");
  await says(view, "#told", /km/);
});
