// mcp-remote, which hosts start to reach a server over HTTP, between the client of @modelcontextprotocol/sdk and the server.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport, getDefaultEnvironment } from "@modelcontextprotocol/sdk/client/stdio.js";
import { CallToolResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { file, follow, start } from "./host.mjs";
import { check, equal, installed, rejected, run, server, text, until } from "./tap.mjs";

console.log(`# ${installed("mcp-remote")} between ${installed("@modelcontextprotocol/sdk")} and the server`);

/** A client whose server is the bridge. */
async function connect({ url = server.url, token, capabilities = {}, answer } = {}) {
  const client = new Client({ name: "peer", version: "1" }, { capabilities });
  if (answer) client.setRequestHandler(ElicitRequestSchema, answer);
  const header = token ? ["--header", `Authorization:Bearer ${token}`] : [];
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: ["node_modules/mcp-remote/dist/proxy.js", url, ...header],
    env: { ...getDefaultEnvironment(), MCP_REMOTE_CONFIG_DIR: file("mcp-remote") },
    stderr: "inherit",
  });
  await client.connect(transport);
  return client;
}

/** Connects a client, gives it to `work`, and closes it. */
async function using(options, work) {
  const client = await connect(options);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const call = async (client, name, args) => text(await client.callTool({ name, arguments: args }));
const tasks = { capabilities: { tasks: {} } };
const accepting = (asked) => async ({ params }) => {
  asked.push(params.message);
  return { action: "accept", content: { confirm: true } };
};

/** What the stream of a call with a task tells: its kinds, and the last of them. */
async function streamed(client, name, args) {
  const told = [];
  const stream = client.experimental.tasks.callToolStream({ name, arguments: args }, CallToolResultSchema, { task: {} });
  for await (const message of stream) told.push(message);
  return { kinds: told.map(({ type }) => type), last: told.at(-1), task: told[0].task };
}

await run({
  async "a plain call"() {
    await using({}, async (client) => {
      check((await client.listTools()).tools.some(({ name }) => name === "slow_compute"), "slow_compute is not listed");
      equal(await call(client, "greet", { name: "Ada" }), "Hello, Ada!", "the text");
    });
  },
  async "create, poll, result"() {
    await using(tasks, async (client) => {
      const { kinds, last } = await streamed(client, "slow_compute", { seconds: 0.7, label: "six" });
      equal([kinds[0], last.type], ["taskCreated", "result"], "the first and the last");
      equal(text(last.result), "Computed six in 0.7 s.", "the text");
    });
  },
  async "a question"() {
    const asked = [];
    await using({ capabilities: { elicitation: {} }, answer: accepting(asked) }, async (client) => {
      equal(await call(client, "confirm_delete", { filename: "a.txt" }), "Deleted a.txt", "the text");
      equal(asked, ["Delete a.txt?"], "the questions");
    });
  },
  async "a question of a task"() {
    const asked = [];
    const capabilities = { elicitation: {}, tasks: {} };
    await using({ capabilities, answer: accepting(asked) }, async (client) => {
      const { last } = await streamed(client, "confirm_delete", { filename: "b.txt" });
      equal([text(last.result), asked], ["Deleted b.txt", ["Delete b.txt?"]], "the text and the questions");
    });
  },
  async "cancel"() {
    await using(tasks, async (client) => {
      const stream = client.experimental.tasks.callToolStream(
        { name: "slow_compute", arguments: { seconds: 60 } },
        CallToolResultSchema,
        { task: {} },
      );
      const { task } = (await stream.next()).value;
      equal((await client.experimental.tasks.cancelTask(task.taskId)).status, "cancelled", "the status");
      await rejected(client.experimental.tasks.cancelTask(task.taskId), -32602);
    });
  },
  async "progress"() {
    await using({}, async (client) => {
      const seen = [];
      await client.callTool({ name: "test_tool_with_progress", arguments: {} }, undefined, {
        onprogress: ({ progress }) => seen.push(progress),
      });
      await until(() => seen.length >= 3, `three reports, only ${seen}`);
    });
  },
  async "a late call without tasks"() {
    const { url, kill } = await start("--fallback", "300");
    await using({ url }, async (client) => {
      const saying = (name, args) => call(client, name, args);
      const handle = await saying("slow_compute", { seconds: 2, label: "late" });
      check(handle.includes("still running"), `that was not late: ${handle}`);
      equal(await follow(saying, handle), "Computed late in 2 s.", "the result");
    });
    await kill();
  },
  async "a token"() {
    const { alice } = server.tokens;
    await using({ url: server.ownersUrl, token: alice }, async (client) => {
      equal(await call(client, "greet", { name: "Ada" }), "Hello, Ada!", "the text");
    });
  },
});
