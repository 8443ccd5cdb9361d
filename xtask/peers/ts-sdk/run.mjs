// The 2025-11-25 tasks of @modelcontextprotocol/sdk 1.x: `node run.mjs http|stdio`.

import { connect as connectTo, createServer } from "node:net";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CallToolResultSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  TaskStatusNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { check, equal, installed, rejected, run, server, sleep, text, until } from "./tap.mjs";

const mode = process.argv[2] ?? "http";
console.log(`# ${installed("@modelcontextprotocol/sdk")} over ${mode}`);

/**
 * Connects; `answer` handles elicitations, `token` chooses an owner of the server that has owners, and `url` is that of another way to the
 * server.
 */
async function connect({ answer, token, capabilities, url } = {}) {
  const client = new Client(
    { name: "peer", version: "1" },
    { capabilities: capabilities ?? (answer ? { elicitation: {}, tasks: {} } : { tasks: {} }) },
  );
  client.statuses = [];
  client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => void client.statuses.push(params));
  if (answer) client.setRequestHandler(ElicitRequestSchema, answer);
  await client.connect(transport(token, url));
  return client;
}

function transport(token, url) {
  if (mode === "stdio") return new StdioClientTransport({ command: server.binary, args: ["--stdio"], stderr: "ignore" });
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  return new StreamableHTTPClientTransport(new URL(url ?? (token ? server.ownersUrl : server.url)), { requestInit: { headers } });
}

async function create(client, name, args = {}, task = { ttl: 60_000 }) {
  const { task: created } = await client.request(
    { method: "tools/call", params: { name, arguments: args } },
    CreateTaskResultSchema,
    { task },
  );
  return created;
}

const tasks = (client) => client.experimental.tasks;
const result = (client, { taskId }) => tasks(client).getTaskResult(taskId, CallToolResultSchema);

async function listed(client) {
  const found = [];
  let cursor;
  do {
    const page = await tasks(client).listTasks(cursor);
    found.push(...page.tasks);
    cursor = page.nextCursor;
  } while (cursor);
  return found;
}

/** Everything `callToolStream` yields. */
async function streamed(client, name, args = {}) {
  await client.listTools();
  const seen = [];
  for await (const message of tasks(client).callToolStream({ name, arguments: args }, CallToolResultSchema, { task: {} })) {
    seen.push(message);
  }
  return seen;
}

const accept = (content) => async () => ({ action: "accept", content });

const cases = {
  async "handshake and capabilities"() {
    const client = await connect();
    const { tasks } = client.getServerCapabilities();
    check(tasks?.list && tasks.cancel && tasks.requests?.tools?.call, `tasks are ${JSON.stringify(tasks)}`);
    const { tools } = await client.listTools();
    const support = (name) => tools.find((tool) => tool.name === name)?.execution?.taskSupport;
    equal(support("slow_compute"), "optional", "the support of slow_compute");
    equal(support("failing_job"), "required", "the support of failing_job");
    await client.close();
  },
  async "create, poll, result"() {
    const client = await connect();
    const seen = await streamed(client, "slow_compute", { seconds: 0.7, label: "six" });
    equal(seen[0].type, "taskCreated", "the first message");
    equal(seen[0].task.status, "working", "the first status");
    check(seen.some(({ type, task }) => type === "taskStatus" && task.status === "working"), "never polled as working");
    equal(seen.at(-1).type, "result", `the last message (${JSON.stringify(seen.at(-1))})`);
    equal(text(seen.at(-1).result), "Computed six in 0.7 s.", "the text");
    equal(
      seen.at(-1).result._meta?.["io.modelcontextprotocol/related-task"],
      { taskId: seen[0].task.taskId },
      "the related task of the result",
    );
    await client.close();
  },
  async "result waits for the end"() {
    const client = await connect();
    const task = await create(client, "slow_compute", { seconds: 0.4 });
    equal(text(await result(client, task)), "Computed an answer in 0.4 s.", "the text");
    equal((await tasks(client).getTask(task.taskId)).status, "completed", "the status");
    await client.close();
  },
  async "structured result and variables"() {
    const client = await connect();
    await client.listTools();
    const [{ task }, ...rest] = await streamed(client, "tally", { n: 3 });
    equal(rest.at(-1).result?.structuredContent, { rows: 3 }, `the content (${JSON.stringify(rest.at(-1))})`);
    const { _meta } = await tasks(client).getTask(task.taskId);
    equal(_meta?.["run.pmcp/variables"], { note: "", rows: 3 }, "the variables");
    await client.close();
  },
  async "status notifications"() {
    const client = await connect();
    if (mode === "http") await sleep(200);
    const task = await create(client, "slow_compute", { seconds: 0.2 });
    await until(
      () => client.statuses.some(({ taskId, status }) => taskId === task.taskId && status === "completed"),
      `told of the completion; told ${JSON.stringify(client.statuses)}`,
    );
    await client.close();
  },
  async "list"() {
    const client = await connect();
    const task = await create(client, "slow_compute", { seconds: 0 });
    const ids = (await listed(client)).map(({ taskId }) => taskId);
    check(ids.includes(task.taskId), `${task.taskId} is not among ${ids}`);
    await rejected(tasks(client).listTasks("no such cursor"), -32602);
    await client.close();
  },
  async "cancel"() {
    const client = await connect();
    const task = await create(client, "slow_compute", { seconds: 60 });
    const waiting = rejected(result(client, task), -32603);
    equal((await tasks(client).cancelTask(task.taskId)).status, "cancelled", "the answer to cancel");
    equal((await tasks(client).getTask(task.taskId)).status, "cancelled", "the status");
    await waiting;
    await rejected(tasks(client).cancelTask(task.taskId), -32602);
    await client.close();
  },
  async "elicitation"() {
    const asked = [];
    const client = await connect({
      answer: async ({ params }) => {
        asked.push(params);
        return { action: "accept", content: { confirm: true } };
      },
    });
    const seen = await streamed(client, "confirm_delete", { filename: "a.txt" });
    equal(text(seen.at(-1).result ?? {}), "Deleted a.txt", `the text (${JSON.stringify(seen.at(-1))})`);
    equal(asked.map(({ message }) => message), ["Delete a.txt?"], "the questions");
    equal(
      asked[0]._meta?.["io.modelcontextprotocol/related-task"],
      { taskId: seen[0].task.taskId },
      "the related task of the question",
    );
    await client.close();
  },
  async "elicitation declined"() {
    const client = await connect({ answer: async () => ({ action: "decline" }) });
    const task = await create(client, "confirm_delete", { filename: "b.txt" });
    equal(text(await result(client, task)), "Kept b.txt: not confirmed", "the text");
    await client.close();
  },
  async "two elicitations at once"() {
    const client = await connect({
      answer: async ({ params }) => {
        const content = params.requestedSchema.properties.name ? { name: "Ada" } : { confirm: true };
        return { action: "accept", content };
      },
    });
    const task = await create(client, "multi_input");
    equal(text(await result(client, task)), "Ada said yes", "the text");
    await client.close();
  },
  async "elicitation before the task"() {
    const client = await connect({ answer: accept({ name: "Ada" }) });
    const seen = await streamed(client, "test_tool_with_task");
    equal(text(seen.at(-1).result ?? {}), "Hello, Ada!", `the text (${JSON.stringify(seen.at(-1))})`);
    await client.close();
  },
  async "failure: the tool's"() {
    const client = await connect();
    const seen = await streamed(client, "failing_job");
    equal(seen.at(-1).type, "error", "the last message");
    const last = seen.findLast(({ type }) => type === "taskStatus");
    equal(last.task.status, "failed", "the status");
    const told = await result(client, last.task);
    equal([told.isError, text(told)], [true, "This job always fails."], "the result");
    await client.close();
  },
  async "failure: JSON-RPC error"() {
    const client = await connect();
    const task = await create(client, "protocol_error_job");
    const error = await rejected(result(client, task), -32000);
    check(error.message.includes("This job always ends in a protocol error."), error.message);
    equal((await tasks(client).getTask(task.taskId)).status, "failed", "the status");
    await client.close();
  },
  async "plain calls"() {
    const client = await connect({ capabilities: {} });
    equal(text(await client.callTool({ name: "greet", arguments: { name: "Ada" } })), "Hello, Ada!", "the text");
    const plain = await client.callTool({ name: "slow_compute", arguments: { seconds: 0.1 } });
    equal(text(plain), "Computed an answer in 0.1 s.", "the text of an optional task");
    await rejected(client.callTool({ name: "failing_job", arguments: {} }), -32601);
    await rejected(create(client, "greet", { name: "Ada" }), -32601);
    await client.close();
  },
  async "unknown task"() {
    const client = await connect();
    await rejected(tasks(client).getTask("no-such-task"), -32602);
    await rejected(result(client, { taskId: "no-such-task" }), -32602);
    await rejected(tasks(client).cancelTask("no-such-task"), -32602);
    await client.close();
  },
};

/** A proxy that cuts streams of events with the first progress in each, so often. */
async function cutting(times) {
  const { hostname, port, pathname } = new URL(server.url);
  const proxy = createServer((near) => {
    const far = connectTo(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) one.on("error", () => other.destroy()).on("close", () => other.destroy());
    near.pipe(far);
    far.on("data", (bytes) => {
      const cuts = times > 0 && bytes.includes("notifications/progress");
      if (!cuts) return near.write(bytes);
      times -= 1;
      near.end(bytes, () => near.destroy());
    });
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${proxy.address().port}${pathname}`, left: () => times, close: () => proxy.close() };
}

if (mode === "http") {
  Object.assign(cases, {
    async "a call whose connection is cut"() {
      const proxy = await cutting(2);
      const client = await connect({ url: proxy.url });
      const seen = [];
      const onprogress = ({ progress }) => void seen.push(progress);
      const done = await client.callTool({ name: "test_tool_with_progress", arguments: {} }, CallToolResultSchema, { onprogress });
      equal(text(done), "Progress was reported three times.", "the text");
      equal(JSON.stringify(seen), "[0,50,100]", "the progress");
      equal(proxy.left(), 0, "the cuts that are left");
      await client.close();
      proxy.close();
    },
    async "a call that lets the client go"() {
      const client = await connect();
      equal(text(await client.callTool({ name: "test_reconnection", arguments: {} })), "Reconnected.", "the text");
      await client.close();
    },
    async "another session of the same owner"() {
      const first = await connect();
      const task = await create(first, "slow_compute", { seconds: 0.3 });
      await first.transport.terminateSession();
      await first.close();
      const second = await connect();
      equal(text(await result(second, task)), "Computed an answer in 0.3 s.", "the text");
      await second.close();
    },
    async "owners see their own tasks only"() {
      const [alice, bob] = [await connect({ token: server.tokens.alice }), await connect({ token: server.tokens.bob })];
      const task = await create(alice, "slow_compute", { seconds: 0 });
      equal((await listed(alice)).map(({ taskId }) => taskId), [task.taskId], "what Alice sees");
      equal(await listed(bob), [], "what Bob sees");
      await rejected(tasks(bob).getTask(task.taskId), -32602);
      await rejected(tasks(bob).cancelTask(task.taskId), -32602);
      await rejected(result(bob, task), -32602);
      equal(text(await result(alice, task)), "Computed an answer in 0 s.", "the text");
      await Promise.all([alice.close(), bob.close()]);
    },
  });
}

await run(cases);
