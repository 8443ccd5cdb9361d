// The command line of @modelcontextprotocol/inspector 2.x, in each of its eras, over HTTP and stdio.

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { check, equal, installed, run, server } from "./tap.mjs";

console.log(`# ${installed("@modelcontextprotocol/inspector")}`);

const directory = fileURLToPath(new URL(".", import.meta.url));
const program = `${directory}node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;

/** Runs one method: what it prints, and with what code it ends. */
function inspect(target, era, ...options) {
  const words = [program, "--cli", ...target, "--protocol-era", era, "--format", "json", "--quiet", ...options];
  // Its settings and tokens go beside it.
  const child = spawn(process.execPath, words, {
    env: { ...process.env, HOME: directory },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { out: "", err: "" };
  child.stdout.on("data", (data) => (output.out += data));
  child.stderr.on("data", (data) => (output.err += data));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      const said = output.out.trim() || output.err.trim().split("\n").at(-1);
      try {
        resolve({ code, ...JSON.parse(said) });
      } catch {
        reject(new Error(`${options.join(" ")} ended with ${code} and said ${output.out}${output.err}`));
      }
    });
  });
}

const call = (target, era, name, args) =>
  inspect(target, era, "--method", "tools/call", "--tool-name", name, "--tool-args-json", JSON.stringify(args ?? {}));

function text({ code, result, error }) {
  check(result, `ended with ${code}: ${error?.message}`);
  return result.content.map((part) => part.text).join("");
}

const http = [server.url];
const cases = {};

for (const era of ["legacy", "auto", "modern"]) {
  Object.assign(cases, {
    async [`${era}: list tools`]() {
      const { result } = await inspect(http, era, "--method", "tools/list");
      check(result.tools.some(({ name }) => name === "slow_compute"), "slow_compute is not listed");
    },
    async [`${era}: resources and prompts`]() {
      const read = await inspect(http, era, "--method", "resources/read", "--uri", "test://static-text");
      equal(read.result.contents[0].uri, "test://static-text", "the resource");
      const got = await inspect(http, era, "--method", "prompts/get", "--prompt-name", "test_simple_prompt");
      equal(got.result.messages.length, 1, "the number of messages");
    },
    async [`${era}: plain call`]() {
      equal(text(await call(http, era, "greet", { name: "Ada" })), "Hello, Ada!", "the text");
    },
    async [`${era}: create, poll, result`]() {
      const result = await call(http, era, "slow_compute", { seconds: 0.7, label: "six" });
      equal(text(result), "Computed six in 0.7 s.", "the text");
    },
    async [`${era}: failure: the tool's`]() {
      const { code, result, error } = await call(http, era, "failing_job");
      equal(code, era === "legacy" ? 1 : 5, "the code");
      const told = result ? result.content[0].text : error.message;
      equal(told, "This job always fails.", "the text");
    },
    async [`${era}: failure: JSON-RPC error`]() {
      const { code, error } = await call(http, era, "protocol_error_job");
      equal([code, error.message], [1, "This job always ends in a protocol error."], "the failure");
    },
    async [`${era}: a token`]() {
      const target = [server.ownersUrl, "--header", `Authorization: Bearer ${server.tokens.alice}`];
      equal(text(await call(target, era, "slow_compute", { seconds: 0 })), "Computed an answer in 0 s.", "the text");
      const { code, error } = await call([server.ownersUrl, "--stored-auth-only"], era, "slow_compute", { seconds: 0 });
      equal([code, error.code], [3, "auth_required"], "the failure without");
    },
    async [`${era}: stdio`]() {
      equal(text(await call([server.binary], era, "tally", { n: 3 })), '{"rows":3}', "the text");
    },
  });
}

await run(cases);
