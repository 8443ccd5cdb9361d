/** A page with the committed bridge in it, in a scripted window: its parent, its clock and its document are the test's. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const BRIDGE = readFileSync(join(import.meta.dirname, "../../pmcp-apps-bundle/src/bridge.js"), "utf8");

export const HOST = "https://host.example";

/** Lets everything happen that waits for nothing. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A style declaration, with what the bridge uses of it. */
class Style {
  [name: string]: unknown;
  readonly set = new Map<string, string>();
  setProperty(name: string, value: string | null) {
    if (value === null) this.set.delete(name);
    else this.set.set(name, value);
  }
}

interface Setup {
  options?: object;
  storage?: Record<string, string> | "forbidden";
  openai?: object;
  isParsed?: boolean;
  toParent?(message: any): void;
}

export class Page {
  /** Frames to the parent, and the origins they were meant for. */
  readonly sent: any[] = [];
  readonly targets: string[] = [];
  readonly mcp: Mcp<any, any>;
  readonly root = { style: new Style(), dataset: {} as Record<string, string>, getBoundingClientRect: () => ({ height: this.height }) };
  readonly styles: { textContent: string }[] = [];
  readonly observed: unknown[] = [];
  /** Height of the page if nothing stretches it. */
  height = 100;
  readonly errors: unknown[] = [];
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  #hearers: [string, (event: any) => void][] = [];
  #resized?: () => void;
  #toParent: ((message: any) => void) | undefined;
  #parent = { postMessage: (message: unknown, target: string) => this.#post(message, target) };
  #window: any;

  constructor({ options = { name: "board", version: "1", modes: ["inline"] }, storage = {}, openai, isParsed = true, toParent }: Setup = {}) {
    const page = this;
    this.#toParent = toParent;
    const body = {};
    // What a browser would report as unhandled is kept for the test, for whose runner it would be a failure.
    const report = <T>(promise: Promise<T>) => (promise.catch((error) => page.errors.push(error)), promise);
    this.#window = {
      Promise: class extends Promise<unknown> {
        static override all(promises: Iterable<unknown>): any {
          const all = report(Promise.all(promises));
          return Object.assign(all, { finally: (then: () => void) => report(Promise.prototype.finally.call(all, then)) });
        }
      },
      parent: this.#parent,
      crypto,
      DOMException,
      innerWidth: 320,
      openai,
      addEventListener: (event: string, hear: (event: any) => void) => this.#hearers.push([event, hear]),
      setTimeout: (run: () => void, delay: number) => this.#timers.push({ at: this.#now + delay, run }),
      document: {
        documentElement: this.root,
        body: isParsed ? body : null,
        head: { appendChild: (style: { textContent: string }) => (this.styles.push(style), style) },
        createElement: () => ({ textContent: "" }),
      },
      ResizeObserver: class {
        constructor(resized: () => void) {
          page.#resized = resized;
        }
        observe(element: unknown) {
          page.observed.push(element);
          page.#resized?.();
        }
      },
    };
    const kept: object = storage === "forbidden" ? { get: () => { throw Error("denied"); } } : { value: storage };
    Object.defineProperty(this.#window, "localStorage", kept);
    this.#window.window = this.#window;
    this.#window.globalThis = this.#window;
    new Function("window", "options", `with (window) { (${BRIDGE})(options); }`)(this.#window, options);
    this.mcp = this.#window.mcp;
  }

  #post(message: unknown, target: string) {
    this.sent.push(structuredClone(message));
    this.targets.push(target);
    this.#toParent?.(message);
  }

  /** A message arrives, of the parent unless it is said. */
  async deliver(message: object, { origin = HOST, source = this.#parent as unknown } = {}) {
    this.fire("message", { data: { jsonrpc: "2.0", ...message }, origin, source });
    await settle();
  }

  notify(method: string, params: object = {}) {
    return this.deliver({ method, params });
  }

  fire(event: string, value: object = {}) {
    for (const [name, hear] of this.#hearers) if (name === event) hear(value);
  }

  /** The body is there, after the bridge. */
  parse(body: object) {
    this.#window.document.body = body;
    this.fire("DOMContentLoaded");
  }

  resize(height: number) {
    this.height = height;
    this.#resized?.();
    return settle();
  }

  /** Frames of a method. */
  of(method: string) {
    return this.sent.filter((message) => message.method === method);
  }

  /** Answers the latest request of a method. */
  async answer(method: string, answer: { result: object } | { error: object }) {
    const { id } = this.of(method).at(-1);
    await this.deliver({ id, ...answer });
  }

  /** The host answers the first request. */
  async begin({ capabilities = {}, context = {} }: { capabilities?: object; context?: object } = {}) {
    const hostInfo = { name: "host", version: "2" };
    const result = { protocolVersion: "2026-01-26", hostInfo, hostCapabilities: capabilities, hostContext: context };
    await this.answer("ui/initialize", { result });
    return this;
  }

  /** Time passes. */
  async pass(milliseconds: number) {
    this.#now += milliseconds;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    due.forEach(({ run }) => run());
    await settle();
  }

  /** Hears an event, into a list. */
  hear(event: string): any[] {
    const heard: any[] = [];
    this.mcp.on(event as any, (value) => heard.push(value));
    return heard;
  }
}
