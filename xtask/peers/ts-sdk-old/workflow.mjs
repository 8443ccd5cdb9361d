// Clients from before tasks, with the handshake of each earlier version, finish a workflow.

import { equal, installed, server } from "./tap.mjs";
import { main, over, trainCases } from "./train.mjs";

const cases = {};
for (const version of ["2025-06-18", "2025-03-26", "2024-11-05"]) {
  const sdk = `sdk-${version}`;
  console.log(`# ${installed(sdk)}`);
  const { Client } = await import(`${sdk}/client/index.js`);
  const { StdioClientTransport } = await import(`${sdk}/client/stdio.js`);
  const { StreamableHTTPClientTransport } = await import(`${sdk}/client/streamableHttp.js`);
  const { LATEST_PROTOCOL_VERSION } = await import(`${sdk}/types.js`);
  equal(LATEST_PROTOCOL_VERSION, version, `the version ${sdk} begins with`);
  const open = async ({ url, args }) => {
    const client = new Client({ name: "peer", version: "1" }, { capabilities: {} });
    const transport = url
      ? new StreamableHTTPClientTransport(new URL(url))
      : new StdioClientTransport({ command: server.train, args, stderr: "ignore" });
    await client.connect(transport);
    return over(client);
  };
  Object.assign(cases, trainCases(version, open));
}

await main(undefined, cases);
