// Connecting @modelcontextprotocol/client 2.x, and @modelcontextprotocol/ext-tasks on top of it.

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client";
import { installed, server } from "./tap.mjs";

export const VERSIONS = ["client", "ext-tasks"].map((name) => installed(`@modelcontextprotocol/${name}`)).join(", ");

export const clientInfo = { name: "peer", version: "1" };

export const asTask = { task: { preference: "prefer", retentionMs: 60_000 } };

/** What connects a client of 2026-07-28, if that is `modern`, or of 2025-11-25. */
export const connecting = ({ modern, mode }) => (options) => connect({ modern, mode, ...options });

/**
 * Connects; `answer` handles questions, `token` chooses an owner of the server that has owners, and `url` is that of another
 * server, `program` with `args` what is started instead.
 */
async function connect({ modern, mode, url, answer, token, negotiate, plain, program, args }) {
  const capabilities = answer ? { elicitation: {} } : {};
  const client = new Client(clientInfo, {
    capabilities,
    versionNegotiation: { mode: negotiate ?? (modern ? { pin: "2026-07-28" } : "legacy") },
  });
  await client.connect(transport({ mode, url, token, program, args }));
  if (plain) return { client, close: () => client.close() };
  const errors = [];
  const session = createTaskSessionFromClient(client, {
    endpointId: "peer",
    onInputRequest: answer,
    onError: (error) => errors.push(error),
    ...(modern && {
      rawDispatch: rawDispatch(client),
      v2RequestFraming: { protocolVersion: "2026-07-28", clientInfo, clientCapabilities: capabilities },
    }),
  });
  return { client, session, errors, close: () => session.close().then(() => client.close()) };
}

export function transport({ mode, url, token, program = server.binary, args = ["--stdio"] }) {
  if (mode === "stdio") return new StdioClientTransport({ command: program, args, stderr: "ignore" });
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const at = url ?? (token ? server.ownersUrl : server.url);
  return new StreamableHTTPClientTransport(new URL(at), { requestInit: { headers } });
}

/** What ext-tasks wants of its host: requests on the client's transport whose answers the client does not decode. */
function rawDispatch(client) {
  const open = new Map();
  const pass = client.transport.onmessage;
  client.transport.onmessage = (message, extra) => {
    const settle = open.get(message.id);
    if (!settle) return pass(message, extra);
    open.delete(message.id);
    settle(message.error ? { kind: "error", error: message.error } : { kind: "result", result: message.result });
  };
  let last = 0;
  return (request, { context } = {}) =>
    new Promise((resolve, reject) => {
      const id = `raw-${(last += 1)}`;
      open.set(id, resolve);
      client.transport.send({ jsonrpc: "2.0", id, ...request }, { headers: context?.headers }).catch(reject);
    });
}
