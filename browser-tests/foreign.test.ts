/** Servers of others, as npm has them: their views in the page of the preview, under the real sandbox, and what a check says of them. */

import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, test } from "node:test";

import { says, Stage } from "./harness.ts";
import { Preview } from "./preview.ts";
import { ROOT } from "../widget-runtime/test/tools.ts";

const PROGRAM = join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/cargo-pmcp");

/** The command that starts one of them on its standard streams. */
const command = (name: string) => ["--", process.execPath, join(ROOT, ".tools/apps/node_modules/@modelcontextprotocol", `server-${name}`, "dist/index.js"), "--stdio"];

const stage = await Stage.empty();
const previews: ChildProcess[] = [];
// Maps come from elsewhere, where not every machine has a way to; and what a policy stops, the console tells.
afterEach(() => stage.clear(/net::ERR|Failed to load resource|Content Security Policy|Cesium|WebGL/i));
after(async () => {
  for (const one of previews) one.kill("SIGINT");
  await stage.stop();
});

/** The page of the preview of a server. */
const open = async (name: string, parameters: Record<string, string>): Promise<Preview> => {
  const child = spawn(PROGRAM, ["preview", "--no-open", "--port", "0", ...command(name)], { stdio: ["ignore", "ignore", "pipe"] });
  previews.push(child);
  const url = await new Promise<URL>((resolve, reject) => {
    createInterface({ input: child.stderr! }).on("line", (line) => {
      const [, page] = /^\s+Preview (\S+)/.exec(line) ?? [];
      if (page) resolve(new URL(page));
    });
    child.on("exit", (code) => reject(Error(`the preview of ${name} ended with ${code}`)));
  });
  for (const [parameter, value] of Object.entries(parameters)) url.searchParams.set(parameter, value);
  return Preview.at(stage, url.href);
};

/** The rules that a server breaks, by their weight. */
const broken = async (name: string): Promise<Record<string, string[]>> => {
  const report = await new Promise<string>((resolve) => {
    execFile(PROGRAM, ["app", "check", "-q", "--format", "json", ...command(name)], { maxBuffer: 16 << 20 }, (_, stdout) => resolve(stdout));
  });
  const { findings } = JSON.parse(report) as { findings: { rule: string; severity: string }[] };
  const of = (severity: string) => findings.filter((found) => found.severity === severity).map(({ rule }) => rule);
  return { errors: of("error"), warnings: [...new Set(of("warning"))] };
};

test("vanillajs: the view shows the time, and asks its server for it again", async () => {
  const preview = await open("basic-vanillajs", { tool: "get-time", args: "{}" });
  const view = await preview.view();
  await says(view, "#server-time", /\d{4}-\d\d-\d\dT/);
  const first = await view.$eval("#server-time", (element: Element) => element.textContent);
  await view.click("#get-time-btn");
  await view.waitForFunction((first: string) => document.querySelector("#server-time")!.textContent !== first, { timeout: 10_000 }, first);
  await view.click("#send-message-btn");
  await preview.at("says-specification");
  assert.deepEqual(await broken("basic-vanillajs"), { errors: [], warnings: ["quiet-without-extension", "annotations", "listing-name"] });
});

/** The library of maps, of which whatever is asked is there and does nothing: it comes from a place that not every machine reaches. */
const LIBRARY = `globalThis.Cesium = new Proxy(function () {}, {
  get: (_, name) => (name === "then" ? undefined : name === Symbol.toPrimitive ? () => 1 : Cesium), apply: () => Cesium, construct: () => Cesium, set: () => true,
});`;

test("map: the view gets its library where the policy comes from what it declares, and is told of what stops it elsewhere", async () => {
  const preview = await open("map", { tool: "show-map" });
  await preview.at("tool-show-map");
  await preview.page.setRequestInterception(true);
  preview.page.on("request", (request: any) => {
    const isOfMaps = new URL(request.url()).hostname.endsWith("cesium.com");
    if (isOfMaps) request.respond({ contentType: request.url().endsWith(".css") ? "text/css" : "text/javascript", body: request.url().endsWith("Cesium.js") ? LIBRARY : "" });
    else request.continue();
  });
  await preview.click("call");
  const view = await preview.view();
  await view.waitForSelector("#cesiumContainer");
  await preview.logged("show-map");
  await preview.choose("profile", "chatgpt-published");
  await preview.logged(/script-src-elem stopped https:\/\/cesium\.com/);
  assert.deepEqual(await broken("map"), { errors: ["csp-both-forms", "csp-both-forms"], warnings: ["quiet-without-extension", "annotations"] });
});

test("threejs: the view draws where a host lets it compile code, and elsewhere the page says what stops it", async () => {
  const preview = await open("threejs", { tool: "show_threejs_scene", args: "{}", profile: "claude" });
  const view = await preview.view("claude");
  await view.waitForSelector("canvas");
  await preview.logged("show_threejs_scene");
  await preview.choose("profile", "specification");
  await (await preview.view()).waitForSelector("canvas");
  await preview.logged(/script-src stopped eval/);
  assert.deepEqual(await broken("threejs"), { errors: [], warnings: ["quiet-without-extension", "annotations", "blocked-code", "size"] });
});
