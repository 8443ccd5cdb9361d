/** Calls of tools: results, errors, cancellation, and tasks by either way. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Page, settle } from "./page.ts";

const TASKS = { experimental: { "io.modelcontextprotocol/tasks": {} } };
const text = (text: string) => ({ content: [{ type: "text", text }] });

/** A call, and what becomes of it. */
const calling = async (page: Page, name = "analyse", args: object = { level: 1 }) => {
  const call = page.mcp.callTool(name, args);
  const heard = { progress: [] as any[], task: [] as any[], question: [] as any[], outcome: undefined as any };
  call.on("progress", (progress) => heard.progress.push(progress));
  call.on("task", (task) => heard.task.push(task));
  call.on("question", (question) => heard.question.push(question));
  call.then(
    (result) => (heard.outcome = result),
    (error) => (heard.outcome = error),
  );
  await settle();
  return { call, heard };
};

const read = async (raw: object) => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: raw });
  return heard.outcome as Result<any>;
};

test("a call names the tool, its arguments and a token for progress", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page, "move", { to: "e4" });
  const { id, params } = page.of("tools/call")[0];
  assert.deepEqual(params, { name: "move", arguments: { to: "e4" }, _meta: { "run.pmcp/wait": 0, progressToken: id } });
  await page.notify("notifications/progress", { progressToken: id, progress: 1, total: 2 });
  await page.notify("notifications/progress", { progressToken: "other", progress: 2 });
  assert.deepEqual(heard.progress.map(({ progress }) => progress), [1]);
});

test("data is structured content, or JSON in the text, or the text", async () => {
  const structured = await read({ structuredContent: { to: "e4" }, ...text("moved"), _meta: { a: 1 } });
  assert.deepEqual([structured.data, structured.text, structured.meta, structured.isError], [{ to: "e4" }, "moved", { a: 1 }, false]);
  assert.deepEqual(structured.raw, { structuredContent: { to: "e4" }, ...text("moved"), _meta: { a: 1 } });
  assert.equal((await read({ structuredContent: null, ...text("x") })).data, null);
  assert.deepEqual((await read(text('["e4"]'))).data, ["e4"]);
  assert.equal((await read(text("null"))).data, null);
  assert.equal((await read(text("White to move"))).data, "White to move");
  assert.deepEqual((await read({})).meta, {});
});

test("text parts are lines, and other parts are none", async () => {
  const content = [{ type: "text", text: "a" }, { type: "image", data: "" }, { type: "text", text: "b" }];
  const result = await read({ content, isError: true });
  assert.deepEqual([result.text, result.isError], ["a\nb", true]);
});

test("an error of the protocol rejects with its code and data", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  await page.answer("tools/call", { error: { code: -32602, message: "unknown tool", data: { name: "analyse" } } });
  const { message, code, data } = heard.outcome;
  assert.deepEqual([heard.outcome instanceof Error, message, code, data.name], [true, "unknown tool", -32602, "analyse"]);
});

test("a cancelled call rejects at once, and the host is told", async () => {
  const page = await new Page().begin();
  const { call, heard } = await calling(page);
  call.cancel();
  await settle();
  assert.equal(heard.outcome.name, "AbortError");
  const [{ params }] = page.of("notifications/cancelled");
  assert.equal(params.requestId, page.of("tools/call")[0].id);
});

test("a call that is cancelled before the host has answered is never made", async () => {
  const page = new Page();
  const { call, heard } = await calling(page);
  call.cancel();
  await page.begin();
  assert.equal(heard.outcome.name, "AbortError");
  assert.deepEqual([page.of("tools/call"), page.of("notifications/cancelled")], [[], []]);
});

const begun = { resultType: "task", taskId: "t1", status: "working", pollIntervalMs: 500 };

test("a host with tasks is told that the view knows them, and its task is followed to the result", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const { heard } = await calling(page);
  const [{ params }] = page.of("tools/call");
  const declared = params._meta["io.modelcontextprotocol/clientCapabilities"];
  assert.deepEqual(declared, { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } });
  assert.equal(params._meta["run.pmcp/wait"], undefined);

  await page.answer("tools/call", { result: begun });
  assert.equal(page.of("tasks/get").length, 0);
  await page.pass(499);
  assert.equal(page.of("tasks/get").length, 0);
  await page.pass(1);
  const [get] = page.of("tasks/get");
  assert.equal(get.params.taskId, "t1");
  assert.deepEqual(get.params._meta["io.modelcontextprotocol/clientCapabilities"], declared);
  const working = { ...begun, statusMessage: "half", _meta: { "run.pmcp/variables": { depth: 4 } } };
  await page.answer("tasks/get", { result: working });
  assert.equal(page.of("tasks/get").length, 1, "each look waits for its time");
  await page.pass(500);
  await page.answer("tasks/get", { result: working });
  await page.pass(500);
  await page.answer("tasks/get", { result: { ...begun, status: "completed", result: text('"e4"') } });
  assert.equal(heard.outcome.data, "e4");
  assert.deepEqual(
    heard.task.map(({ taskId, status, statusMessage, variables }) => [taskId, status, statusMessage, variables?.depth]),
    [["t1", "working", undefined, undefined], ["t1", "working", "half", 4], ["t1", "completed", undefined, undefined]],
  );
  await page.pass(10_000);
  assert.equal(page.of("tasks/get").length, 3);
});

test("a task that has ended when its handle comes is looked at for its result", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: { ...begun, status: "completed" } });
  await page.answer("tasks/get", { result: { ...begun, status: "completed", result: text("e4") } });
  assert.equal(heard.outcome.text, "e4");
});

test("a pushed notification is a reason to look at once, even during a look", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  await calling(page);
  await page.answer("tools/call", { result: { ...begun, pollIntervalMs: 60_000 } });
  await page.notify("notifications/tasks", { taskId: "other", status: "completed" });
  assert.equal(page.of("tasks/get").length, 0);
  await page.notify("notifications/tasks", { taskId: "t1", status: "working" });
  assert.equal(page.of("tasks/get").length, 1);
  await page.notify("notifications/tasks", { taskId: "t1", status: "completed" });
  await page.answer("tasks/get", { result: { ...begun, pollIntervalMs: 60_000 } });
  assert.equal(page.of("tasks/get").length, 2);
});

test("a question is told once, answered through the task, and told again if that was refused", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const { heard } = await calling(page);
  const inputRequests = { q1: { method: "elicitation/create", params: { message: "Which?", requestedSchema: { type: "object" } } } };
  const asking = { ...begun, status: "input_required", inputRequests };
  await page.answer("tools/call", { result: begun });
  for (let look = 0; look < 2; look++) {
    await page.pass(500);
    await page.answer("tasks/get", { result: asking });
  }
  assert.equal(heard.question.length, 1);
  const [question] = heard.question;
  assert.deepEqual([question.key, question.message, question.schema], ["q1", "Which?", { type: "object" }]);
  question.answer({ piece: "queen" });
  await settle();
  const { taskId, inputResponses } = page.of("tasks/update")[0].params;
  assert.deepEqual([taskId, inputResponses], ["t1", { q1: { action: "accept", content: { piece: "queen" } } }]);
  await page.answer("tasks/update", { error: { code: -32602, message: "no piece" } });
  await page.answer("tasks/get", { result: asking });
  assert.equal(heard.question.length, 2);
  heard.question[1].decline();
  await settle();
  assert.deepEqual(page.of("tasks/update")[1].params.inputResponses, { q1: { action: "decline" } });
  await page.answer("tasks/update", { result: { resultType: "complete" } });
  await page.answer("tasks/get", { result: asking });
  assert.equal(heard.question.length, 2);
});

test("a failed task rejects with its error, a cancelled one as cancelled", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const failing = await calling(page);
  await page.answer("tools/call", { result: begun });
  await page.pass(500);
  await page.answer("tasks/get", { result: { ...begun, status: "failed", error: { code: -32603, message: "lost" } } });
  assert.deepEqual([failing.heard.outcome.message, failing.heard.outcome.code], ["lost", -32603]);

  const cancelled = await calling(page);
  await page.answer("tools/call", { result: { ...begun, taskId: "t2" } });
  cancelled.call.cancel();
  await settle();
  assert.equal(page.of("tasks/cancel")[0].params.taskId, "t2");
  assert.equal(typeof cancelled.heard.outcome, "undefined");
  await page.pass(500);
  await page.answer("tasks/get", { result: { ...begun, taskId: "t2", status: "cancelled" } });
  assert.equal(cancelled.heard.outcome.name, "AbortError");
  assert.equal(page.of("notifications/cancelled").length, 0);
});

test("a task whose handle comes after the cancellation is cancelled, too", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const { call } = await calling(page);
  call.cancel();
  await page.answer("tools/call", { result: begun });
  assert.equal(page.of("tasks/cancel")[0].params.taskId, "t1");
});

test("looks that fail are borne for a while, but not an unknown task", async () => {
  const page = await new Page().begin({ capabilities: TASKS });
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: begun });
  for (let look = 0; look < 4; look++) {
    await page.pass(500);
    await page.answer("tasks/get", { error: { code: -32603, message: "lost" } });
  }
  assert.equal(typeof heard.outcome, "undefined");
  await page.pass(500);
  await page.answer("tasks/get", { result: begun });
  for (let look = 0; look < 5; look++) {
    assert.equal(typeof heard.outcome, "undefined");
    await page.pass(500);
    await page.answer("tasks/get", { error: { code: -32603, message: "lost for good" } });
  }
  assert.equal(heard.outcome.message, "lost for good");

  const unknown = await calling(page);
  await page.answer("tools/call", { result: begun });
  await page.pass(500);
  await page.answer("tasks/get", { error: { code: -32602, message: "unknown task" } });
  assert.equal(unknown.heard.outcome.code, -32602);
});

const tools = { status: "job_status", result: "job_result", cancel: "job_cancel", answer: "job_answer" };
const told = (more: object) => ({ ...text("told"), _meta: { "run.pmcp/task": { taskId: "t1", tools, ...more } } });
const companion = (page: Page) => {
  const { name, arguments: args } = page.of("tools/call").at(-1).params;
  return [name, args];
};

test("elsewhere a task is followed by tools, which wait until there is something new", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: told({ status: "working", message: "begun", variables: { depth: 1 }, mark: "m1" }) });
  await page.pass(199);
  assert.equal(page.of("tools/call").length, 1, "what changes all the time is not asked for all the time");
  await page.pass(1);
  assert.deepEqual(companion(page), ["job_status", { task_id: "t1", wait_seconds: 5, seen: "m1" }]);
  await page.answer("tools/call", { result: told({ status: "working", variables: { depth: 2 }, mark: "m2" }) });
  await page.pass(200);
  assert.deepEqual(companion(page)[1].seen, "m2");
  await page.answer("tools/call", { result: told({ status: "completed" }) });
  assert.deepEqual(companion(page), ["job_result", { task_id: "t1" }]);
  await page.answer("tools/call", { result: text("e4") });
  assert.equal(heard.outcome.text, "e4");
  assert.deepEqual(heard.task.map(({ status, variables }) => [status, variables?.depth]), [["working", 1], ["working", 2], ["completed", undefined]]);
  assert.equal(heard.task[0].statusMessage, "begun");
});

test("a failed task gives its failure by tools", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: told({ status: "failed" }) });
  assert.deepEqual(companion(page), ["job_result", { task_id: "t1" }]);
  await page.answer("tools/call", { result: { ...text("it broke"), isError: true } });
  assert.deepEqual([heard.outcome.isError, heard.outcome.text], [true, "it broke"]);
});

test("by tools a question is answered, and told again if that was refused", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  const asking = told({ status: "input_required", questions: [{ question: "q1", message: "Which?", schema: { type: "object" } }] });
  await page.answer("tools/call", { result: asking });
  await page.pass(999);
  assert.equal(page.of("tools/call").length, 1, "an open question is no reason to ask without pause");
  heard.question[0].answer({ piece: "queen" });
  await settle();
  const [answered, looked] = page.of("tools/call").slice(1);
  assert.deepEqual(answered.params.arguments, { task_id: "t1", question: "q1", action: "accept", answer: { piece: "queen" } });
  assert.equal(looked, undefined);
  await page.deliver({ id: answered.id, result: { ...told({ status: "input_required" }), isError: true } });
  assert.equal(companion(page)[0], "job_status");
  await page.answer("tools/call", { result: asking });
  assert.equal(heard.question.length, 2);
  heard.question[1].decline();
  await settle();
  assert.deepEqual(companion(page), ["job_answer", { task_id: "t1", question: "q1", action: "decline" }]);
});

test("by tools a task is cancelled", async () => {
  const page = await new Page().begin();
  const { call, heard } = await calling(page);
  await page.answer("tools/call", { result: told({ status: "working" }) });
  call.cancel();
  assert.deepEqual(companion(page), ["job_cancel", { task_id: "t1" }]);
  await page.answer("tools/call", { result: told({ status: "cancelled" }) });
  await page.pass(200);
  await page.answer("tools/call", { result: told({ status: "cancelled" }) });
  assert.equal(heard.outcome.name, "AbortError");
});

test("a companion that tells of no task ends the call after some tries", async () => {
  const page = await new Page().begin();
  const { heard } = await calling(page);
  await page.answer("tools/call", { result: told({ status: "working" }) });
  for (let look = 0; look < 5; look++) {
    await page.pass(1000);
    await page.answer("tools/call", { result: { ...text("there is no task with this id"), isError: true } });
  }
  assert.equal(heard.outcome.message, "there is no task with this id");
});
