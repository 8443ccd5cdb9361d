/** A view at the other end of a host, scripted by a test. */

import { settle } from "./page.ts";
import type { Channel, Options, ViewHost as Host } from "../src/host/index.ts";
import { ViewHost } from "./assets.ts";

/** Keeps what the page is asked. */
export const page = () => {
  const asked: [string, unknown][] = [];
  const keep = (what: string) => (params?: unknown) => void asked.push([what, params]);
  const methods = ["openLink", "message", "modelContext", "download", "log", "size", "state", "close", "initialized", "flooded"];
  return { asked, ...Object.fromEntries(methods.map((method) => [method, keep(method)])), displayMode: (mode: DisplayMode) => mode };
};

const ALL = {
  openLinks: {},
  downloadFile: {},
  serverTools: {},
  serverResources: {},
  logging: {},
  message: { text: {} },
  updateModelContext: { text: {} },
};

export class View {
  /** Messages of the host. */
  readonly heard: any[] = [];
  readonly observed: any[] = [];
  readonly host: Host;
  isOpen = true;
  #take: (message: any) => void = () => {};
  #count = 0;

  constructor(options: Partial<Options> = {}) {
    const channel: Channel = {
      post: (message) => this.heard.push(structuredClone(message)),
      receive: (take) => (this.#take = take),
      close: () => (this.isOpen = false),
    };
    this.host = new ViewHost(channel, {
      info: { name: "ours", version: "1" },
      capabilities: ALL,
      context: {},
      allows: () => true,
      backend: { request: async () => ({}) },
      page: page(),
      observe: (from, to, message) => this.observed.push({ from, to, message }),
      now: () => 0,
      ...options,
    });
  }

  static async ready(options: Partial<Options> = {}, capabilities: object = {}): Promise<View> {
    const view = new View(options);
    await view.ask("ui/initialize", { appInfo: { name: "board", version: "1" }, appCapabilities: capabilities, protocolVersion: "2026-01-26" });
    await view.tell("ui/notifications/initialized");
    return view;
  }

  async send(message: object) {
    this.#take({ jsonrpc: "2.0", ...message });
    await settle();
  }

  tell(method: string, params?: object) {
    return this.send({ method, params });
  }

  /** Asks, and gives the answer if there is one by now. */
  async ask(method: string, params?: object): Promise<any> {
    const id = `v${this.#count++}`;
    await this.send({ id, method, params });
    return this.heard.find((message) => message.id === id && message.method === undefined);
  }

  of(method: string) {
    return this.heard.filter((message) => message.method === method).map(({ params }) => params);
  }
}
