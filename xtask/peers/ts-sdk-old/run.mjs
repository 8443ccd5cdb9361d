// Clients from before tasks: @modelcontextprotocol/sdk of the days of each earlier protocol version, over HTTP and stdio.

import { check, equal, installed, rejected, run, server, text } from "./tap.mjs";

const VERSIONS = ["2025-06-18", "2025-03-26", "2024-11-05"];

/** The arguments of the next call, as a model finds them in the text of a result. */
function next(result, tool) {
  const [, rest] = text(result).split(`\`${tool}\` with `);
  check(rest, `${tool} is not among what to do next: ${text(result)}`);
  for (let end = rest.indexOf("}"); end >= 0; end = rest.indexOf("}", end + 1)) {
    try {
      return JSON.parse(rest.slice(0, end + 1));
    } catch {
      // The brace closes an inner object.
    }
  }
  throw new Error(`no arguments for ${tool}: ${text(result)}`);
}

const cases = {};
for (const version of VERSIONS) {
  const sdk = `sdk-${version}`;
  console.log(`# ${installed(sdk)}`);
  const { Client } = await import(`${sdk}/client/index.js`);
  const { StdioClientTransport } = await import(`${sdk}/client/stdio.js`);
  const { StreamableHTTPClientTransport } = await import(`${sdk}/client/streamableHttp.js`);
  const { ElicitRequestSchema } = await import(`${sdk}/types.js`);

  const transports = {
    http: () => new StreamableHTTPClientTransport(new URL(server.url)),
    stdio: () => new StdioClientTransport({ command: server.binary, args: ["--stdio"], stderr: "ignore" }),
  };
  for (const [mode, transport] of Object.entries(transports)) {
    const connect = async (capabilities = {}) => {
      const client = new Client({ name: "peer", version: "1" }, { capabilities });
      await client.connect(transport());
      return client;
    };
    Object.assign(cases, {
      async [`${version} ${mode}: handshake without tasks`]() {
        const client = await connect();
        equal(client.getServerCapabilities().tasks, undefined, "the tasks among the capabilities");
        const { tools } = await client.listTools();
        const slow = tools.find(({ name }) => name === "slow_compute");
        check(slow, "slow_compute is not listed");
        equal(slow.execution, undefined, "its execution");
        await client.close();
      },
      async [`${version} ${mode}: plain calls`]() {
        const client = await connect();
        equal(text(await client.callTool({ name: "greet", arguments: { name: "Ada" } })), "Hello, Ada!", "the text");
        const result = await client.callTool({ name: "slow_compute", arguments: { seconds: 0.1 } });
        equal(text(result), "Computed an answer in 0.1 s.", "the text of an optional task");
        await rejected(client.callTool({ name: "failing_job", arguments: {} }), -32601);
        await rejected(client.callTool({ name: "protocol_error_job", arguments: {} }), -32000);
        await client.close();
      },
      async [`${version} ${mode}: resources and prompts`]() {
        const client = await connect();
        const { contents } = await client.readResource({ uri: "test://static-text" });
        equal(contents.length, 1, "the number of contents");
        const { messages } = await client.getPrompt({ name: "test_simple_prompt" });
        equal(messages.length, 1, "the number of messages");
        await client.close();
      },
    });
    if (mode === "stdio") {
      cases[`${version} ${mode}: long calls and questions through ordinary tools`] = async () => {
        const client = new Client({ name: "peer", version: "1" }, { capabilities: {} });
        const args = ["--stdio", "--fallback", "300"];
        await client.connect(new StdioClientTransport({ command: server.binary, args, stderr: "ignore" }));
        const call = (name, args) => client.callTool({ name, arguments: args });
        const ended = async (result) => {
          const told = await call("task_status", next(result, "task_status"));
          return call("task_result", next(told, "task_result"));
        };
        equal(text(await call("slow_compute", { seconds: 0.1 })), "Computed an answer in 0.1 s.", "a result in time");
        const late = await call("slow_compute", { seconds: 1 });
        equal(text(await ended(late)), "Computed an answer in 1 s.", "a late result");
        const asked = await call("confirm_delete", { filename: "a.txt" });
        const answer = { ...next(asked, "task_answer"), answer: { confirm: true } };
        await call("task_answer", answer);
        equal(text(await ended(asked)), "Deleted a.txt", "the result after the answer");
        const failed = await ended(await call("failing_job", {}));
        equal([failed.isError, text(failed)], [true, "This job always fails."], "the result of a required task");
        await client.close();
      };
    }
    if (version === "2025-06-18") {
      cases[`${version} ${mode}: elicitation in a plain call`] = async () => {
        const client = await connect({ elicitation: {} });
        client.setRequestHandler(ElicitRequestSchema, async () => ({ action: "accept", content: { confirm: true } }));
        const result = await client.callTool({ name: "confirm_delete", arguments: { filename: "a.txt" } });
        equal(text(result), "Deleted a.txt", "the text");
        await client.close();
      };
    }
  }
}

await run(cases);
