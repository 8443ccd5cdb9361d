// A client of @modelcontextprotocol/sdk 1.x finishes a workflow: one that declares neither tasks nor forms, and one with tasks.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { CallToolResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { startOf } from "./host.mjs";
import { equal, installed, server } from "./tap.mjs";
import { READERS, begin, checkReleased, finish, main, over, takeover, trainCases, workspace } from "./train.mjs";

console.log(`# ${installed("@modelcontextprotocol/sdk")}`);

async function connect({ url, args, capabilities = {} }) {
  const client = new Client({ name: "peer", version: "1" }, { capabilities });
  const transport = url
    ? new StreamableHTTPClientTransport(new URL(url))
    : new StdioClientTransport({ command: server.train, args, stderr: "ignore" });
  await client.connect(transport);
  return client;
}

const open = async (where) => over(await connect(where));

await main(open, {
  ...trainCases("2025-11-25", open),
  async "2025-11-25: a client with tasks has the run as one of them"() {
    const { url } = await startOf(server.train);
    const client = await connect({ url, capabilities: { tasks: {} } });
    const root = workspace();
    const reply = await begin(over(client), "prompt", root);
    const { taskId } = reply._meta["io.modelcontextprotocol/related-task"];
    const { status, statusMessage } = await client.experimental.tasks.getTask(taskId);
    equal([status, statusMessage], ["working", "Waiting for the client: step 3 of 6, `approve`."], "the task");
    await finish(over(client), reply, { read: READERS.structure });
    const { structuredContent } = await client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema);
    equal(structuredContent.steps.map(({ state }) => state), Array(6).fill("done"), "the steps");
    checkReleased(root);
    await client.close();
  },
  "2025-11-25: killed after a step with its server, and a client of another SDK goes on": takeover,
});
