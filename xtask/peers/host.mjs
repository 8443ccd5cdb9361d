// A host that knows no tasks, around a client of any SDK: each call after the first is one that a text spelled out.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, equal, server, sleep, text } from "./tap.mjs";

export const COMPANIONS = ["task_status", "task_result", "task_cancel", "task_answer"];

/** How many rows the tool of a minute imports, one a second. */
export const ROWS = 60;
/** How long calls wait before they are answered with a task, in milliseconds; a host is given 20 seconds by default. */
const INLINE = "5000";

/** Where the servers of the cases keep their tasks, and tools their files. */
const directory = mkdtempSync(join(tmpdir(), "pmcp-host-"));
const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

export const file = (name) => join(directory, name);

/** The options of a server that keeps its tasks in a file of this name. */
export const onSqlite = (name) => ["--store", `sqlite:${file(`${name}.db`)}`, "--lease", "2000"];

/** Starts a server over HTTP; `log()` is what it has written so far. */
export const start = (...options) => startOf(server.binary, ...options);

/** The same of another program; the options may say where it listens. */
export async function startOf(binary, ...options) {
  const at = options.includes("--http") ? [] : ["--http", "127.0.0.1:0"];
  const child = spawn(binary, [...at, ...options], { stdio: ["ignore", "ignore", "pipe"] });
  running.add(child);
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let log = "";
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (chunk) => {
      log += chunk;
      const listening = /listening on (\S+)/.exec(log);
      if (listening) resolve(listening[1]);
    });
    ended.then(() => reject(new Error(`the server ended: ${log}`)));
  });
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
    running.delete(child);
  };
  return { url, kill, log: () => log };
}

/** The first call a text spells out, as a model reads it; nothing if it tells of none, as the result of the tool itself. */
export function next(said) {
  const named = /[Cc]all `(\w+)` with (?=\{)/.exec(said);
  if (!named) return undefined;
  const args = object(said.slice(named.index + named[0].length));
  if (!args) throw new Error(`no arguments for ${named[1]}: ${said}`);
  return [named[1], args];
}

/** The JSON object that a text begins with. */
export function object(text) {
  for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}", end + 1)) {
    try {
      return JSON.parse(text.slice(0, end + 1));
    } catch {
      // The brace closes an inner object.
    }
  }
  return undefined;
}

/** The user's answers in place of the angle brackets. */
export const filled = (args) => JSON.parse(JSON.stringify(args).replaceAll('"<boolean>"', "true").replaceAll("<string>", "Ada"));

/** Does what the texts say until one `stops`, or is the result of the tool itself. */
export async function follow(call, said, stops = () => false) {
  for (let following; !stops(said) && (following = next(said)); ) said = await call(following[0], filled(following[1]));
  return said;
}

/**
 * The cases of a minute of work with a question in the middle, for a client of this protocol version.
 *
 * `open({ url } or { args })` connects a client without tasks, and without forms: to a server over HTTP, or to one it starts.
 */
export function minuteCases(version, open) {
  return {
    async [`${version}: a minute with a question, in memory, over stdio`]() {
      await minute(`${version}-memory`, async (path, calls) => {
        const client = await open({ args: ["--stdio", "--fallback", INLINE] });
        await listsCompanions(client);
        const call = calling(client, calls);
        const said = await follow(call, await call("import_rows", { path, rows: ROWS }));
        await client.close();
        return said;
      });
    },
    async [`${version}: a minute with a question, on SQLite, over HTTP, the server killed twice`]() {
      await minute(`${version}-sqlite`, async (path, calls) => {
        // Each process is met by a new client, which knows no more than the last text.
        const meet = async (work) => {
          const { url, kill } = await start(...onSqlite(version), "--fallback", INLINE);
          const client = await open({ url });
          const said = await work(calling(client, calls), kill);
          await kill();
          // Who cannot say goodbye is gone as well.
          await client.close().catch(() => {});
          return said;
        };
        let said = await meet(async (call, kill) => {
          const handle = await call("import_rows", { path, rows: ROWS });
          const waiting = call(...next(handle)).catch(() => {});
          await sleep(5_000);
          await kill();
          // Some clients tell that the answer will not come, others wait for it until they give up.
          await Promise.race([waiting, sleep(1_000)]);
          return handle;
        });
        said = await meet((call) => follow(call, said, asks));
        await meet(async (call) => {
          check(asks(said), `no question was told: ${said}`);
          // Nobody put an answer in. The text about that leads on.
          const wrong = await call(...next(said));
          check(asks(wrong) && wrong.includes("Nothing was passed on"), `the mistake is not told: ${wrong}`);
          said = await follow(call, wrong);
        });
        return said;
      });
    },
  };
}

const asks = (said) => said.includes("needs an answer");

const calling = (client, calls) => async (name, args) => {
  calls.push(name);
  return text(await client.callTool({ name, arguments: args }));
};

async function listsCompanions(client) {
  const names = (await client.listTools()).tools.map((tool) => tool.name);
  equal(names.filter((name) => COMPANIONS.includes(name)), COMPANIONS, "the companions listed");
}

/** Checks what `work` does with the tool that takes a minute: `calls` are the tools it called. */
async function minute(name, work) {
  const [path, calls, began] = [file(`${name}.rows`), [], Date.now()];
  equal(await work(path, calls), `Imported ${ROWS} rows.`, "the result");
  check(Date.now() - began > ROWS * 1_000, `that took ${Date.now() - began} ms`);
  const count = (name) => calls.filter((called) => called === name).length;
  equal([count("import_rows"), count("task_result")], [1, 1], `the first and the last among ${calls}`);
  // The row in flight at a kill may be there twice: its step may not have been recorded.
  const rows = readFileSync(path, "utf8").trimEnd().split("\n");
  const distinct = rows.filter((row, at) => row !== rows[at - 1]);
  equal(distinct, Array.from({ length: ROWS }, (_, at) => `row-${at + 1}`), "the rows");
}
