// A client of @modelcontextprotocol/client 2.x finishes a workflow, in each revision: one that declares nothing, and one with
// @modelcontextprotocol/ext-tasks.

import { connecting, VERSIONS } from "./connect.mjs";
import { startOf } from "./host.mjs";
import { equal, server } from "./tap.mjs";
import { READERS, begin, checkReleased, finish, main, over, takeover, trainCases, workspace } from "./train.mjs";

console.log(`# ${VERSIONS}`);

const opening = (modern) => async ({ url, args }) => {
  const connect = connecting({ modern, mode: url ? "http" : "stdio" });
  return over((await connect({ url, plain: true, program: server.train, args })).client);
};

const cases = {
  ...trainCases("2026-07-28", opening(true)),
  ...trainCases("2025-11-25", opening(false)),
  async "2026-07-28: a client with tasks has the run as one of them"() {
    const { url } = await startOf(server.train);
    const { client, session, close } = await connecting({ modern: true, mode: "http" })({ url });
    const root = workspace();
    const calling = { ...over(client), call: async (name, args) => {
      const execution = await session.callTool(name, args, { task: { preference: "prefer", retentionMs: 60_000 } });
      return (await execution.settle()).outcome.result;
    } };
    const reply = await begin(over(client), "prompt", root);
    const { taskId } = reply._meta["run.pmcp/workflow"];
    const { status, raw } = await session.task(taskId).snapshot();
    equal([status, raw.statusMessage], ["working", "Waiting for the client: step 3 of 6, `approve`."], "the task");
    await finish(calling, reply, { read: READERS.structure });
    const { result } = await session.task(taskId).result();
    equal(result.structuredContent.steps.map(({ state }) => state), Array(6).fill("done"), "the steps");
    checkReleased(root);
    await close();
  },
  "2026-07-28: killed after a step with its server, and a client of another SDK goes on": takeover,
};

await main(opening(true), cases);
