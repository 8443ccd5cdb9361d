// Built from widget-runtime by `cargo xtask runtime`.
// src/app/attempt.ts
var attempt = (what, otherwise) => {
  try {
    return what();
  } catch {
    return otherwise;
  }
};

// src/app/events.ts
var events = () => {
  const told = /* @__PURE__ */ new Map();
  const listeners = /* @__PURE__ */ new Set();
  const tell = (entry, value) => value?.then((value2) => listeners.has(entry) && entry[1](value2));
  return {
    on(event, listener) {
      const entry = [event, listener];
      listeners.add(entry);
      tell(entry, told.get(event));
      return () => void listeners.delete(entry);
    },
    emit(event, value) {
      const promise = Promise.resolve(value);
      told.set(event, promise);
      return Promise.all([...listeners].map((entry) => entry[0] === event && tell(entry, promise)));
    }
  };
};

// src/app/calls.ts
var aborted = () => new DOMException("cancelled", "AbortError");
var failure = (error) => Object.assign(Error(error.message), error);
var read = (raw) => {
  const text2 = (raw.content ?? []).flatMap((block) => block.type === "text" ? block.text : []).join("\n");
  const data = "structuredContent" in raw ? raw.structuredContent : attempt(() => JSON.parse(text2), text2);
  return { data, text: text2, isError: !!raw.isError, meta: raw._meta ?? {}, raw };
};
var byTasks = ({ ask }, taskId, _meta) => {
  const about = (method, more) => ask("tasks/" + method, { taskId, _meta, ...more });
  return [
    () => about("get"),
    (question, action, content) => about("update", { inputResponses: { [question]: { action, content } } }),
    () => about("cancel"),
    async (seen) => {
      const { error, result } = seen.error || seen.result ? seen : await about("get");
      if (error) throw failure(error);
      return result;
    }
  ];
};
var byTools = ({ ask }, task_id, tools) => {
  const call = (tool, more) => ask("tools/call", { name: tools[tool], arguments: { task_id, ...more } });
  return [
    async ({ mark }) => {
      const answer = await call("status", { wait_seconds: 5, seen: mark });
      const seen = answer._meta?.["run.pmcp/task" /* Task */];
      if (!seen) throw Error(read(answer).text);
      return seen;
    },
    (question, action, answer) => call("answer", { question, action, answer }),
    () => call("cancel"),
    () => call("result")
  ];
};
var follow = async ({ pending }, taskId, [look, reply, , result], seen, tell) => {
  const asked = /* @__PURE__ */ new Set();
  const put = (key, message, schema) => {
    if (asked.has(key)) return;
    asked.add(key);
    const answer = async (action, content) => {
      if ((await reply(key, action, content).catch(() => ({ isError: true })))?.isError) asked.delete(key);
      wake();
    };
    const question = {
      key,
      message,
      schema,
      answer: (content) => answer("accept", content),
      decline: () => answer("decline")
    };
    tell("question", question);
  };
  let wake;
  let hinted;
  const hint = () => hinted = new Promise((resolve) => wake = resolve);
  hint();
  let before;
  let failed = 0;
  pending.set(taskId, () => wake());
  for (; ; ) {
    const { status, statusMessage = seen.message, variables = seen._meta?.["run.pmcp/variables" /* Variables */] } = seen;
    const state = { taskId, status, statusMessage, variables };
    const now = JSON.stringify(state);
    if (now !== before) tell("task", state);
    before = now;
    if (/[tl]ed$/.test(status)) break;
    seen.questions?.map(({ question, message, schema }) => put(question, message, schema));
    for (const key in seen.inputRequests) {
      const { message, requestedSchema } = seen.inputRequests[key].params;
      put(key, message, requestedSchema);
    }
    setTimeout(wake, seen.pollIntervalMs ?? (status === "working" && !failed ? 200 : 1e3));
    await hinted;
    hint();
    try {
      seen = await look(seen);
      failed = 0;
    } catch (error) {
      if (error.code === -32602 /* InvalidParams */ || ++failed > 4) throw error;
    }
  }
  pending.delete(taskId);
  if (seen.status === "cancelled") throw aborted();
  return result(seen);
};
var callTool = (line, name, args) => {
  const { mcp, ask, notify } = line;
  const { on, emit } = events();
  const id = line.nextId();
  let isCancelled = false;
  let stop;
  let abort;
  const run = async () => {
    await mcp.ready;
    if (isCancelled) return {};
    stop = () => notify("notifications/cancelled", { requestId: id });
    const _meta = mcp.capabilities.experimental?.["io.modelcontextprotocol/tasks" /* Tasks */] ? { "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, extensions: { ["io.modelcontextprotocol/tasks" /* Tasks */]: {} } } } : { "run.pmcp/wait": 0 };
    const params = { name, arguments: args, _meta: { ..._meta, progressToken: id } };
    const answer = await ask("tools/call", params, id, (progress) => emit("progress", progress));
    stop = void 0;
    const handle = answer._meta?.["run.pmcp/task" /* Task */];
    const seen = answer.resultType === "task" ? answer : handle;
    if (!seen?.taskId) return answer;
    const way = seen === answer ? byTasks(line, seen.taskId, _meta) : byTools(line, seen.taskId, seen.tools);
    abort = way[2];
    if (isCancelled) abort();
    return follow(line, seen.taskId, way, seen, emit);
  };
  const promise = new Promise((resolve, reject) => {
    abort = () => reject(aborted());
    run().then((answer) => resolve(read(answer)), reject);
  });
  return Object.assign(promise, {
    on,
    cancel() {
      isCancelled = true;
      stop?.();
      abort();
    }
  });
};

// src/app/look.ts
var root = document.documentElement;
var fonts;
var dress = ({ theme, styles }) => {
  if (theme) root.style.colorScheme = root.dataset.theme = theme;
  for (const name in styles?.variables) root.style.setProperty(name, styles.variables[name] ?? null);
  if (styles?.css?.fonts) {
    fonts ??= document.head.appendChild(document.createElement("style"));
    fonts.textContent = styles.css.fonts;
  }
};
var measure = (report) => {
  let before;
  const observer = new ResizeObserver(() => {
    const { height } = root.style;
    root.style.height = "max-content";
    const now = Math.ceil(root.getBoundingClientRect().height);
    root.style.height = height;
    if (now !== before) report({ width: innerWidth, height: before = now });
  });
  observer.observe(root);
  const watch = () => observer.observe(document.body);
  if (document.body) watch();
  else addEventListener("DOMContentLoaded", watch);
};

// src/app/state.ts
var keep = (mcp, tell) => {
  let state;
  let save;
  Object.defineProperty(mcp, "state", {
    get: () => state,
    set(value) {
      state = value;
      save?.(value ?? null);
    }
  });
  return (view) => {
    const { openai } = window;
    const place = "run.pmcp/state" /* State */ + view;
    let found;
    if ("run.pmcp/state" /* State */ in mcp.context) {
      found = mcp.context["run.pmcp/state" /* State */];
      save = tell;
    } else if (openai) {
      found = openai.widgetState;
      save = (state2) => openai.setWidgetState(state2);
    } else if (view) {
      found = attempt(() => JSON.parse(localStorage[place]));
      save = (state2) => attempt(() => localStorage[place] = JSON.stringify(state2));
    }
    if (found != null) state = found;
    else if (state != null) save?.(state);
  };
};

// src/app/bridge.ts
var bridge = ({ modes, ...appInfo }, open, abilities, serve) => {
  const { on, emit } = events();
  const pending = /* @__PURE__ */ new Map();
  const prefix = crypto.getRandomValues(new Uint32Array(4));
  let count = 0;
  const receive = async ({ id, method, params = {}, error, result }) => {
    if (!method) {
      pending.get(id)?.({ error, result });
      pending.delete(id);
    } else if (id === void 0) hear(method, params);
    else if (method === "ui/resource-teardown") emit("teardown", params).finally(() => send({ id, result: {} }));
    else if (method === "ping") send({ id, result: {} });
    else send({ id, ...await serve?.(method, params) ?? { error: { code: -32601 /* UnknownMethod */, message: method } } });
  };
  const hear = (method, params) => {
    const name = method.replace(/^ui\/notifications\/tool-(input-)?/, "");
    let value = /tool-input/.test(method) ? params.arguments : params;
    if (name === "input") mcp.input = value;
    if (name === "result") find((mcp.result = value = read(params)).meta["run.pmcp/view" /* View */]);
    if (name === "ui/notifications/host-context-changed") {
      merge(params);
      if ("run.pmcp/state" /* State */ in params) find();
    }
    pending.get(params.progressToken ?? params.taskId)?.({ params });
    emit(name, value);
  };
  const merge = (changed = {}) => {
    mcp.context = { ...mcp.context, ...changed };
    dress(changed);
    emit("context", mcp.context);
  };
  const send = (message) => post({ jsonrpc: "2.0", ...message });
  const nextId = () => `${prefix}.${count++}`;
  const ask = (method, params, id = nextId(), progress) => new Promise((resolve, reject) => {
    pending.set(
      id,
      ({ error, result, params: params2 }) => params2 ? progress?.(params2) : error ? reject(failure(error)) : resolve(result)
    );
    send({ id, method, params });
  });
  const notify = (method, params) => void ready.then(() => send({ method, params }));
  const request = async (method, params) => {
    await ready;
    const answer = await ask(method, params);
    if (answer.isError) throw Error("refused");
    return answer;
  };
  const mcp = {
    capabilities: {},
    context: {},
    on,
    callTool: (name, args) => callTool({ mcp, nextId, ask, notify, pending }, name, args),
    readResource: (uri) => request("resources/read", { uri }),
    openLink: (url) => request("ui/open-link", { url }),
    sendMessage: (text2) => request("ui/message", { role: "user", content: [{ type: "text", text: text2 }] }),
    updateModelContext: (text2, structuredContent) => request("ui/update-model-context", { content: text2 ? [{ type: "text", text: text2 }] : void 0, structuredContent }),
    requestDisplayMode: async (mode) => {
      await ready;
      const { availableDisplayModes, displayMode } = mcp.context;
      return availableDisplayModes?.includes(mode) ? (await request("ui/request-display-mode", { mode })).mode : displayMode ?? "inline";
    },
    download: (uri, mimeType, text2) => request("ui/download-file", { contents: [{ type: "resource", resource: { uri, mimeType, text: text2 } }] }),
    log: (level, data) => notify("notifications/message", { level, data }),
    close: () => notify("ui/notifications/request-teardown", {})
  };
  const find = keep(mcp, (state) => notify("run.pmcp/state" /* State */, { state }));
  const post = open(({ id, method }) => !method && pending.has(id), receive);
  const ready = mcp.ready = ask("ui/initialize", {
    appInfo,
    appCapabilities: { availableDisplayModes: modes, ...abilities },
    protocolVersion: "2026-01-26" /* Version */
  }).then((answer) => {
    mcp.host = answer.hostInfo;
    mcp.capabilities = answer.hostCapabilities ?? {};
    merge(answer.hostContext);
    find();
    send({ method: "ui/notifications/initialized", params: {} });
    measure((size) => mcp.context.containerDimensions?.height ?? notify("ui/notifications/size-changed", size));
  });
  return mcp;
};

// src/app/parent.ts
var openParent = (target, isAnswer, receive) => {
  let origin;
  addEventListener("message", ({ data, origin: from, source }) => {
    if (source === target && data?.jsonrpc === "2.0" && (origin ? origin === from : isAnswer(data))) {
      origin = from;
      receive(data);
    }
  });
  return (message) => target.postMessage(JSON.parse(JSON.stringify(message)), origin && origin !== "null" ? origin : "*");
};

// src/app/module.ts
var PostMessageTransport = class {
  #target;
  constructor(target = parent) {
    this.#target = target;
  }
  open(isAnswer, receive) {
    return openParent(this.#target, isAnswer, receive);
  }
};
var App = class {
  /** The bridge: of widgets the global `mcp`. */
  mcp;
  #tools;
  #changed;
  constructor({ tools, ...options }, transport = new PostMessageTransport()) {
    this.#tools = new Map(Object.entries(tools ?? {}));
    let send;
    this.mcp = bridge(
      options,
      (isAnswer, receive) => send = transport.open(isAnswer, receive),
      tools && { tools: { listChanged: true } },
      (method, params) => tools ? this.#serve(method, params) : void 0
    );
    this.#changed = () => void this.mcp.ready.then(() => send({ jsonrpc: "2.0", method: "notifications/tools/list_changed" }));
  }
  /** Offers one more tool, and gives a function that takes it back. */
  offer(name, tool) {
    this.#tools.set(name, tool);
    this.#changed();
    return () => {
      if (this.#tools.get(name) !== tool) return;
      this.#tools.delete(name);
      this.#changed();
    };
  }
  #serve(method, params) {
    if (method === "tools/list") return Promise.resolve({ result: { tools: [...this.#tools].map(listed) } });
    if (method !== "tools/call") return void 0;
    const tool = this.#tools.get(params.name);
    if (!tool) return Promise.resolve({ error: { code: -32602 /* InvalidParams */, message: "unknown tool" } });
    return Promise.resolve(params.arguments ?? {}).then((args) => tool.run(args)).then(
      (value) => ({ result: resulting(value) }),
      (error) => ({ result: { content: [text(String(error?.message ?? error))], isError: true } })
    );
  }
};
var text = (text2) => ({ type: "text", text: text2 });
var listed = ([name, { run: _, inputSchema = { type: "object" }, ...more }]) => ({ name, inputSchema, ...more });
var resulting = (value) => {
  if (value === void 0) return { content: [] };
  if (typeof value === "string") return { content: [text(value)] };
  if (typeof value === "object" && value !== null && "content" in value) return value;
  const content = [text(JSON.stringify(value))];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { content, structuredContent: value } : { content };
};
export {
  App,
  PostMessageTransport
};
