// A client of @modelcontextprotocol/sdk 1.x that declares no tasks: long calls by ordinary tools, beside clients with tasks.

import { randomUUID } from "node:crypto";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema, CreateTaskResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { COMPANIONS, file, follow, minuteCases, next, onSqlite, start } from "./host.mjs";
import { check, equal, installed, rejected, run, server, text } from "./tap.mjs";

console.log(`# ${installed("@modelcontextprotocol/sdk")}`);

async function connect({ url, args, token, capabilities = {}, answer }) {
  const client = new Client({ name: "peer", version: "1" }, { capabilities });
  if (answer) client.setRequestHandler(ElicitRequestSchema, answer);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
    : new StdioClientTransport({ command: server.binary, args, stderr: "ignore" });
  await client.connect(transport);
  return client;
}

const listed = async (client) => (await client.listTools()).tools;
const isCompanion = ({ name }) => COMPANIONS.includes(name);
const saying = (client) => async (name, args) => text(await client.callTool({ name, arguments: args }));

async function create(client, name, args) {
  const params = { name, arguments: args };
  return (await client.request({ method: "tools/call", params }, CreateTaskResultSchema, { task: {} })).task;
}

const cases = {
  ...minuteCases("2025-11-25", connect),
  async "both kinds of clients on one server and one store"() {
    const tokens = Object.entries(server.tokens).flatMap(([name, secret]) => ["--token", `${name}=${secret}`]);
    const { url } = await start(...onSqlite("both"), ...tokens, "--fallback", "300");
    const { alice, bob } = server.tokens;
    const [knows, plain, foreign] = await Promise.all([
      connect({ url, token: alice, capabilities: { tasks: {} } }),
      connect({ url, token: alice }),
      connect({ url, token: bob }),
    ]);

    // What a client with tasks is told is what a server without the fallback tells.
    const usual = await connect({ url: server.url, capabilities: { tasks: {} } });
    const [seen, expected] = await Promise.all([knows, usual].map(listed));
    equal(seen.filter(isCompanion), [], "the companions of a client with tasks");
    equal(seen.length, expected.length, "the number of its tools");
    seen.forEach((tool, at) => equal(tool, expected[at], "a tool of its list"));
    equal((await listed(plain)).filter(isCompanion).length, 4, "the companions of a client without");
    await rejected(knows.callTool({ name: "task_status", arguments: { task_id: randomUUID() } }), -32602);

    const call = saying(plain);
    const [task, handle] = await Promise.all([
      create(knows, "slow_compute", { seconds: 1, label: "theirs" }),
      call("slow_compute", { seconds: 1, label: "ours" }),
    ]);
    equal(task.status, "working", "the task of the client with tasks");
    const { task_id } = next(handle)[1];

    // To others neither exists.
    for (const name of COMPANIONS) {
      const [theirs, ours, none] = await Promise.all(
        [task.taskId, task_id, randomUUID()].map((id) => foreign.callTool({ name, arguments: { task_id: id, answer: {} } })),
      );
      equal([theirs, ours, none.isError], [none, none, true], `what ${name} tells others`);
    }

    const [ended, said] = await Promise.all([
      knows.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema),
      follow(call, handle),
    ]);
    equal(text(ended), "Computed theirs in 1 s.", "the result of the task");
    equal(said, "Computed ours in 1 s.", "the result by ordinary calls");
    // One store: each finds the other's, being of the same owner.
    equal((await knows.experimental.tasks.getTask(task_id)).status, "completed", "the other's task");
    equal(await call("task_result", { task_id: task.taskId }), text(ended), "the other's result");
    await Promise.all([knows, plain, foreign, usual].map((client) => client.close()));
  },
  async "a client without tasks that shows forms"() {
    const asked = [];
    const answer = async ({ params }) => {
      asked.push(params.message);
      return { action: "accept", content: { confirm: true } };
    };
    const { url } = await start("--fallback", "300");
    const client = await connect({ url, capabilities: { elicitation: {} }, answer });
    const calls = [];
    const call = (name, args) => (calls.push(name), saying(client)(name, args));
    equal(await call("confirm_delete", { filename: "a.txt" }), "Deleted a.txt", "the result of a form in time");
    const said = await follow(call, await call("import_rows", { path: file("forms.rows"), rows: 2 }));
    equal(said, "Imported 2 rows.", "the result of a late form");
    equal(asked, ["Delete a.txt?", "1 of 2 rows are imported. Import the rest, too?"], "the questions");
    check(!calls.includes("task_answer"), `the model answered: ${calls}`);
    await client.close();
  },
};

await run(cases, {}, { together: true, limit: 150_000 });
