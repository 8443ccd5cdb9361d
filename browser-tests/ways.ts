/** Both ways to a server, for scripts that a test runs in a page of the host. */

import { host } from "../preview-page/src/wire/host.ts";
import { PageUpstream } from "../preview-page/src/wire/page.ts";
import type { HostEvent } from "../preview-page/src/wire/types.ts";
import type { Upstream } from "../preview-page/src/wire/upstream.ts";

/** A call of the script: what is asked, and what becomes of it. */
export interface Call {
  name: string;
  method: string;
  params?: object;
  /** Answers to what the server asks meanwhile, by the beginning of the question or its method; what has none is declined. */
  answers?: Record<string, unknown>;
  /** Aborts the call at its first progress. */
  abort?: boolean;
  /** Cancels the task that comes of it. */
  cancel?: boolean;
}

/** All that a caller sees of a call. */
export interface Seen {
  name: string;
  result?: unknown;
  error?: unknown;
  progress: unknown[];
  asked: unknown[];
  /** The task as the call gave it, and as it ended. */
  task?: unknown;
}

type Told = { kind: string; id?: number; method?: string; params?: any; taskId?: string };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a script, call after call. */
const run = async (upstream: Upstream, calls: Call[], listen: (listener: (event: Told) => void) => void): Promise<Seen[]> => {
  let now: { call: Call; seen: Seen } | undefined;
  listen(({ kind, id, method, params }) => {
    if (kind !== "question" || !now) return;
    now.seen.asked.push({ method, params });
    const answer = answerTo(now.call, method!, params);
    if (answer === undefined) void upstream.answer(id!, "decline");
    else void upstream.answer(id!, "accept", answer);
  });
  const all: Seen[] = [];
  for (const call of calls) {
    const seen: Seen = { name: call.name, progress: [], asked: [] };
    all.push(seen);
    now = { call, seen };
    const abort = new AbortController();
    try {
      const progress = (told: unknown) => {
        // What is on its way may still arrive on either.
        if (abort.signal.aborted) return;
        seen.progress.push(told);
        if (call.abort) abort.abort();
      };
      const result = await upstream.request(call.method, call.params ?? {}, { signal: abort.signal, progress });
      if (result.resultType === "task") {
        seen.task = result;
        seen.result = await followed(upstream, call, seen, result.taskId);
      } else {
        seen.result = result;
      }
    } catch (error) {
      const { name, message, code, data } = error as any;
      seen.error = { name, message, code, data };
    }
    now = undefined;
  }
  return all;
};

const answerTo = ({ answers = {} }: Call, method: string, params: any) => {
  const text = params?.message ?? method;
  return Object.entries(answers).find(([start]) => text.startsWith(start))?.[1];
};

/** Follows a task to its end, and answers what it asks. */
const followed = async (upstream: Upstream, call: Call, seen: Seen, taskId: string): Promise<unknown> => {
  if (call.cancel) await upstream.request("tasks/cancel", { taskId });
  const answered = new Set<string>();
  for (let tries = 0; tries < 400; tries++) {
    const task = await upstream.request("tasks/get", { taskId });
    if (["completed", "failed", "cancelled"].includes(task.status)) return task;
    for (const [key, { method, params }] of Object.entries<any>(task.inputRequests ?? {})) {
      const question = JSON.stringify({ method, params });
      if (answered.has(key)) continue;
      answered.add(key);
      seen.asked.push(JSON.parse(question));
      const content = answerTo(call, method, params);
      const response = content === undefined ? { action: "decline" } : { action: "accept", content };
      await upstream.request("tasks/update", { taskId, inputResponses: { [key]: response } });
    }
    await pause(50);
  }
  throw Error("the task does not end");
};

const throughHost = (calls: Call[]) =>
  run(host, calls, (listener) => {
    void (async () => {
      for await (const event of host.events(new AbortController().signal)) listener(event as HostEvent & Told);
    })().catch(() => {});
  });

const inPage = async (calls: Call[]) => {
  const about = await host.about();
  const { address, protocol, server } = about.connection;
  const { client } = about.profiles.find(({ id }) => id === about.profile)!;
  let listener = (_: Told) => {};
  const peer = { address: address!, protocol: protocol!, capabilities: server!.capabilities ?? {}, client, tasks: about.passesTasks };
  const upstream = await PageUpstream.connect(peer, (event) => listener(event as Told));
  const seen = await run(upstream, calls, (given) => void (listener = given));
  await upstream.close();
  return { detour: upstream.detour, seen };
};

Object.assign(globalThis, { ways: { throughHost, inPage, ready: async () => (await host.about()).connection.state } });
