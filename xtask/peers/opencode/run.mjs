// opencode, a host with neither tasks nor forms, around a scripted model.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { PATIENCE, build, byItsTool, hostCases, workflowCases } from "./hosted.mjs";
import { check, equal, installed, run } from "./tap.mjs";
import { inText } from "./train.mjs";

console.log(`# ${installed("opencode-ai")}`);

const platform = `opencode-${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
const builds = ["", "-baseline", "-musl", "-baseline-musl"].map((kind) => platform + kind);
const program = build(builds, (directory) => `${directory}/bin/opencode`);

async function converse({ api, mcp: { url, command }, directory, prompt, words = "Go" }) {
  const config = {
    model: "scripted/scripted",
    small_model: "scripted/scripted",
    autoupdate: false,
    share: "disabled",
    permission: "allow",
    enabled_providers: ["scripted"],
    provider: {
      scripted: {
        npm: "@ai-sdk/openai-compatible",
        options: { baseURL: api, apiKey: "none" },
        models: { scripted: { tool_call: true, limit: { context: 200_000, output: 8_000 } } },
      },
    },
    mcp: { peer: { ...(url ? { type: "remote", url } : { type: "local", command }), timeout: PATIENCE * 1_000 } },
  };
  writeFileSync(`${directory}/opencode.json`, JSON.stringify(config));
  const child = spawn(program, ["run", "--pure", "--format", "json", ...(prompt ? ["--command", prompt] : []), words], {
    cwd: directory,
    // Nothing but the model and the server is asked for anything.
    env: { PATH: process.env.PATH, HOME: directory, OPENCODE_DISABLE_MODELS_FETCH: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  equal(code, 0, `the exit code of opencode, which wrote ${output},`);
  const events = output.trim().split("\n").map((line) => JSON.parse(line));
  const texts = events.filter(({ type }) => type === "text").map(({ part }) => part.text);
  return { said: texts.at(-1) ?? "", asked: [] };
}

/**
 * A user who gives the command that the host makes of the prompt. It gets the prompt with the text `$1` for its argument, and puts the user's
 * words after the result, which is all that the model sees.
 */
const byItsPrompt = (root) => ({
  settings: { prompt: "peer:release_train", words: root },
  first(asked) {
    const { tool, args } = inText(asked);
    equal(args, { root: "<root>" }, "what the text leaves to the reader");
    const given = asked.trimEnd().split("\n").at(-1);
    check(asked.includes("Nothing has begun."), `the model was told ${asked}`);
    return [tool, { root: given }];
  },
});

const cases = {
  ...hostCases(converse, { forms: false }),
  ...workflowCases(converse, { "by its prompt": byItsPrompt, "by its tool": byItsTool }),
};

await run(cases, {}, { together: true, limit: 150_000 });
