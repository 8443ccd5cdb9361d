// What the JavaScript drivers share: running cases, and where the server is.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The server: `url` is open, `ownersUrl` wants one of `tokens`, `binary` speaks on standard input and output. `train` is the program of
 * `examples/release-train`, `workspace` what it releases.
 */
export const server = {
  url: setting("PEER_URL"),
  ownersUrl: setting("PEER_OWNERS_URL"),
  tokens: { alice: setting("PEER_ALICE"), bob: setting("PEER_BOB") },
  binary: setting("PEER_BINARY"),
  train: setting("PEER_TRAIN"),
  workspace: setting("PEER_WORKSPACE"),
};

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run this with cargo xtask peers`);
  return value;
}

const LIMIT_MS = 20_000;

/**
 * Runs the cases, one by one or `together`, a line each, and ends the process.
 *
 * `defects` has what a case fails with for a defect of the client: then it must fail, and is shown as TODO. `limit` is how
 * long a case may take, in milliseconds.
 */
export async function run(cases, defects = {}, { together = false, limit = LIMIT_MS } = {}) {
  let failed = 0;
  const begun = new Map(together ? Object.entries(cases).map(([name, run]) => [name, failure(run, limit)]) : []);
  for (const [name, run] of Object.entries(cases)) {
    const defect = defects[name];
    let why = await (begun.get(name) ?? failure(run, limit));
    if (defect && why?.includes(defect)) {
      console.log(`not ok ${name} # TODO ${why}`);
      continue;
    }
    if (defect && !why) why = `passes now, without the defect "${defect}"`;
    if (why) failed += 1;
    console.log(why ? `not ok ${name}: ${why}` : `ok ${name}`);
  }
  process.exit(failed === 0 ? 0 : 1);
}

/** What the case fails with. */
async function failure(run, limit) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${limit / 1000} s`)), limit);
  });
  try {
    await Promise.race([run(), late]);
  } catch (error) {
    if (process.env.PEER_VERBOSE) console.error(error);
    return String(error?.message ?? error).replaceAll(/\s+/g, " ");
  } finally {
    clearTimeout(timer);
  }
}

export function check(condition, what) {
  if (!condition) throw new Error(what);
}

export function equal(actual, expected, what) {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(left === right, `${what} is ${left}, not ${right}`);
}

/** Fails unless the promise is rejected with this JSON-RPC code; returns the error. */
export async function rejected(promise, code) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    equal(error.code, code, `the code of "${error.message}"`);
    return error;
  }
  throw new Error(`answered ${JSON.stringify(value)} instead of the error ${code}`);
}

export const text = (result) => result.content?.map((part) => part.text).join("");

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `condition()` holds, for so many milliseconds at most. */
export async function until(condition, what, limit = 10_000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(20)) if (await condition()) return;
  throw new Error(`never: ${what}`);
}

/** The version of an installed package, so that the output says what was run. */
export function installed(name) {
  const directory = createRequire(import.meta.url).resolve.paths(name)[0];
  return `${name} ${JSON.parse(readFileSync(join(directory, name, "package.json"))).version}`;
}
