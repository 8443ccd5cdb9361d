/** Replay of a trace: the same host, with a server and a page that answer what they answered then. */

import { Code, type Message } from "../message";
import { Refusal, type Backend, type Page } from "./backend";
import type { Party, ViewHost } from "./host";
import type { Frame, Trace } from "./trace";

/** A request that the trace does not hold, or one of the trace that was not made. */
export interface Difference {
  kind: "unrecorded" | "missing";
  to: Party;
  method: string;
  params: unknown;
}

/** Waits between frames: as recorded, not at all, or until somebody steps. */
export type Pace = (milliseconds: number) => Promise<void>;

export const asRecorded: Pace = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const atOnce: Pace = () => Promise.resolve();

interface Exchange {
  to: Party;
  method: string;
  params: any;
  key: string;
  at: number;
  progress: Frame[];
  answer?: Frame;
  isUsed: boolean;
}

/** A value as text that is the same for equal values, without what differs a session: metadata. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (name, part) => {
    if (name === "_meta") return undefined;
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? "";

export class Replay {
  readonly #exchanges: Exchange[] = [];
  readonly #unrecorded: Difference[] = [];
  readonly #told: Frame[];
  readonly #start: number;
  readonly #pace: Pace;

  constructor({ frames }: Trace, pace: Pace = asRecorded) {
    this.#pace = pace;
    const open = new Map<string, Exchange>();
    for (const frame of frames) {
      const { from, to, message, ms } = frame;
      const { id, method, params } = message;
      const isRequest = method !== undefined && id !== undefined;
      if (isRequest && (from === "view" || to === "server")) {
        const exchange = { to, method, params, key: canonical(params), at: ms, progress: [], isUsed: false };
        open.set(`${to} ${id}`, exchange);
        this.#exchanges.push(exchange);
      } else if (method === "notifications/progress" && from === "server") {
        open.get(`server ${params?.progressToken}`)?.progress.push(frame);
      } else if (method === undefined) {
        const exchange = open.get(`${from} ${id}`);
        if (exchange) exchange.answer = frame;
      }
    }
    const isTold = ({ from, to, message: { id, method } }: Frame) =>
      from === "host" && to === "view" && id === undefined && method !== undefined && method !== "notifications/progress";
    this.#told = frames.filter(isTold);
    this.#start = frames.find(({ message }) => message.method === "ui/notifications/initialized")?.ms ?? 0;
  }

  /** Differences so far; at the end, those that are missing, too. */
  differences(isEnd = false): Difference[] {
    const missing = this.#exchanges.filter(({ isUsed, to, method }) => !isUsed && (to === "server" || OF_PAGE.has(method)));
    const ended: Difference[] = missing.map(({ to, method, params }) => ({ kind: "missing", to, method, params }));
    return isEnd ? [...this.#unrecorded, ...ended] : [...this.#unrecorded];
  }

  /** The server of the trace. */
  readonly backend: Backend = {
    request: async (method, params, { progress }) => {
      const exchange = this.#take("server", method, params);
      let at = exchange.at;
      for (const { ms, message } of exchange.progress) {
        await this.#pace(ms - at);
        at = ms;
        progress(message.params);
      }
      if (exchange.answer) await this.#pace(exchange.answer.ms - at);
      return settled(exchange.answer?.message);
    },
  };

  /** The page of the trace, beside what the page around the host does itself. */
  page(own: Page): Page {
    const answered = async (method: string, params: object) => settled(this.#take("host", method, params).answer?.message);
    return {
      ...own,
      openLink: (url) => answered("ui/open-link", { url }),
      message: (params) => answered("ui/message", params),
      modelContext: (params) => answered("ui/update-model-context", params),
      download: (contents) => answered("ui/download-file", { contents }),
      displayMode: async (mode) => (await answered("ui/request-display-mode", { mode })).mode,
    };
  }

  /** Tells the view what it was told then, from the time it is ready. */
  async tell(host: ViewHost): Promise<void> {
    let at = this.#start;
    for (const { ms, message } of this.#told) {
      await this.#pace(Math.max(0, ms - at));
      at = Math.max(at, ms);
      const { method = "", params } = message;
      if (method === "ui/notifications/tool-input") host.input(params?.arguments ?? {});
      else if (method === "ui/notifications/host-context-changed") host.change(params ?? {});
      else host.notify(method, params ?? {});
    }
  }

  #take(to: Party, method: string, params: unknown): Exchange {
    const key = canonical(params);
    const found = this.#exchanges.find((one) => !one.isUsed && one.to === to && one.method === method && one.key === key);
    if (found) return Object.assign(found, { isUsed: true });
    this.#unrecorded.push({ kind: "unrecorded", to, method, params });
    throw new Refusal(Code.Refused, "the trace does not hold this request");
  }
}

const OF_PAGE = new Set([
  "ui/open-link",
  "ui/message",
  "ui/update-model-context",
  "ui/download-file",
  "ui/request-display-mode",
]);

const settled = (answer: Message | undefined): any => {
  // Nobody had answered when the record ended.
  if (!answer) return new Promise(() => {});
  if (answer.error) throw new Refusal(answer.error.code, answer.error.message, answer.error.data);
  return answer.result;
};
