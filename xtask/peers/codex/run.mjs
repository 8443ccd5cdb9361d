// Codex, a host without tasks that shows forms, around a scripted model: the program its editors and applications talk to.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PATIENCE, build, byItsTool, hostCases, workflowCases } from "./hosted.mjs";
import { equal, installed, run } from "./tap.mjs";

console.log(`# ${installed("@openai/codex")}`);

const CODEX = "@openai/codex";
const launcher = `${process.cwd()}/node_modules/${CODEX}/bin/codex.js`;
build([`${CODEX}-${process.platform}-${process.arch}`], () => launcher);

const configuration = (api, { url, command }) => `
model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.scripted]
name = "scripted"
base_url = ${JSON.stringify(api)}
wire_api = "responses"

[mcp_servers.peer]
${url ? `url = ${JSON.stringify(url)}` : `command = ${JSON.stringify(command[0])}\nargs = ${JSON.stringify(command.slice(1))}`}
tool_timeout_sec = ${PATIENCE}
default_tools_approval_mode = "approve"
`;

async function converse({ api, mcp, directory, answer }) {
  writeFileSync(`${directory}/config.toml`, configuration(api, mcp));
  const child = spawn(process.execPath, [launcher, "app-server"], {
    env: { PATH: process.env.PATH, HOME: directory, CODEX_HOME: directory },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  const [pending, asked] = [new Map(), []];
  let said = "";
  const write = (message) => child.stdin.write(`${JSON.stringify(message)}\n`);
  const call = (method, params) =>
    new Promise((resolve, reject) => {
      const id = pending.size;
      pending.set(id, (message) => (message.error ? reject(new Error(message.error.message)) : resolve(message.result)));
      write({ id, method, params });
    });
  const ended = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      const { id, method, params } = message;
      if (method === undefined) {
        pending.get(id)(message);
      } else if (id !== undefined) {
        asked.push(method === "mcpServer/elicitation/request" ? params.message : method);
        write({ id, result: answer });
      } else if (method === "item/completed" && params.item.type === "agentMessage") {
        said = params.item.text;
      } else if (method === "turn/completed") {
        resolve(params.turn);
      }
    });
  });
  const talked = async () => {
    await call("initialize", { clientInfo: { name: "peer", version: "1" } });
    write({ method: "initialized" });
    // Where nobody is to be asked for approval, forms are declined unseen.
    const settings = { cwd: directory, approvalPolicy: "on-request", sandbox: "read-only", ephemeral: true };
    const { thread } = await call("thread/start", settings);
    await call("turn/start", { threadId: thread.id, input: [{ type: "text", text: "Go" }] });
    return ended;
  };
  const early = exited.then((code) => Promise.reject(new Error(`Codex ended early, with ${code}`)));
  const { status, error } = await Promise.race([talked(), early]);
  equal([status, error], ["completed", null], "the end of the turn");
  child.stdin.end();
  await exited;
  return { said, asked };
}

const cases = { ...hostCases(converse, { forms: true }), ...workflowCases(converse, { "by its tool": byItsTool }) };

await run(cases, {}, { together: true, limit: 150_000 });
