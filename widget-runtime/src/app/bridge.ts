/** The bridge: the life of a view, and what it may ask of its host. */

import { callTool, failure, read, type Line } from "./calls";
import { events } from "./events";
import { dress, measure } from "./look";
import { Code, Name, type Message } from "../message";
import { keep } from "./state";

export interface Options {
  name: string;
  version: string;
  modes?: DisplayMode[];
}

/** The way to the host, given the test of its first message and what takes all of them. */
export type Open = (
  isAnswer: (message: Message) => boolean,
  receive: (message: Message) => void,
) => (message: Message) => void;

/** Answers to requests of the host, if it is asked what the bridge does not know. */
export type Serve = (method: string, params: any) => Promise<Partial<Message>> | undefined;

export const bridge = ({ modes, ...appInfo }: Options, open: Open, abilities?: object, serve?: Serve): Mcp => {
  const { on, emit } = events();
  const pending: Line["pending"] = new Map();
  // Only the parent sees the first id, so that only the parent can answer it.
  const prefix = crypto.getRandomValues(new Uint32Array(4));
  let count = 0;

  const receive = async ({ id, method, params = {}, error, result }: Message) => {
    if (!method) {
      pending.get(id)?.({ error, result });
      pending.delete(id);
    } else if (id === undefined) hear(method, params);
    else if (method === "ui/resource-teardown") emit("teardown", params).finally(() => send({ id, result: {} }));
    else if (method === "ping") send({ id, result: {} });
    else send({ id, ...((await serve?.(method, params)) ?? { error: { code: Code.UnknownMethod, message: method } }) });
  };
  const hear = (method: string, params: any) => {
    const name = method.replace(/^ui\/notifications\/tool-(input-)?/, "");
    let value = /tool-input/.test(method) ? params.arguments : params;
    if (name === "input") mcp.input = value;
    if (name === "result") find((mcp.result = value = read(params)).meta[Name.View]);
    if (name === "ui/notifications/host-context-changed") {
      merge(params);
      if (Name.State in params) find();
    }
    pending.get(params.progressToken ?? params.taskId)?.({ params });
    emit(name, value);
  };
  const merge = (changed: HostContext = {}) => {
    mcp.context = { ...mcp.context, ...changed };
    dress(changed);
    emit("context", mcp.context);
  };

  const send = (message: Partial<Message>) => post({ jsonrpc: "2.0", ...message });
  const nextId = () => `${prefix}.${count++}`;
  const ask: Line["ask"] = (method, params, id = nextId(), progress) =>
    new Promise((resolve, reject) => {
      pending.set(id, ({ error, result, params }) =>
        params ? progress?.(params) : error ? reject(failure(error)) : resolve(result),
      );
      send({ id, method, params });
    });
  const notify = (method: string, params: object) => void ready.then(() => send({ method, params }));
  const request = async (method: string, params: object) => {
    await ready;
    const answer = await ask(method, params);
    // Hosts refuse what is theirs in a result.
    if (answer.isError) throw Error("refused");
    return answer;
  };

  const mcp: { -readonly [K in keyof Mcp]: Mcp[K] } = {
    capabilities: {},
    context: {},
    on: on as Mcp["on"],
    callTool: (name, args) => callTool({ mcp, nextId, ask, notify, pending }, name, args),
    readResource: (uri) => request("resources/read", { uri }),
    openLink: (url) => request("ui/open-link", { url }),
    sendMessage: (text) => request("ui/message", { role: "user", content: [{ type: "text", text }] }),
    updateModelContext: (text, structuredContent) =>
      request("ui/update-model-context", { content: text ? [{ type: "text", text }] : undefined, structuredContent }),
    requestDisplayMode: async (mode) => {
      await ready;
      const { availableDisplayModes, displayMode } = mcp.context;
      return availableDisplayModes?.includes(mode)
        ? (await request("ui/request-display-mode", { mode })).mode
        : (displayMode ?? "inline");
    },
    download: (uri, mimeType, text) =>
      request("ui/download-file", { contents: [{ type: "resource", resource: { uri, mimeType, text } }] }),
    log: (level, data) => notify("notifications/message", { level, data }),
    close: () => notify("ui/notifications/request-teardown", {}),
  } as Mcp;
  const find = keep(mcp, (state) => notify(Name.State, { state }));
  const post = open(({ id, method }) => !method && pending.has(id), receive);
  const ready = (mcp.ready = ask("ui/initialize", {
    appInfo,
    appCapabilities: { availableDisplayModes: modes, ...abilities },
    protocolVersion: Name.Version,
  }).then((answer) => {
    mcp.host = answer.hostInfo;
    mcp.capabilities = answer.hostCapabilities ?? {};
    merge(answer.hostContext);
    find();
    send({ method: "ui/notifications/initialized", params: {} });
    measure((size) => mcp.context.containerDimensions?.height ?? notify("ui/notifications/size-changed", size));
  }));
  return mcp;
};
