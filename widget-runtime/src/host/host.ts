/** The host's half: what a view may ask, what it is told, and when. */

import { Code, Name, type Message } from "../message";
import { Refusal, type Backend, type Page } from "./backend";
import type { Channel } from "./channel";
import { Bucket, isId, LIMITS, written, type Limits } from "./limits";

export interface Options {
  info: { name: string; version: string };
  capabilities: HostCapabilities;
  context: HostContext;
  backend: Backend;
  page: Page;
  /** Tells whether a view of this server may call the tool. */
  allows(tool: string): boolean;
  limits?: Partial<Limits>;
  /** Sees every message: between view and host, and between host and server. */
  observe?(from: Party, to: Party, message: Message): void;
  now?(): number;
}

export type Party = "view" | "host" | "server";

const UI = "ui/notifications/";
/** Requests that go to the server, with the ability a host announces for them. */
const PASSED = new Map<string, (capabilities: HostCapabilities) => unknown>([
  ["tools/call", (host) => host.serverTools],
  ["resources/read", (host) => host.serverResources],
  ["resources/list", (host) => host.serverResources],
  ["resources/templates/list", (host) => host.serverResources],
  ["prompts/list", (host) => host.serverResources],
  ["tasks/get", (host) => host.experimental?.[Name.Tasks]],
  ["tasks/update", (host) => host.experimental?.[Name.Tasks]],
  ["tasks/cancel", (host) => host.experimental?.[Name.Tasks]],
]);

/** A host of one view. */
export class ViewHost {
  readonly #options: Options;
  readonly #limits: Limits;
  readonly #bucket: Bucket;
  /** Messages over the limit that are borne, which are forgotten slowly. */
  readonly #patience: Bucket;
  readonly #channel: Channel;
  /** Requests of the view under way. */
  readonly #serving = new Map<string | number, AbortController>();
  /** Requests to the view. */
  readonly #asking = new Map<string, (answer: Message) => void>();
  #context: HostContext;
  #app: { modes?: DisplayMode[]; info?: any } | undefined;
  #isReady = false;
  #isClosed = false;
  #hasInput = false;
  #queue: Message[] = [];
  #count = 0;

  constructor(channel: Channel, options: Options) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
    const { burst, rate, patience } = this.#limits;
    this.#bucket = new Bucket(burst, rate, options.now);
    this.#patience = new Bucket(patience - 1, rate / 10, options.now);
    this.#context = options.context;
    this.#channel = channel;
    channel.receive((message) => this.#receive(message));
  }

  /** The context as the view knows it, with the state it keeps. */
  get context(): HostContext {
    return this.#context;
  }

  /** Tells the arguments of the call, while they are being written. */
  partial(input: object) {
    if (!this.#hasInput) this.notify(`${UI}tool-input-partial`, { arguments: input });
  }

  /** Tells the arguments of the call: once. */
  input(input: object) {
    if (this.#hasInput) throw Error("the input was told before");
    this.#hasInput = true;
    this.notify(`${UI}tool-input`, { arguments: input });
  }

  /** Tells the result of the call, after its input. */
  result(result: ToolResult) {
    if (!this.#hasInput) throw Error("the input comes first");
    this.notify(`${UI}tool-result`, result);
  }

  cancelled(reason?: string) {
    this.notify(`${UI}tool-cancelled`, reason === undefined ? {} : { reason });
  }

  /** Changes parts of the context. */
  change(changed: HostContext) {
    this.#context = { ...this.#context, ...changed };
    // Before that, the answer to the first request has it.
    if (this.#app) this.notify(`${UI}host-context-changed`, changed);
  }

  /** Notifies the view, as soon as it is ready. */
  notify(method: string, params: object) {
    const message: Message = { jsonrpc: "2.0", method, params };
    if (this.#isReady) this.#post(message);
    else this.#queue.push(message);
  }

  /** Asks the view: for teardown, or for a tool that it offers. */
  async request(method: string, params: object, within = 10_000): Promise<any> {
    if (!this.#isReady) throw new Refusal(Code.Refused, "the view is not ready");
    const id = `host.${this.#count++}`;
    const answer = await new Promise<Message | undefined>((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#asking.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#post({ jsonrpc: "2.0", id, method, params });
    });
    this.#asking.delete(id);
    if (!answer) throw new Refusal(Code.Refused, "the view does not answer");
    if (answer.error) throw new Refusal(answer.error.code, answer.error.message, answer.error.data);
    return answer.result;
  }

  /** Lets the view save what it has, for so long, and ends. Tells whether it answered. */
  async teardown(reason?: string, within = 300): Promise<boolean> {
    const asked = this.#isReady && !this.#isClosed && this.request("ui/resource-teardown", reason === undefined ? {} : { reason }, within);
    const answered = asked && (await asked.then(() => true, () => false));
    this.close();
    return answered;
  }

  /** Ends at once. */
  close() {
    this.#isClosed = true;
    this.#channel.close();
    for (const serving of this.#serving.values()) serving.abort();
  }

  #post(message: Message) {
    if (this.#isClosed) return;
    this.#options.observe?.("host", "view", message);
    this.#channel.post(message);
  }

  #receive(given: Message) {
    if (this.#isClosed) return;
    const refusal = this.#busy(given);
    // What is kept is the JSON of it: whatever else a window can send is nobody's to keep.
    const text = refusal ? undefined : written(given, this.#limits.size);
    if (text === undefined) {
      const { id, method } = given;
      if (method !== undefined && isId(id)) this.#refuse(id, refusal ?? new Refusal(Code.Refused, "the message is too large, or no JSON"));
      return;
    }
    const message = JSON.parse(text) as Message;
    const { id, method } = message;
    if (!isWellFormed(message)) {
      if (method !== undefined && id !== undefined) this.#refuse(id, new Refusal(Code.InvalidRequest, "the message is malformed"));
      return;
    }
    this.#options.observe?.("view", "host", message);
    const params = message.params ?? {};
    if (method === undefined) this.#asking.get(String(id))?.(message);
    else if (id === undefined) this.#hear(method, params);
    else void this.#serve(id, method, params);
  }

  /** Reason not to look at the message at all. */
  #busy({ id, method }: Message): Refusal | undefined {
    if (!this.#bucket.take()) {
      if (!this.#patience.take()) {
        this.close();
        this.#options.page.flooded?.();
      }
      return new Refusal(Code.Refused, "too many messages");
    }
    const isRequest = method !== undefined && id !== undefined;
    return isRequest && this.#serving.size >= this.#limits.pending ? new Refusal(Code.Refused, "too many requests at a time") : undefined;
  }

  #refuse(id: string | number, { code, message, data }: Refusal) {
    this.#post({ jsonrpc: "2.0", id, error: data === undefined ? { code, message } : { code, message, data } });
  }

  #hear(method: string, params: any) {
    const { page, capabilities } = this.#options;
    switch (method) {
      case `${UI}initialized`:
        if (!this.#app || this.#isReady) return;
        this.#isReady = true;
        page.initialized?.(this.#app.info);
        this.#queue.splice(0).forEach((message) => this.#post(message));
        return;
      case `${UI}size-changed`:
        return this.#resize(params);
      case `${UI}request-teardown`:
        return page.close?.();
      case "notifications/message":
        return capabilities.logging && page.log?.(params);
      case "notifications/cancelled":
        return this.#serving.get(params.requestId)?.abort();
      case Name.State:
        if (Name.State in this.#context && JSON.stringify(params.state ?? null).length <= this.#limits.state) {
          this.#context = { ...this.#context, [Name.State]: params.state ?? null };
          page.state?.(params.state ?? null);
        }
    }
  }

  #resize({ width, height }: { width?: unknown; height?: unknown }) {
    const { containerDimensions: limits = {} } = this.#context;
    const part = (asked: unknown, fixed?: number, most = Infinity) =>
      fixed === undefined && typeof asked === "number" && asked >= 0 ? Math.min(asked, most) : undefined;
    const size = {
      width: part(width, limits.width, limits.maxWidth),
      height: part(height, limits.height, limits.maxHeight),
    };
    if (size.width !== undefined || size.height !== undefined) this.#options.page.size?.(size);
  }

  async #serve(id: string | number, method: string, params: any) {
    if (this.#serving.has(id)) return this.#refuse(id, new Refusal(Code.InvalidRequest, "the id is in use"));
    const serving = new AbortController();
    this.#serving.set(id, serving);
    const settled = await this.#answer(method, params, serving.signal).then(
      (result) => ({ result }),
      (error) => ({ error: error instanceof Refusal ? error : new Refusal(Code.Internal, "internal error") }),
    );
    this.#serving.delete(id);
    // Whoever has cancelled waits for nothing.
    if (serving.signal.aborted) return;
    if ("error" in settled) this.#refuse(id, settled.error);
    else this.#post({ jsonrpc: "2.0", id, result: settled.result });
  }

  async #answer(method: string, params: any, signal: AbortSignal): Promise<object> {
    const { page, capabilities } = this.#options;
    const unknown = () => new Refusal(Code.UnknownMethod, `the host does not know \`${method}\``);
    const ask = async (run: unknown) => {
      if (typeof run !== "function") throw unknown();
      await run();
      return {};
    };
    if (method === "ping") return {};
    if (method === "ui/initialize") return this.#initialize(params);
    if (!this.#app) throw new Refusal(Code.InvalidRequest, "`ui/initialize` comes first");
    switch (method) {
      case "ui/open-link":
        if (!isWebPage(params.url)) throw new Refusal(Code.InvalidParams, "`url` is no page of the web");
        return ask(capabilities.openLinks && page.openLink && (() => page.openLink?.(params.url)));
      case "ui/message":
        return ask(capabilities.message && page.message && (() => page.message?.(params)));
      case "ui/update-model-context":
        return ask(capabilities.updateModelContext && page.modelContext && (() => page.modelContext?.(params)));
      case "ui/download-file":
        return ask(capabilities.downloadFile && page.download && (() => page.download?.(params.contents)));
      case "ui/request-display-mode":
        return { mode: await this.#place(params.mode) };
    }
    if (!PASSED.get(method)?.(capabilities)) throw unknown();
    if (method === "tools/call" && !this.#options.allows(params.name)) {
      throw new Refusal(Code.InvalidParams, "the view may not call this tool");
    }
    return this.#pass(method, params, signal);
  }

  #initialize({ appInfo, appCapabilities }: any): object {
    if (this.#app) throw new Refusal(Code.InvalidRequest, "the view is initialized");
    this.#app = { modes: appCapabilities?.availableDisplayModes, info: appInfo };
    const { info, capabilities } = this.#options;
    return { protocolVersion: Name.Version, hostInfo: info, hostCapabilities: capabilities, hostContext: this.#context };
  }

  async #place(mode: DisplayMode): Promise<DisplayMode> {
    const { availableDisplayModes, displayMode: before = "inline" } = this.#context;
    const isKnown = availableDisplayModes?.includes(mode) && (this.#app?.modes?.includes(mode) ?? true);
    if (mode === before || !isKnown) return before;
    const displayMode = (await this.#options.page.displayMode?.(mode)) ?? before;
    if (displayMode !== before) this.change({ displayMode });
    return displayMode;
  }

  /** Passes a request on to the server. */
  async #pass(method: string, params: any, signal: AbortSignal): Promise<object> {
    const { backend, observe } = this.#options;
    const id = this.#count++;
    const token = params._meta?.progressToken;
    const progress = (progress: Progress) => {
      observe?.("server", "host", { jsonrpc: "2.0", method: "notifications/progress", params: { ...progress, progressToken: id } });
      if (token !== undefined && !signal.aborted) this.notify("notifications/progress", { ...progress, progressToken: token });
    };
    observe?.("host", "server", { jsonrpc: "2.0", id, method, params });
    try {
      const result = await backend.request(method, params, { signal, progress });
      observe?.("server", "host", { jsonrpc: "2.0", id, result });
      return result;
    } catch (error) {
      const { code, message, data } = error instanceof Refusal ? error : new Refusal(Code.Internal, "internal error");
      observe?.("server", "host", { jsonrpc: "2.0", id, error: { code, message, data } });
      throw error;
    }
  }
}

const isWellFormed = ({ id, method, params }: Message) =>
  ["string", "number", "undefined"].includes(typeof id) &&
  ["string", "undefined"].includes(typeof method) &&
  (params === undefined || (typeof params === "object" && params !== null && !Array.isArray(params)));

const isWebPage = (url: unknown) =>
  typeof url === "string" && URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
