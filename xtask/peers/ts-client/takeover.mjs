// The 2026-07-28 tasks of @modelcontextprotocol/client 2.x and ext-tasks, where the server that runs one is killed and another goes
// on.

import { asTask, connecting, VERSIONS } from "./connect.mjs";
import { takenOver } from "./pair.mjs";
import { run, text } from "./tap.mjs";

console.log(`# ${VERSIONS}`);

const connect = connecting({ modern: true, mode: "http" });

/** Agrees to everything, and keeps the messages. */
const agreeing = (asked) => async ({ params }) => {
  asked.push(params.message);
  return { action: "accept", content: { confirm: true } };
};

async function begun(connection, args) {
  const execution = await connection.session.callTool("import_rows", args, asTask);
  const id = execution.handle.taskId;
  const task = connection.session.task(id);
  return { execution, id, rows: async () => (await task.snapshot()).raw._meta["run.pmcp/variables"].rows };
}

async function ended(connection, execution, asked) {
  const { outcome } = await execution.settle();
  await connection.close();
  return { said: outcome.status === "completed" ? text(outcome.result) : JSON.stringify(outcome), asked };
}

const cases = {
  async "2026-07-28: a minute with a question, on Redis, the server killed, another client goes on at the other"() {
    const asked = [];
    let reference;
    await takenOver("ts-client", {
      async begin(url, args) {
        const task = await begun(await connect({ url, answer: agreeing(asked) }), args);
        await task.execution.handoff((given) => void (reference = given));
        return task;
      },
      async end(url) {
        const connection = await connect({ url, answer: agreeing(asked) });
        return ended(connection, await connection.session.resumeTask(reference), asked);
      },
    });
  },
  async "2026-07-28: the same behind one address, where the same client goes on"() {
    const asked = [];
    let connection;
    let task;
    await takenOver("ts-client-front", {
      front: true,
      async begin(url, args) {
        connection = await connect({ url, answer: agreeing(asked) });
        task = await begun(connection, args);
        return task;
      },
      end: () => ended(connection, task.execution, asked),
    });
  },
};

await run(cases, {}, { together: true, limit: 150_000 });
