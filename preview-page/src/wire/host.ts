/** The way to the host process, with the key of its launch. */

import { Refusal, type Context } from "../../../widget-runtime/src/host";
import { lines } from "./lines";
import type { About, Action, Extra, HostEvent, Served, Stored } from "./types";
import type { Upstream } from "./upstream";

/** The host process refuses, or is gone. */
export class HostError extends Error {
  /** The status of its answer; 0 if there was none. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Takes the key out of the address, where history and screenshots would keep it; a reload finds it again. */
const takeKey = (): string => {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("key");
  if (given) {
    sessionStorage.setItem("key", given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem("key") ?? "";
};

interface Sent {
  method?: string;
  body?: unknown;
  signal?: AbortSignal;
  /** It is sent though the page goes away meanwhile. */
  keepalive?: boolean;
}

const key = takeKey();

/** What shows the host process that it is this page which asks. */
export const authorization = { authorization: `Bearer ${key}` };

const send = async (path: string, { method = "GET", body, signal, keepalive }: Sent = {}): Promise<Response> => {
  const headers = { ...authorization, ...(body !== undefined && { "content-type": "application/json" }) };
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(path, { method, headers, body: text, signal, keepalive }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new HostError(0, "the preview does not answer");
  });
  if (!response.ok) throw new HostError(response.status, `the preview answered ${path} with ${response.status}`);
  return response;
};

const read = async <T>(path: string, sent?: Sent): Promise<T> => (await send(path, sent)).json();

/** The routes of the host process. */
export const host = {
  about: () => read<About>("/api/host"),

  /** Asks the server, and tells its progress. An answer that is an error is a {@link Refusal}. */
  async request(method: string, params: object, context?: Partial<Context>): Promise<any> {
    const response = await send("/api/rpc", { method: "POST", body: { method, params }, signal: context?.signal });
    for await (const { progress, result, error } of lines<any>(response)) {
      if (progress) context?.progress?.(progress);
      else if (error) throw new Refusal(error.code, error.message, error.data);
      else return result;
    }
    throw new HostError(0, "the preview did not say how it ended");
  },

  async *events(signal: AbortSignal): AsyncGenerator<HostEvent> {
    yield* lines<HostEvent>(await send("/api/events", { signal }));
  },

  answer: (question: number, action: Action, content?: unknown) =>
    send("/api/answer", { method: "POST", body: { question, action, content } }),

  /** Mounts a document on an origin of its own; on that of the view whose place it takes, if it is under the same policy. */
  mount: (html: string, meta: object, profile: string, extra?: Extra, replaces?: string) =>
    read<Served>("/api/views", { method: "POST", body: { html, meta, profile, extra, replaces } }),
  unmount: (id: string) => send(`/api/views/${id}`, { method: "DELETE" }),

  /** Connects anew: in another revision of the protocol, or as another host. */
  connect: (wishes: { protocol?: string; profile?: string }) => send("/api/connection", { method: "POST", body: wishes }),
  restart: () => send("/api/restart", { method: "POST", body: {} }),

  traces: () => read<Stored[]>("/api/traces"),
  trace: async (name: string) => (await send(`/api/traces/${name}`)).text(),
  keepTrace: (name: string, text: string) => send(`/api/traces/${name}`, { method: "PUT", body: text }),
  removeTrace: (name: string) => send(`/api/traces/${name}`, { method: "DELETE" }),

  /** The record that the host process was started for: the first view has it. */
  beginRecord: () => read<{ id: string }>("/api/record", { method: "POST", body: {} }),
  addToRecord: (id: string, lines: string) => send(`/api/record/${id}`, { method: "POST", body: lines }),
  endRecord: (id: string) => send(`/api/record/${id}`, { method: "DELETE", keepalive: true }),

  /** A picture of a view, as PNG. */
  shot: async (view: object) => (await send("/api/shot", { method: "POST", body: view })).blob(),

  /** Says what came of a change of files. */
  reloaded: (change: number, views: number, isStateKept: boolean) =>
    send("/api/reloaded", { method: "POST", body: { change, views, isStateKept } }),

  /** Says that a view has an error which nothing in it has caught. */
  failed: (uri: string, text: string) => send("/api/failed", { method: "POST", body: { uri, text } }),
} satisfies Upstream & Record<string, unknown>;
