// The cases of a host: a whole program around a model, of which only the model is ours.

import { existsSync, mkdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { file, start, startOf } from "./host.mjs";
import { scripted } from "./model.mjs";
import { check, equal, server } from "./tap.mjs";
import { checkReleased, checkUntouched, filledIn, inText, workspace } from "./train.mjs";

/** How long a host is told to wait for an answer, in seconds: less than some do, more than `task_status` waits. */
export const PATIENCE = 25;
/** Work that takes longer, in seconds. */
const LATE = 30;
/** How long a call waits before it is answered with a task, in milliseconds. */
const FALLBACK = ["--fallback", "5000"];

/**
 * The cases of the host that `converse({ api, mcp, directory, answer })` runs once: with the model at `api` and the server
 * `mcp`, which is `{ url }` or `{ command }`, with all it writes in `directory`, and with `answer` for each form it shows.
 * It tells what the host `said` to its user at last, and the forms it `asked`.
 *
 * `forms` says whether it has forms; in one without, the model passes the user's answer on.
 */
export function hostCases(converse, { forms }) {
  /** Has the model call the tool, and do what comes of it: what was said, asked and `shown` to the model. */
  const talk = (mcp, tool, args, answer) => talked(converse, { mcp, answer }, scripted(() => [tool, args]));

  /** The same with a server of its own that has the fallback. */
  async function talkWithFallback(tool, args, answer) {
    const { url, kill } = await start(...FALLBACK);
    try {
      return await talk({ url }, tool, args, answer);
    } finally {
      await kill();
    }
  }

  const agreed = { action: "accept", content: { confirm: true } };
  const told = ({ shown }) => shown.join("\n\n");
  const says = (talked, result) =>
    check(talked.said.endsWith(result), `the last words are ${talked.said}, not ${result}; shown was: ${told(talked)}`);
  /** Who was asked: the user, in forms, or the model. */
  function wasAsked(talked, question) {
    equal(talked.asked, forms ? [question] : [], "the forms");
    if (!forms) check(told(talked).includes(question), `the model was not asked: ${told(talked)}`);
  }

  return {
    async "a quick call, over HTTP"() {
      says(await talk({ url: server.url }, "greet", { name: "Ada" }), "Hello, Ada!");
    },
    async "a quick call, over stdio"() {
      says(await talk({ command: [server.binary, "--stdio"] }, "greet", { name: "Ada" }), "Hello, Ada!");
    },
    async "a late call, to its result"() {
      const began = Date.now();
      says(await talkWithFallback("slow_compute", { seconds: LATE, label: "late" }), `Computed late in ${LATE} s.`);
      check(Date.now() - began > LATE * 1_000, `that took ${Date.now() - began} ms`);
    },
    async "a late call without the fallback: the host gives up"() {
      const talked = await talk({ url: server.url }, "slow_compute", { seconds: LATE });
      check(/timed out/i.test(talked.said), `the host said ${talked.said}`);
    },
    async "a question"() {
      const talked = await talkWithFallback("confirm_delete", { filename: "a.txt" }, agreed);
      says(talked, "Deleted a.txt");
      wasAsked(talked, "Delete a.txt?");
    },
    async "a question in a late call"() {
      const args = { path: file("rows"), rows: 16 };
      const talked = await talkWithFallback("import_rows", args, agreed);
      says(talked, "Imported 16 rows.");
      wasAsked(talked, "8 of 16 rows are imported. Import the rest, too?");
    },
  };
}

let conversations = 0;

/** Has the host converse with this model. */
async function talked(converse, settings, starting) {
  const model = await starting;
  const directory = file(`home-${(conversations += 1)}`);
  mkdirSync(directory);
  try {
    return { ...(await converse({ ...settings, api: model.url, directory })), shown: model.shown, calls: model.calls };
  } finally {
    model.close();
  }
}

/** What a model does that was told nothing of workflows, but for what its user says. */
function knowingOnlyTexts(agrees) {
  return (shown) => {
    const call = inText(shown);
    return call && [call.tool, filledIn(call, agrees)];
  };
}

/**
 * The cases of a workflow in the same host. `begins` has for each way to begin what `converse` is told, given the workspace's directory,
 * and what call the model makes of the user's words.
 */
export function workflowCases(converse, begins) {
  async function through(by, way, agrees) {
    const root = workspace();
    const running = way === "HTTP" ? await startOf(server.train) : undefined;
    const mcp = running ? { url: running.url } : { command: [server.train, "--stdio"] };
    const { settings, first } = begins[by](root);
    const { said, shown, calls } = await talked(converse, { mcp, ...settings }, scripted(first, knowingOnlyTexts(agrees)));
    await running?.kill();
    check(said.includes("This workflow is finished"), `the last words are ${said}; shown was: ${shown.join("\n\n")}`);
    (agrees ? checkReleased : checkUntouched)(root);
    const steps = calls.filter((tool) => tool === "workflow_continue").length;
    equal([calls[0], steps], ["release_train", agrees ? 2 : 1], `the first call, and how many of ${calls} go on`);
  }
  const cases = {};
  for (const by of Object.keys(begins)) {
    for (const way of ["HTTP", "stdio"]) cases[`a workflow ${by}, over ${way}`] = () => through(by, way, true);
    cases[`a workflow ${by}, whose user says no`] = () => through(by, "stdio", false);
  }
  return cases;
}

/** A user who asks for the tool of a workflow. */
export const byItsTool = (root) => ({ settings: { words: "Go" }, first: () => ["release_train", { root }] });

/** The directory in `node_modules` of the first of these builds that runs here, or ends with the reason why none does. */
export function build(names, program) {
  const there = names.filter((name) => existsSync(`node_modules/${name}`));
  let why = `it has no build for ${process.platform} on ${process.arch}`;
  for (const name of there) {
    const path = program(`${process.cwd()}/node_modules/${name}`);
    const { status, signal, error, stderr } = spawnSync(path, ["--version"], { encoding: "utf8" });
    if (status === 0) return path;
    why = `it does not run here: ${error?.message ?? `${signal ?? status} ${stderr}`}`.replaceAll(/\s+/g, " ").trim();
  }
  if (process.env.CI) {
    console.log(`not ok ${why}`);
    process.exit(1);
  }
  console.log(`ok all # SKIP ${why}`);
  process.exit(0);
}
