/** The way from the page itself: the client as WebAssembly, straight to the server or through the relay of the host process. */

import { Refusal, type Context } from "../../../widget-runtime/src/host";
import { authorization } from "./host";
import type { Action, HostEvent, Profile } from "./types";
import type { Upstream } from "./upstream";

/** The server to ask, and as whom, as the host process knows both. */
export interface Peer {
  address: string;
  protocol: string;
  capabilities: object;
  client: Profile["client"];
  /** Calls may become tasks, where both sides have them. */
  tasks: boolean;
}

type Module = typeof import("/assets/client.js");
type Client = InstanceType<Module["PageClient"]>;
/** An event as it comes without a time. */
export type Told = HostEvent extends infer Event ? (Event extends HostEvent ? Omit<Event, "at"> : never) : never;

let module: Promise<Module> | undefined;

/** Loads the program, which is needed by few and once. */
const load = () => {
  module ??= import("/assets/client.js").then(async (module) => {
    await module.default({ module_or_path: "/assets/client.wasm" });
    return module;
  });
  return module;
};

export class PageUpstream implements Upstream {
  /** The reason why it goes through the relay; unset if it goes straight to the server. */
  readonly detour: string | undefined;
  readonly #client: Client;
  #number = 0;

  private constructor(client: Client, detour?: string) {
    this.#client = client;
    this.detour = detour;
  }

  /** Connects straight to the server or, if it does not let the page in, through the relay. */
  static async connect({ address, ...peer }: Peer, told: (event: Told) => void): Promise<PageUpstream> {
    const { PageClient } = await load();
    const to = (url: string, headers: object): Promise<Client> =>
      PageClient.connect(JSON.stringify({ url, headers, ...peer }), (event: string) => told(JSON.parse(event)));
    try {
      return new PageUpstream(await to(address, {}));
    } catch (error) {
      return new PageUpstream(await to(new URL("/api/upstream", location.href).href, authorization), (error as Error).message);
    }
  }

  async request(method: string, params: object, context?: Partial<Context>): Promise<any> {
    const { signal } = context ?? {};
    signal?.throwIfAborted();
    const number = this.#number++;
    const abort = () => this.#client.abort(number);
    signal?.addEventListener("abort", abort);
    try {
      const progress = (told: string) => context?.progress?.(JSON.parse(told));
      const { result, error } = JSON.parse(await this.#client.request(number, method, JSON.stringify(params), progress));
      signal?.throwIfAborted();
      if (error) throw new Refusal(error.code, error.message, error.data);
      return result;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async answer(question: number, action: Action, content?: unknown) {
    return this.#client.answer(question, action, JSON.stringify(content ?? null));
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
