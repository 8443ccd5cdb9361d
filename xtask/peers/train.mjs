// The workflow of examples/release-train, begun and finished by clients of any SDK that know nothing of it: each call is one that the
// server has shown them.

import { spawn } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { file, next, object, startOf } from "./host.mjs";
import { check, equal, run, server, text } from "./tap.mjs";

const NAME = "release_train";
const STANDING = "run.pmcp/workflow";
/** What whoever is asked for a text writes. */
const WORDS = "Nearer tides.";
/** How many calls a run may take: one for each of the client's two steps, and some that wait. */
const ENOUGH = 10;

let places = 0;

/** A copy of the workspace that is to be released. */
export function workspace() {
  const root = file(`workspace-${process.pid}-${(places += 1)}`);
  cpSync(server.workspace, root, { recursive: true });
  return root;
}

/** The versions of the crates, and how often the notes are in the changelog. */
function written(root) {
  const read = (path) => readFileSync(`${root}/${path}`, "utf8");
  const version = (name) => /^version = "(.*)"$/m.exec(read(`${name}/Cargo.toml`))[1];
  return [...["tides", "tides-cli", "tides-format"].map(version), read("CHANGELOG.md").split(WORDS).length - 1];
}

const BEFORE = ["1.4.2", "2.0.0", "0.3.1", 0];
const AFTER = ["1.5.0", "2.0.1", "0.4.0", 1];

export const checkReleased = (root) => equal(written(root), AFTER, "the versions and how often the notes are there");
export const checkUntouched = (root) => equal(written(root), BEFORE, "the versions and how often the notes are there");

/** Something that fits a schema, with no more than it demands. */
export function fitting(schema, agrees, whole = schema) {
  const { $ref, enum: values, type, properties = {}, required = [] } = schema;
  if ($ref) return fitting($ref.split("/").slice(1).reduce((at, key) => at[key], whole), agrees, whole);
  if (values) return values[0];
  const of = { boolean: () => agrees, string: () => WORDS, integer: () => 1, number: () => 1, array: () => [] };
  const each = () => Object.fromEntries(required.map((name) => [name, fitting(properties[name], agrees, whole)]));
  return (of[type] ?? each)();
}

/** What the cases want of a client, by one of an SDK whose requests are called so. */
export const over = (client) => ({
  prompts: async () => (await client.listPrompts()).prompts,
  prompt: (name, args) => client.getPrompt({ name, ...(args && { arguments: args }) }),
  call: (name, args) => client.callTool({ name, arguments: args }),
  async complete(name, argument) {
    const params = { ref: { type: "ref/prompt", name }, argument: { name: argument, value: "" } };
    return (await client.complete(params)).completion.values;
  },
  close: () => client.close(),
});

/** The texts of a reply, be that a prompt's or a tool's. */
const said = (reply) => (reply.messages ? reply.messages.map(({ content }) => content.text).join("\n") : text(reply));

/** How a client finds its next call in what it was shown: a tool, its arguments, and schemas of what is yet to be put there. */
export const READERS = {
  text: (reply) => inText(said(reply)),
  structure({ _meta }) {
    const [call] = _meta[STANDING].next;
    return call && { tool: call.tool, args: call.arguments, schemas: call.schemas };
  },
};

/** The first call that a text spells out, with the schema of the argument that it leaves to the reader. */
export function inText(text) {
  const call = next(text);
  if (!call) return undefined;
  const named = /`(\w+)` fits this JSON schema: (?=\{)/.exec(text);
  const schemas = named ? { [named[1]]: object(text.slice(named.index + named[0].length)) } : {};
  return { tool: call[0], args: call[1], schemas };
}

/** The arguments, with something that fits in place of each that has a schema beside it: it is left to the reader. */
export function filledIn({ args, schemas = {} }, agrees = true) {
  const fill = ([name, value]) => [name, schemas[name] ? fitting(schemas[name], agrees) : value];
  return Object.fromEntries(Object.entries(args).map(fill));
}

/** Does what each reply says until one names no call, and gives the last with the names of the tools called. */
export async function finish(client, reply, { read, agrees = true }) {
  const calls = [];
  for (let call; (call = read(reply)); ) {
    calls.push(call.tool);
    check(calls.length <= ENOUGH, `no end: ${calls}; ${said(reply)}`);
    reply = await client.call(call.tool, filledIn(call, agrees));
    check(!reply.isError, `the call of ${call.tool} failed: ${said(reply)}`);
  }
  return { reply, calls };
}

/** Begins a run by the prompt, or by the tool of the same name, in the words of a look at the prompt. */
export async function begin(client, by, root) {
  const listed = (await client.prompts()).find(({ name }) => name === NAME);
  check(listed, "the prompt is not listed");
  equal(listed.arguments.map(({ name, required = false }) => [name, required]), [["root", true], ["_task_id", false]], "its arguments");
  const look = await client.prompt(NAME);
  check(!look._meta?.[STANDING], `a look began something: ${said(look)}`);
  const { tool, args } = inText(said(look));
  equal([tool, args], [NAME, { root: "<root>" }], "the call that a look tells of");
  if (by === "tool") return client.call(tool, { root });
  const begun = await client.prompt(NAME, { root });
  equal(begun.messages.map(({ role, content }) => [role, content.type]), [["user", "text"]], "the messages");
  return begun;
}

/**
 * The cases of a client of this version, without tasks and without forms, that `open({ url } or { args })` connects: to a server over HTTP,
 * or to one of `server.train` that it starts. It has what `over` gives, with replies as they were received.
 */
export function trainCases(version, open) {
  const shared = { url: undefined };
  const url = () => (shared.url ??= startOf(server.train).then(({ url }) => url));
  async function through({ by, from, way, agrees = true }) {
    const root = workspace();
    const client = await open(way === "HTTP" ? { url: await url() } : { args: ["--stdio"] });
    const begun = await begin(client, by, root);
    checkUntouched(root);
    const { reply, calls } = await finish(client, begun, { read: READERS[from], agrees });
    equal(reply._meta[STANDING].state, "completed", "the state at the end");
    await client.close();
    return { root, calls };
  }
  const cases = {};
  for (const [by, from, way] of [
    ["prompt", "text", "HTTP"],
    ["prompt", "structure", "stdio"],
    ["tool", "text", "stdio"],
    ["tool", "structure", "HTTP"],
  ]) {
    cases[`${version}: a workflow by its ${by}, each call from the ${from}, over ${way}`] = async () => {
      const { root, calls } = await through({ by, from, way });
      checkReleased(root);
      equal(calls, ["workflow_continue", "workflow_continue"], "the calls");
    };
  }
  cases[`${version}: a workflow whose user says no`] = async () => {
    const { root, calls } = await through({ by: "prompt", from: "text", way: "HTTP", agrees: false });
    checkUntouched(root);
    equal(calls, ["workflow_continue"], "the calls");
  };
  cases[`${version}: a result that does not fit leads to one that does`] = async () => {
    const root = workspace();
    const client = await open({ args: ["--stdio"] });
    const { tool, args } = READERS.text(await begin(client, "tool", root));
    // As it was shown, with nothing in place of the angle brackets.
    const refused = await client.call(tool, args);
    check(refused.isError, `that fits: ${said(refused)}`);
    const again = READERS.text(refused);
    await finish(client, await client.call(again.tool, filledIn(again)), { read: READERS.text });
    checkReleased(root);
    await client.close();
  };
  cases[`${version}: looks at a workflow begin nothing`] = async () => {
    const client = await open({ args: ["--stdio"] });
    // As hosts do that get every prompt when they start; one that is no workflow may insist on its arguments.
    for (const { name } of await client.prompts()) await client.prompt(name).catch((error) => check(name !== NAME, error.message));
    for (const root of ["$1", "$ARGUMENTS", "{{root}}"]) {
      const look = await client.prompt(NAME, { root });
      check(said(look).includes("Nothing has begun."), `${root}: ${said(look)}`);
    }
    equal(await client.complete(NAME, "_task_id"), ["new"], "the runs to go on with");
    await client.close();
  };
  return cases;
}

/** Answers on one line what a process that plays one part of a run has come to. */
const tell = (told) => process.stdout.write(`${JSON.stringify(told)}\n`);

/**
 * Runs the cases of a driver, or as `begin URL ROOT` begins a run and does its first step, and waits to be killed; as `go-on URL RUN` gets
 * the prompt with the id of a run, and finishes it.
 */
export async function main(open, cases, defects) {
  const [part, url, of] = process.argv.slice(2);
  if (part !== "begin" && part !== "go-on") return run(cases, defects);
  const client = await open({ url });
  const args = part === "begin" ? { root: of } : { _task_id: of };
  let reply = await client.prompt(NAME, args);
  if (part === "begin") {
    const call = READERS.text(reply);
    reply = await client.call(call.tool, filledIn(call));
    tell({ run: call.args._task_id, said: said(reply) });
    return new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  const first = said(reply);
  ({ reply } = await finish(client, reply, { read: READERS.text }));
  tell({ first, said: said(reply) });
  process.exit(0);
}

/** Runs a driver as one part, and gives what it tells, with the process. */
async function played(command, ...part) {
  const child = spawn(command[0], [...command.slice(1), ...part], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    // Before that it tells which versions it has.
    if (line.startsWith("{")) return { ...JSON.parse(line), child };
  }
  throw new Error(`it ended without a word: ${part[0]}`);
}

/** Two clients of a run, of which the first is killed after its step, with its server; the other is of another SDK. */
export async function takeover() {
  const ours = [process.execPath, process.argv[1]];
  const others = JSON.parse(process.env.PEER_NEXT ?? "null");
  check(others, "PEER_NEXT is not set");
  const root = workspace();
  const options = ["--store", `sqlite:${file(`train-${process.pid}.db`)}`, "--lease", "1000"];
  const first = await startOf(server.train, ...options);
  const { run, said: next, child } = await played(ours, "begin", first.url, root);
  check(next.includes("`notes`: Write release notes"), `after the first step it was told ${next}`);
  child.kill("SIGKILL");
  await first.kill();
  const second = await startOf(server.train, ...options);
  const { first: told, said: last } = await played(others, "go-on", second.url, run);
  check(told.includes("3. approve: done. 4. notes: yours, now."), `the other was told ${told}`);
  check(last.includes("5. write: done. 6. verify: done."), `at last it was told ${last}`);
  checkReleased(root);
  await second.kill();
}
