/** The bridge as a module, for those who bundle: `App`, its transport, and tools that a view offers. */

import { Code, type Message } from "../message";
import { bridge } from "./bridge";
import { openParent } from "./parent";

/** A message of JSON-RPC. */
export interface Frame {
  jsonrpc: "2.0";
  id?: string | number;
  method?: string;
  params?: any;
  result?: any;
  error?: { code: number; message: string; data?: unknown };
}

/** A way to a host. */
export interface Transport {
  /**
   * Opens the way: `receive` takes what the host says, and nothing before a first frame that `isAnswer` accepts. Gives what sends.
   */
  open(isAnswer: (frame: Frame) => boolean, receive: (frame: Frame) => void): (frame: Frame) => void;
}

/** The way to a window: the parent, unless another is given. Its origin is the one that it answers from first. */
export class PostMessageTransport implements Transport {
  readonly #target: Window;

  constructor(target: Window = parent) {
    this.#target = target;
  }

  open(isAnswer: (frame: Frame) => boolean, receive: (frame: Frame) => void): (frame: Frame) => void {
    return openParent(this.#target, isAnswer, receive);
  }
}

/** A tool that a view offers to its host. */
export interface ViewTool {
  title?: string;
  description?: string;
  /** The JSON Schema of its arguments. Default: any object. */
  inputSchema?: object;
  outputSchema?: object;
  annotations?: object;
  /** Gives a text, a value that becomes structured content, or a whole result. What it throws is told to the host as a failure. */
  run(args: any): unknown;
}

export interface AppOptions {
  name: string;
  version: string;
  /** Places the view can be shown in. */
  modes?: DisplayMode[];
  /** Tools to offer. Even an empty object announces that there will be some. */
  tools?: Record<string, ViewTool>;
}

/** A view, connected to its host from the start. */
export class App<T extends { [N in keyof T]: AnyTool } = AnyTools, Own extends keyof T = keyof T> {
  /** The bridge: of widgets the global `mcp`. */
  readonly mcp: Mcp<T, Own>;
  readonly #tools: Map<string, ViewTool>;
  readonly #changed: () => void;

  constructor({ tools, ...options }: AppOptions, transport: Transport = new PostMessageTransport()) {
    this.#tools = new Map(Object.entries(tools ?? {}));
    let send: (frame: Frame) => void;
    this.mcp = bridge(
      options,
      (isAnswer, receive) => (send = transport.open(isAnswer, receive)),
      tools && { tools: { listChanged: true } },
      (method, params) => (tools ? this.#serve(method, params) : undefined),
    ) as Mcp<T, Own>;
    this.#changed = () => void this.mcp.ready.then(() => send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" }));
  }

  /** Offers one more tool, and gives a function that takes it back. */
  offer(name: string, tool: ViewTool): () => void {
    this.#tools.set(name, tool);
    this.#changed();
    return () => {
      if (this.#tools.get(name) !== tool) return;
      this.#tools.delete(name);
      this.#changed();
    };
  }

  #serve(method: string, params: any): Promise<Partial<Message>> | undefined {
    if (method === "tools/list") return Promise.resolve({ result: { tools: [...this.#tools].map(listed) } });
    if (method !== "tools/call") return undefined;
    const tool = this.#tools.get(params.name);
    if (!tool) return Promise.resolve({ error: { code: Code.InvalidParams, message: "unknown tool" } });
    return Promise.resolve(params.arguments ?? {})
      .then((args) => tool.run(args))
      .then(
        (value) => ({ result: resulting(value) }),
        (error) => ({ result: { content: [text(String(error?.message ?? error))], isError: true } }),
      );
  }
}

const text = (text: string) => ({ type: "text", text });

const listed = ([name, { run: _, inputSchema = { type: "object" }, ...more }]: [string, ViewTool]) => ({ name, inputSchema, ...more });

const resulting = (value: unknown): object => {
  if (value === undefined) return { content: [] };
  if (typeof value === "string") return { content: [text(value)] };
  if (typeof value === "object" && value !== null && "content" in value) return value;
  const content = [text(JSON.stringify(value))];
  // Structured content is an object.
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { content, structuredContent: value } : { content };
};
