// Two servers on one Redis. The one that runs a client's task is killed, and the client goes on at the other.

import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer as createHttpServer, request } from "node:http";
import { createServer, connect as connectTo } from "node:net";
import { file, ROWS, start } from "./host.mjs";
import { check, equal, until } from "./tap.mjs";

const LEASE_MS = 2_000;

/** After how many rows the first server is killed; the question is asked after half of them. */
const KILLED_AFTER = 20;

/** Rows of the task of a client that goes on in its session, and after how many the server that runs it is killed. */
const SHORT = 12;
const SHORT_KILLED_AFTER = 4;

const redis = process.env.PEER_REDIS_URL;

// Whoever is started here has it.
process.env.SESSION_KEYS ??= randomBytes(32).toString("base64");

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

/**
 * A tool of some seconds behind one address, which gives each request to the next server; the client knows of neither, and goes on in the
 * session it has.
 *
 * `play(url, args, kill)` does all of it: it calls the tool as a task, follows it until it shows `args.killed` rows, has the server that runs
 * it killed, and gives the text of the result and the messages of the questions. One that was open at the kill may be asked again.
 */
export async function goneOnWith(name, play) {
  check(redis, "PEER_REDIS_URL is not set");
  const options = ["--store", `${redis}?prefix=${name}-${process.pid}`, "--lease", `${LEASE_MS}`];
  const servers = [await start(...options), await start(...options)];
  const balancer = await balance(servers, "import_rows");
  const path = file(`${name}.rows`);
  let killed;
  const kill = async () => {
    killed = balancer.taker();
    await killed.kill();
  };
  const { said, asked } = await play(balancer.url, { path, rows: SHORT, killed: SHORT_KILLED_AFTER }, kill);

  equal(said, `Imported ${SHORT} rows.`, "the result");
  equal([...new Set(asked)], [`${SHORT / 2} of ${SHORT} rows are imported. Import the rest, too?`], "the questions");
  const rows = readFileSync(path, "utf8").trimEnd().split("\n");
  const distinct = rows.filter((row, at) => row !== rows[at - 1]);
  equal(distinct, Array.from({ length: SHORT }, (_, at) => `row-${at + 1}`), "the rows");
  check(rows.length - distinct.length <= 1, `rows imported twice: ${rows}`);
  const gone = balancer.refused.filter((status) => status === 404);
  equal(gone, [], "the answers that told of a session that is gone");
  balancer.close();
  for (const other of servers) if (other !== killed) await other.kill();
}

/**
 * Gives each request to the next server that takes it. `taker()` is the one that took the first request with this word, `refused` has the
 * statuses of all refusals.
 */
async function balance(servers, word) {
  const refused = [];
  let next = 0;
  let taker;
  const pass = (incoming, body, response, tries = servers.length) => {
    const chosen = servers[(next += 1) % servers.length];
    const { hostname, port } = new URL(chosen.url);
    const { method, url: path, headers } = incoming;
    // A connection for each, so that none leads to where the last one did.
    const passed = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      if (!taker && body.includes(word)) taker = chosen;
      if (answer.statusCode >= 400) refused.push(answer.statusCode);
      response.writeHead(answer.statusCode, answer.headers).flushHeaders();
      answer.on("error", () => response.destroy()).pipe(response);
    });
    passed.on("error", (error) => {
      if (error.code === "ECONNREFUSED" && tries > 1) pass(incoming, body, response, tries - 1);
      else response.destroy();
    });
    response.on("close", () => passed.destroy());
    passed.end(body);
  };
  const balancer = createHttpServer((incoming, response) => {
    const parts = [];
    incoming.on("data", (part) => parts.push(part)).on("end", () => pass(incoming, Buffer.concat(parts), response));
  });
  await new Promise((resolve) => balancer.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${balancer.address().port}/mcp`,
    taker: () => taker,
    refused,
    close() {
      balancer.close();
      balancer.closeAllConnections();
    },
  };
}

/** Takes connections at an address of its own and passes them on to a server, as what stands before several servers does. */
async function relayTo(url) {
  let target = new URL(url);
  const pass = (near, tries = 100) => {
    const far = connectTo(target.port, target.hostname);
    const refused = () => {
      // Between the end of one server and the turn of the next a client waits.
      if (tries > 1) setTimeout(() => pass(near, tries - 1), 50);
      else near.destroy();
    };
    far.once("error", refused).once("connect", () => {
      far.off("error", refused);
      near.pipe(far).pipe(near);
      for (const [end, other] of [[near, far], [far, near]]) {
        end.on("error", () => other.destroy()).on("close", () => other.destroy());
      }
    });
  };
  const relay = createServer((near) => {
    near.on("error", () => near.destroy());
    pass(near);
  });
  await new Promise((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${relay.address().port}${target.pathname}`,
    lead: (other) => void (target = new URL(other)),
    close: () => relay.close(),
  };
}
