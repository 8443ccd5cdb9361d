// The 2025-11-25 tasks of @modelcontextprotocol/sdk 1.x, where the server that runs one is killed and another goes on.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema, CreateTaskResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { goneOnWith, takenOver } from "./pair.mjs";
import { check, equal, installed, run, text, until } from "./tap.mjs";

console.log(`# ${installed("@modelcontextprotocol/sdk")}`);

async function connect(url, answer) {
  const client = new Client({ name: "peer", version: "1" }, { capabilities: { elicitation: {}, tasks: {} } });
  client.setRequestHandler(ElicitRequestSchema, answer);
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

await run(
  {
    async "2025-11-25: a minute with a question, on Redis, the server killed, the other goes on"() {
      await takenOver("ts-sdk", {
        async begin(url, args) {
          const client = await connect(url, () => check(false, "asked too early"));
          const { task } = await client.request(
            { method: "tools/call", params: { name: "import_rows", arguments: args } },
            CreateTaskResultSchema,
            { task: { ttl: 3_600_000 } },
          );
          const rows = async () => (await client.experimental.tasks.getTask(task.taskId))._meta["run.pmcp/variables"].rows;
          return { id: task.taskId, rows };
        },
        async end(url, id) {
          const asked = [];
          const client = await connect(url, async ({ params }) => {
            asked.push(params.message);
            return { action: "accept", content: { confirm: true } };
          });
          const isWorking = async () => (await client.experimental.tasks.getTask(id)).status === "working";
          // The question may be answered between two looks.
          await until(async () => asked.length > 0 || !(await isWorking()), "the question", 60_000);
          const result = await client.experimental.tasks.getTaskResult(id, CallToolResultSchema, { timeout: 120_000 });
          await client.close();
          return { said: text(result), asked };
        },
      });
    },
    async "2025-11-25: the same behind one address for both, where the same client goes on in its session"() {
      await goneOnWith("ts-sdk-front", async (url, { killed, ...args }, kill) => {
        const asked = [];
        const client = await connect(url, async ({ params }) => {
          asked.push(params.message);
          return { action: "accept", content: { confirm: true } };
        });
        const { sessionId } = client.transport;
        for (let both = 0; both < 2; both += 1) {
          const { tools } = await client.listTools();
          check(tools.some(({ name }) => name === "import_rows"), "the tool is not listed");
        }
        const progress = [];
        await client.callTool({ name: "test_tool_with_progress" }, undefined, { onprogress: (told) => progress.push(told.progress) });
        equal(progress, [0, 50, 100], "the progress of a plain call");
        const { task } = await client.request(
          { method: "tools/call", params: { name: "import_rows", arguments: args } },
          CreateTaskResultSchema,
          { task: { ttl: 3_600_000 } },
        );
        const tasks = client.experimental.tasks;
        const result = () => tasks.getTaskResult(task.taskId, CallToolResultSchema, { timeout: 120_000 });
        await until(
          async () => (await tasks.getTask(task.taskId))._meta["run.pmcp/variables"].rows >= killed,
          `${killed} rows`,
          60_000,
        );
        // One of them waits where it is killed, the other elsewhere.
        const waiting = [result(), result()].map((answer) => answer.catch(() => undefined));
        await kill();
        const [first, second] = await Promise.all(waiting);
        const said = text(first ?? second ?? (await result()));
        equal((await tasks.getTask(task.taskId)).status, "completed", "the status");
        equal(client.transport.sessionId, sessionId, "the session");
        await client.close();
        return { said, asked };
      });
    },
  },
  {},
  { together: true, limit: 150_000 },
);
