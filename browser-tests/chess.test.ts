/** The chess board in a browser. */

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { holds, picture, says, Stage, textOf, type View } from "./harness.ts";

let stage: Stage;
before(async () => void (stage = await Stage.start("chess", "--pace", "50")));
afterEach(() => stage.clear());
after(() => stage?.stop());

const square = (name: string) => `[data-square="${name}"]`;
const label = (view: View, name: string): Promise<string> => view.frame.$eval(square(name), (button: Element) => button.getAttribute("aria-label"));
const drawn = (frame: any) => frame.waitForSelector(`${square("e2")} svg`);
const moves = (view: View): Promise<string> => textOf(view.frame, "#moves");
const play = async (view: View, from: string, to: string) => {
  await view.frame.click(square(from));
  await view.frame.click(square(to));
};

test("it is drawn from the result of the call", async () => {
  const view = await stage.open("show_board", { moves: ["e4", "e5"] });
  await says(view.frame, "#told", "Your move.");
  assert.equal(await label(view, "e4"), "e4, white pawn");
  assert.equal(await label(view, "e2"), "e2");
  assert.equal(await moves(view), "1.e4e5");
  assert.equal(await view.frame.$$eval("#board svg", (all: Element[]) => all.length), 32);
});

test("a move by mouse is answered", async () => {
  const view = await stage.open("show_board");
  await drawn(view.frame);
  await play(view, "e2", "e4");
  await says(view.frame, "#told", "Your move.");
  assert.match(await moves(view), /^1\.e4\S+$/);
  assert.match(await view.page.evaluate("seen.models[0].content[0].text"), /White.*Moves: e4 /);
});

test("a piece is dragged where it goes", async () => {
  const view = await stage.open("show_board");
  await drawn(view.frame);
  const at = async (name: string) => {
    const { x, y, width, height } = await (await view.frame.$(square(name))).boundingBox();
    return [x + width / 2, y + height / 2] as const;
  };
  // The view moves as long as the host gives it another height.
  const over = (name: string) => view.frame.$eval(square(name), (button: Element) => button.matches(":hover"));
  do await view.page.mouse.move(...(await at("d2")));
  while (!(await over("d2")));
  await view.page.mouse.down();
  await view.page.mouse.move(...(await at("d4")), { steps: 5 });
  await view.page.mouse.up();
  await says(view.frame, "#moves", /^1\.d4\S+/);
});

test("a move by keyboard alone", async () => {
  const view = await stage.open("show_board");
  await drawn(view.frame);
  await view.frame.focus(square("e2"));
  for (const key of ["Enter", "ArrowUp", "ArrowUp", "Enter"]) await view.page.keyboard.press(key);
  await says(view.frame, "#moves", /^1\.e4\S+/);
});

test("an illegal move is told, and changes nothing", async () => {
  const view = await stage.open("show_board");
  await drawn(view.frame);
  await play(view, "e2", "e5");
  await says(view.frame, "#told", "E2 to e5 is not a legal move.");
  assert.equal(await label(view, "e2"), "e2, white pawn");
  assert.equal(await moves(view), "");
});

test("a pawn becomes what the user says", async () => {
  const view = await stage.open("show_board", { moves: ["h4", "g5", "hxg5", "h6", "gxh6", "a6", "h7", "a5"] });
  await says(view.frame, "#moves", "a5");
  await play(view, "h7", "g8");
  await view.frame.waitForSelector("#promotion button");
  await view.frame.click('#promotion [aria-label="knight"]');
  await says(view.frame, "#moves", /hxg8=N\S+/);
});

test("an analysis shows how far it is", async () => {
  const view = await stage.open("show_board", { moves: ["e4", "e5"] });
  await says(view.frame, "#moves", "e4");
  await view.frame.click("#analyse");
  await says(view.frame, "#found", /^[+-]\d\.\d\d2\. \S.*\(depth \d/);
  await view.frame.waitForFunction("document.querySelector('#progress').value >= 2");
  await says(view.frame, "#found", "depth 5");
  await picture(view, "chess");
  await view.frame.waitForSelector("#analyse:not([hidden])");
});

test("an analysis is cancelled from the view", async () => {
  const view = await stage.open("show_board", { moves: ["e4", "e5"] });
  await says(view.frame, "#moves", "e4");
  await view.frame.click("#analyse");
  await says(view.frame, "#found", "depth");
  await view.frame.click("#cancel");
  await says(view.frame, "#found", "Cancelled.");
  await view.frame.waitForSelector("#analyse:not([hidden])");
});

test("the game is there when the view is mounted anew", async () => {
  const view = await stage.open("show_board");
  await drawn(view.frame);
  await play(view, "e2", "e4");
  await says(view.frame, "#moves", /^1\.e4\S+/);
  const before = await moves(view);
  const anew = await view.again();
  await says(anew.frame, "#moves", "e4");
  assert.equal(await moves(anew), before);
});

test("it has no findings in either theme, fits 320 px, and tells of a call that failed", () => {
  const refused = { input: { moves: ["e9"] }, words: /^Move 1, `e9`, is not possible\.$/ };
  return holds(stage, "show_board", drawn, refused);
});

test("without widgets the tool answers in text", async () => {
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "show_board", arguments: {}, _meta: META } };
  const list = { jsonrpc: "2.0", id: 2, method: "tools/list", params: { _meta: META } };
  const headers = (method: string, name?: string) => ({
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(name && { "mcp-name": name }),
  });
  const ask = async (body: object, head: Record<string, string>) =>
    (await (await fetch(stage.server, { method: "POST", headers: head, body: JSON.stringify(body) })).json()) as any;
  const { result } = await ask(call, headers("tools/call", "show_board"));
  assert.match(result.content[0].text, /rnbqkbnr/);
  const { tools } = (await ask(list, headers("tools/list"))).result;
  assert.deepEqual(tools.map(({ name }: any) => name).includes("move_piece"), false, "only views call it");
  assert.ok(tools.every(({ _meta }: any) => !_meta?.ui));
});

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
