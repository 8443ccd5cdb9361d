// Two servers on one Redis. The one that runs a client's task is killed, and the client goes on at the other.

import { existsSync, readFileSync } from "node:fs";
import { createServer, connect as connectTo } from "node:net";
import { file, ROWS, start } from "./host.mjs";
import { check, equal, until } from "./tap.mjs";

const LEASE_MS = 2_000;

/** After how many rows the first server is killed; the question is asked after half of them. */
const KILLED_AFTER = 20;

const redis = process.env.PEER_REDIS_URL;

/**
 * The tool of a minute, begun by a client at one server and ended at another.
 *
 * `begin(url, args)` calls it as a task and gives `{ id, rows }`: its id, and what tells how many rows the task shows. `end(url, id)`
 * is told where the other server is once the first was killed. It waits for the end, and gives the text of the result and the
 * messages of the questions. `front` has one address before both servers, so that a client need not be told.
 */
export async function takenOver(name, { begin, end, front = false }) {
  check(redis, "PEER_REDIS_URL is not set");
  const options = ["--store", `${redis}?prefix=${name}-${process.pid}`, "--lease", `${LEASE_MS}`];
  const [first, second] = [await start(...options), await start(...options)];
  const relay = front ? await relayTo(first.url) : undefined;
  const path = file(`${name}.rows`);
  const imported = () => (existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : []);

  const began = Date.now();
  const task = await begin(relay ? relay.url : first.url, { path, rows: ROWS });
  let shown = 0;
  await until(async () => (shown = await task.rows()) >= KILLED_AFTER, `${KILLED_AFTER} rows`, 60_000);
  await first.kill();
  relay?.lead(second.url);
  const [killed, inFile] = [Date.now(), imported()];
  const going = until(() => second.log().includes(`a task goes on here task=${task.id}`), "that the other goes on", 30_000);
  const recovered = going.then(() => Date.now() - killed);
  const { said, asked } = await end(relay ? relay.url : second.url, task.id);

  equal(said, `Imported ${ROWS} rows.`, "the result");
  equal(asked, [`${ROWS / 2} of ${ROWS} rows are imported. Import the rest, too?`], "the questions");
  check(Date.now() - began > ROWS * 1_000, `that took ${Date.now() - began} ms`);
  const rows = imported();
  const [distinct, again] = [rows.filter((row, at) => row !== rows[at - 1]), rows.filter((row, at) => row === rows[at - 1])];
  equal(distinct, Array.from({ length: ROWS }, (_, at) => `row-${at + 1}`), "the rows");
  // A step whose result was not recorded at the kill may run again. The task shows a row after its step was recorded.
  check(again.every((row) => inFile.slice(shown).includes(row)), `rows imported twice, of which ${shown} had been shown: ${again}`);
  const took = await recovered;
  console.log(`# killed after ${shown} rows; the other server went on after ${took} ms, with a lease of ${LEASE_MS} ms; twice: ${again.length}`);
  // One that stood still begins to watch anew.
  const watched = !second.log().includes("they are watched anew");
  check(!watched || took <= 2 * LEASE_MS, `the other server went on after ${took} ms`);
  relay?.close();
  await second.kill();
}

/** Takes connections at an address of its own and passes them on to a server, as what stands before several servers does. */
async function relayTo(url) {
  let target = new URL(url);
  const relay = createServer((near) => {
    const far = connectTo(target.port, target.hostname);
    near.pipe(far).pipe(near);
    for (const [end, other] of [[near, far], [far, near]]) {
      end.on("error", () => other.destroy()).on("close", () => other.destroy());
    }
  });
  await new Promise((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${relay.address().port}${target.pathname}`,
    lead: (other) => void (target = new URL(other)),
    close: () => relay.close(),
  };
}
