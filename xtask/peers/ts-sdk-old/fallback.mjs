// Clients from before tasks, with the handshake of each earlier version: a minute of work by ordinary tools.

import { minuteCases } from "./host.mjs";
import { equal, installed, run, server } from "./tap.mjs";

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
      : new StdioClientTransport({ command: server.binary, args, stderr: "ignore" });
    await client.connect(transport);
    return client;
  };
  Object.assign(cases, minuteCases(version, open));
}

await run(cases, {}, { together: true, limit: 150_000 });
