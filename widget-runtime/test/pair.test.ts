/** Both halves of ours with each other: tasks, state, and a session that is recorded and replayed. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Backend, Channel, Options, ViewHost as Host } from "../src/host/index.ts";
import { atOnce, Recorder, Refusal, Replay, ViewHost } from "./assets.ts";
import { page as hostPage } from "./channel.ts";
import { Page, settle } from "./page.ts";
import { check } from "./schema.ts";

/** A page under our host. Frames to and fro are in `frames`. */
const paired = async (options: Partial<Options> = {}) => {
  const frames: any[] = [];
  let take: (message: any) => void = () => {};
  let isOpen = true;
  const channel: Channel = {
    post(message) {
      frames.push(message);
      void page.deliver(structuredClone(message));
    },
    receive: (next) => void (take = next),
    close: () => void (isOpen = false),
  };
  const host = new ViewHost(channel, {
    info: { name: "ours", version: "1" },
    capabilities: { serverTools: {}, openLinks: {}, experimental: { "io.modelcontextprotocol/tasks": {} } },
    context: { "run.pmcp/state": null },
    allows: () => true,
    backend: { request: async () => ({}) },
    page: hostPage(),
    ...options,
  });
  const page = new Page({
    toParent(message) {
      frames.push(message);
      if (isOpen) queueMicrotask(() => take(message));
    },
  });
  await settle();
  return { host, page, mcp: page.mcp, frames };
};

/** A server with one task, which asks a question and then ends. */
const taskServer = () => {
  const answers: any[] = [];
  let status: Status = "working";
  const backend: Backend = {
    async request(method, { taskId, inputResponses }) {
      const task = { taskId: "t1", status, pollIntervalMs: 100, _meta: { "run.pmcp/variables": { done: answers.length } } };
      if (method === "tools/call") return { ...task, resultType: "task" };
      if (taskId !== "t1") throw new Refusal(-32602, "unknown task");
      if (method === "tasks/update") {
        answers.push(inputResponses);
        status = "completed";
        return {};
      }
      if (method === "tasks/cancel") {
        status = "cancelled";
        return {};
      }
      if (status === "working") status = "input_required";
      const inputRequests = { q1: { method: "elicitation/create", params: { message: "Which?", requestedSchema: {} } } };
      if (status === "input_required") return { ...task, status, inputRequests };
      const result = { content: [{ type: "text", text: "queen" }] };
      return { ...task, status, ...(status === "completed" && { result }) };
    },
  };
  return { answers, backend };
};

test("a task goes through our host: its question is answered in the page, its result comes", async () => {
  const { answers, backend } = taskServer();
  const { page, mcp, frames } = await paired({ backend });
  const call = mcp.callTool("promote", { at: "e8" });
  const states: unknown[] = [];
  call.on("task", ({ status, variables }) => states.push([status, variables]));
  call.on("question", ({ answer }) => answer({ piece: "queen" }));
  await settle();
  await page.pass(100);
  await settle();
  assert.equal((await call).text, "queen");
  assert.deepEqual(answers, [{ q1: { action: "accept", content: { piece: "queen" } } }]);
  assert.deepEqual(states, [["working", { done: 0 }], ["input_required", { done: 0 }], ["completed", { done: 1 }]]);
  check(frames);
});

test("a task is cancelled through our host", async () => {
  const { page, mcp } = await paired({ backend: taskServer().backend });
  const call = mcp.callTool("promote", {});
  const ended = assert.rejects(call, { name: "AbortError" });
  await settle();
  call.cancel();
  await settle();
  await page.pass(100);
  await ended;
});

test("state goes to our host, and comes back to the next mount", async () => {
  const first = await paired();
  first.mcp.state = { tab: 2 };
  await settle();
  const next = await paired({ context: first.host.context });
  assert.deepEqual(next.mcp.state, { tab: 2 });
});

test("a recorded session is replayed to the same view without a difference", async () => {
  const recorder = new Recorder(() => 0);
  const backend: Backend = {
    async request(_, params, { progress }) {
      progress({ progress: 1 });
      return { content: [{ type: "text", text: params.arguments.to }] };
    },
  };
  const session = async (options: Partial<Options>, tell: (host: Host) => unknown) => {
    const { host, mcp, frames } = await paired(options);
    await tell(host);
    await settle();
    const call = mcp.callTool("move", { to: "e4" });
    const progress: unknown[] = [];
    call.on("progress", (step) => progress.push(step.progress));
    await mcp.openLink("https://a.example/");
    const { text } = await call;
    await settle();
    check(frames);
    return [mcp.input, mcp.result?.text, mcp.context.theme, text, progress];
  };
  const first = await session({ backend, observe: recorder.observe }, (host) => {
    host.input({ level: 1 });
    host.result({ content: [{ type: "text", text: "board" }] });
    host.change({ theme: "dark" });
  });
  assert.deepEqual(first, [{ level: 1 }, "board", "dark", "e4", [1]]);
  const replay = new Replay(recorder.trace({}), atOnce);
  const again = await session({ backend: replay.backend, page: replay.page(hostPage()) }, (host) => replay.tell(host));
  assert.deepEqual(again, first);
  assert.deepEqual(replay.differences(true), []);
});

test("a teardown by our host waits for the page to save", async () => {
  const { host, mcp, frames } = await paired();
  mcp.on("teardown", async () => void (mcp.state = "saved"));
  assert.equal(await host.teardown("closed"), true);
  assert.deepEqual(host.context["run.pmcp/state"], "saved");
  check(frames);
});
