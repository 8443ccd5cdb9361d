// Clients from before tasks: @modelcontextprotocol/sdk of the days of each earlier protocol version, over HTTP and stdio.

import { check, equal, installed, rejected, run, server, text } from "./tap.mjs";

const VERSIONS = ["2025-06-18", "2025-03-26", "2024-11-05"];

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
