/** The scripts of widgets beside the types of their tools. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../widget-runtime/test/tools.ts";

const TSC = join(ROOT, ".tools/widgets/node_modules/typescript/bin/tsc");

/** What the compiler says of the scripts in a directory. */
const checked = (directory: string): string => {
  const { stdout, stderr, status, error } = spawnSync(process.execPath, [TSC, "--project", join(directory, "jsconfig.json")], { encoding: "utf8", cwd: directory });
  if (error) throw error;
  // A compiler that is not there or fails finds nothing.
  if ((status === 0) !== (stdout === "")) throw Error(`tsc ended with ${status}: ${stderr}`);
  return stdout;
};

const WIDGETS = ["examples/chess/widgets/board", "examples/map/widgets/map", "examples/dataviz/widgets/chart", "templates/app/widgets/app-name"];
for (const widget of WIDGETS) {
  test(`the scripts of ${widget} fit the tools`, () => assert.equal(checked(join(ROOT, widget)), ""));
}

test("the script of a new widget fits the bridge without tools", () => {
  const copy = mkdtempSync(join(tmpdir(), "widget-"));
  try {
    cpSync(join(ROOT, "templates/widget"), copy, { recursive: true });
    cpSync(join(ROOT, "templates/app/widgets/app-name/jsconfig.json"), join(copy, "jsconfig.json"));
    const bridge = readFileSync(join(ROOT, "pmcp-apps/src/bridge.d.ts"), "utf8");
    writeFileSync(join(copy, "mcp.d.ts"), `${bridge}\ndeclare const mcp: Mcp;\n`);
    assert.equal(checked(copy), "");
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test("a field that has another name in Rust is a line of the widget", () => {
  const copy = mkdtempSync(join(tmpdir(), "widget-"));
  try {
    cpSync(join(ROOT, "examples/chess/widgets/board"), copy, { recursive: true });
    const types = join(copy, "mcp.d.ts");
    const text = readFileSync(types, "utf8");
    assert.match(text, /\bfen: string;/);
    writeFileSync(types, text.replace(/\bfen: string;/, "position: string;"));
    const lines = readFileSync(join(copy, "main.js"), "utf8").split("\n");
    const line = lines.findIndex((line) => line.includes("pieces(next.fen)")) + 1;
    assert.match(checked(copy), new RegExp(`^main\\.js\\(${line},\\d+\\): error TS2339: Property 'fen' does not exist`, "m"));
  } finally {
    rmSync(copy, { recursive: true });
  }
});
