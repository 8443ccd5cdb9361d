/** A server asked through the process of the preview, and from its page: nobody can tell which it was. */

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, afterEach, before, test } from "node:test";

import { bundledFile } from "../widget-runtime/test/tools.ts";
import { says, Stage } from "./harness.ts";
import { Preview } from "./preview.ts";
import type { Call, Seen } from "./ways.ts";

/** A port that is free now. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const tool = (name: string, args: object = {}, more: Partial<Call> = {}): Call => ({ name, method: "tools/call", params: { name, arguments: args }, ...more });

const YES = { "Delete": { confirm: true }, "Shall": { confirm: true }, "What is your name?": { name: "Ada" } };

const SCRIPT: Call[] = [
  // Lists, whole.
  { name: "tools", method: "tools/list" },
  { name: "resources", method: "resources/list" },
  { name: "templates", method: "resources/templates/list" },
  { name: "prompts", method: "prompts/list" },
  // Every kind of content.
  tool("test_simple_text"),
  tool("test_image_content"),
  tool("test_audio_content"),
  tool("test_embedded_resource"),
  tool("test_multiple_content_types"),
  tool("greet", { name: "Zoë 𝄞 \u2028" }),
  // Errors: of a tool, of arguments, of names, of methods.
  tool("test_error_handling"),
  tool("greet", {}),
  tool("greet", { name: 7 }),
  tool("no_such_tool"),
  { name: "no such resource", method: "resources/read", params: { uri: "test://nowhere" } },
  { name: "no such prompt", method: "prompts/get", params: { name: "nothing" } },
  { name: "a method that is not passed on", method: "roots/list" },
  { name: "no such task", method: "tasks/get", params: { taskId: "nothing" } },
  // Progress, and an end before the end.
  tool("test_tool_with_progress"),
  tool("test_tool_with_logging"),
  tool("test_tool_with_progress", {}, { abort: true }),
  // Resources, prompts, completion.
  { name: "text", method: "resources/read", params: { uri: "test://static-text" } },
  { name: "binary", method: "resources/read", params: { uri: "test://static-binary" } },
  { name: "template", method: "resources/read", params: { uri: "test://template/123/data" } },
  { name: "prompt", method: "prompts/get", params: { name: "test_simple_prompt" } },
  { name: "prompt with arguments", method: "prompts/get", params: { name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } } },
  { name: "prompt with an image", method: "prompts/get", params: { name: "test_prompt_with_image" } },
  { name: "completion", method: "completion/complete", params: { ref: { type: "ref/prompt", name: "test_prompt_with_arguments" }, argument: { name: "arg1", value: "test" } } },
  // Questions before the answer: a form, two, a model, roots; declined, too.
  tool("test_streaming_elicitation", {}, { answers: YES }),
  tool("test_elicitation", { message: "Who are you?" }, { answers: { "Who are you?": { username: "ada", email: "ada@example.com" } } }),
  tool("test_elicitation", { message: "Who are you?" }),
  tool("test_input_required_result_multi_round", {}, { answers: { "Step 1": { name: "Ada" }, "Step 2": { color: "red" } } }),
  tool("test_sampling", { prompt: "Say something." }, { answers: { "sampling/createMessage": "something" } }),
  tool("test_input_required_result_list_roots", {}, { answers: { "roots/list": [{ uri: "file:///work", name: "work" }] } }),
  // Tasks: done, failed in both ways, asked, declined, with variables, cancelled.
  tool("slow_compute", { seconds: 1, label: "this" }),
  tool("failing_job"),
  tool("protocol_error_job"),
  tool("confirm_delete", { filename: "a.txt" }, { answers: YES }),
  tool("confirm_delete", { filename: "b.txt" }),
  tool("multi_input", {}, { answers: YES }),
  tool("tally", { n: 3 }),
  tool("slow_compute", { seconds: 60 }, { cancel: true }),
];

/** The same without what no two calls share: ids and times. */
const plain = (seen: Seen[]): unknown =>
  JSON.parse(JSON.stringify(seen), (name, value) => {
    if (["taskId", "createdAt", "lastUpdatedAt", "pollIntervalMs", "progressToken", "requestState"].includes(name)) return typeof value;
    // What is asked at once comes in any order.
    if (name === "asked" && Array.isArray(value)) return value.map((one) => JSON.stringify(one)).sort();
    if (typeof value !== "string") return value;
    return value.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|task-[\w-]+/g, "ID").replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME");
  });

for (const [era, isDirect] of [["2026-07-28", true], ["2025-11-25", true], ["2026-07-28", false]] as const) {
  test(`${SCRIPT.length} calls come to the same on both ways, in ${era}, ${isDirect ? "straight" : "through the relay"}`, async () => {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const stage = await Stage.start("conformance-server", ...(isDirect ? ["--allow-origin", origin] : []));
    try {
      const url = new URL(await stage.another("--port", String(port), "--revision", era));
      const page = await stage.tab();
      await page.goto(`${url.origin}/assets/LICENSES${url.hash}`);
      await page.evaluate(await bundledFile("browser-tests/ways.ts"));
      await page.waitForFunction("ways.ready().then((state) => state === 'ready')");
      // The policy names the server as it is known when the page is loaded.
      await page.goto(`${url.origin}/assets/client.js`);
      await page.evaluate(await bundledFile("browser-tests/ways.ts"));
      const there: Seen[] = await page.evaluate((script: Call[]) => (globalThis as any).ways.throughHost(script), SCRIPT);
      const here: { detour?: string; seen: Seen[] } = await page.evaluate((script: Call[]) => (globalThis as any).ways.inPage(script), SCRIPT);
      assert.equal(here.detour === undefined, isDirect, here.detour);
      const [wanted, got] = [plain(there), plain(here.seen)] as [any[], any[]];
      for (const [at, call] of SCRIPT.entries()) assert.deepEqual(got[at], wanted[at], call.name);
      // The script does what it says.
      const of = (name: string) => there.filter((seen) => seen.name === name) as any[];
      assert.equal(of("test_tool_with_progress")[0].progress.length, 3);
      assert.equal(of("test_tool_with_progress")[1].error.name, "AbortError");
      assert.equal(of("test_streaming_elicitation")[0].result.content[0].text, "Hello, Ada!");
      assert.deepEqual(of("slow_compute").map(({ result }) => result.status), ["completed", "cancelled"]);
      assert.match(of("confirm_delete")[0].result.result.content[0].text, /^Deleted/);
      assert.equal(of("protocol_error_job")[0].result.status, "failed");
    } finally {
      await stage.clear(/CORS|Failed to load resource/).finally(() => stage.stop());
    }
  });
}

let stage: Stage;
before(async () => void (stage = await Stage.start("chess", "--pace", "50")));
afterEach(() => stage.clear(/CORS|Failed to load resource/));
after(() => stage?.stop());

test("the page asks the server itself: the view, its state and the log stay", async () => {
  const preview = await Preview.open(stage);
  await says(await preview.view(), "#told", "Your move.");
  const before = (await preview.view()).url();
  await preview.says("connection", "via proxy");
  await preview.click("connection");
  await preview.page.click('[data-testid="way"] label:last-child');
  await preview.says("connection", "in the page");
  // This server lets no page in.
  await preview.says("route", /through the preview.*does not let this one in/);
  assert.match(preview.page.url(), /way=page/);
  const view = await preview.view();
  assert.equal(view.url(), before);
  await preview.logged("ui/initialize");
  await view.click('[data-square="e2"]');
  await view.click('[data-square="e4"]');
  await preview.says("says-specification", /tells the model.*White/);
  await preview.page.click('[data-testid="way"] label:first-child');
  await preview.says("connection", "via proxy");
  assert.equal((await preview.view()).url(), before);
});

test("a page that is opened for the client in it calls and follows a task", async () => {
  const preview = await Preview.open(stage, { way: "page", tool: "analyse", args: '{"moves":["e4"]}', panel: "tasks" });
  await preview.says("task", /analyse/);
  await preview.says("task", "completed");
  await preview.says("connection", "in the page");
  await preview.hasNoFindings("in the page");
});
