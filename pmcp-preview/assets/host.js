// Built from widget-runtime by `cargo xtask runtime`.
// src/host/backend.ts
var Refusal = class extends Error {
  code;
  data;
  constructor(code, message, data) {
    super(message);
    this.code = code;
    this.data = data;
  }
};

// ../pmcp-preview/src/policy.json
var policy_default = {
  source: "^(?:https?|wss?)://(?:\\*\\.)?[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9_./~-]*)?$",
  directives: [
    { name: "default-src", always: ["'none'"] },
    { name: "script-src", always: ["'self'", "'unsafe-inline'"], declared: "resource" },
    { name: "style-src", always: ["'self'", "'unsafe-inline'"], declared: "resource" },
    { name: "img-src", always: ["'self'", "data:"], declared: "resource" },
    { name: "media-src", always: ["'self'", "data:"], declared: "resource" },
    { name: "font-src", always: ["'self'"], declared: "resource" },
    { name: "connect-src", always: [], declared: "connect", otherwise: "'none'" },
    { name: "frame-src", always: [], declared: "frame", otherwise: "'none'" },
    { name: "base-uri", always: [], declared: "baseUri", otherwise: "'self'" },
    { name: "object-src", always: ["'none'"] },
    { name: "form-action", always: ["'none'"] }
  ],
  features: {
    camera: "camera",
    microphone: "microphone",
    geolocation: "geolocation",
    clipboardWrite: "clipboard-write"
  }
};

// src/host/policy.ts
var LISTS = {
  resource: "resourceDomains",
  connect: "connectDomains",
  frame: "frameDomains",
  baseUri: "baseUriDomains"
};
var SOURCE = new RegExp(policy_default.source, "i");
var sources = (domains) => Array.isArray(domains) ? domains.filter((domain) => typeof domain === "string" && SOURCE.test(domain)) : [];
var policy = (csp = {}) => policy_default.directives.map(({ name, always, declared, otherwise }) => {
  const all = [...always, ...declared ? sources(csp[LISTS[declared]]) : []];
  return [name, ...all.length || !otherwise ? all : [otherwise]].join(" ");
}).join("; ");
var under = (policy2, html) => `<meta http-equiv="Content-Security-Policy" content="${policy2}">${html}`;
var FEATURES = policy_default.features;
var allowed = (permissions = {}) => Object.entries(permissions).flatMap(([permission, asked]) => asked && typeof asked === "object" && Object.hasOwn(FEATURES, permission) ? FEATURES[permission] : []).join("; ");
var GIVEN = ["allow-scripts", "allow-forms"];
var ADDED = ["allow-modals", "allow-downloads"];
var tokens = (asked, hasOrigin) => {
  const more = String(asked ?? "").split(/\s+/);
  return [...GIVEN, ...ADDED.filter((token) => more.includes(token)), ...hasOrigin ? ["allow-same-origin"] : []];
};

// src/host/channel.ts
var openWindow = (target, origin) => {
  let take = () => {
  };
  const hear = ({ data, origin: from, source }) => {
    if (source === target && from === origin && data?.jsonrpc === "2.0") take(data);
  };
  addEventListener("message", hear);
  return {
    post: (message) => target.postMessage(message, origin === "null" ? "*" : origin),
    receive: (next) => void (take = next),
    close: () => removeEventListener("message", hear)
  };
};
var SANDBOX = "ui/notifications/sandbox-";
var openProxy = async (into, proxy, document, within = 1e4) => {
  const { url, html = "", ...declared } = document;
  const frame = globalThis.document.createElement("iframe");
  frame.title = "view";
  frame.setAttribute("sandbox", tokens(declared.sandbox, true).join(" "));
  frame.allow = allowed(declared.permissions);
  frame.src = url === void 0 ? proxy.href : `${proxy.href}#${encodeURIComponent(url)}`;
  into.append(frame);
  const target = frame.contentWindow;
  if (!target) throw Error("the frame is in no document");
  const channel = openWindow(target, proxy.origin);
  const close = () => {
    channel.close();
    frame.remove();
  };
  const ready = async () => {
    const isThere = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), within);
      channel.receive(({ method }) => {
        if (method !== `${SANDBOX}proxy-ready`) return;
        clearTimeout(timer);
        resolve(true);
      });
    });
    if (!isThere) {
      close();
      throw Error("the sandbox proxy does not answer");
    }
    channel.receive(() => {
    });
  };
  await ready();
  channel.post({ jsonrpc: "2.0", method: `${SANDBOX}resource-ready`, params: { html, ...declared } });
  const again = () => {
    channel.post({ jsonrpc: "2.0", method: `${SANDBOX}resource-changed`, params: {} });
    return ready();
  };
  return { ...channel, close, frame, again };
};

// src/host/limits.ts
var Bucket = class {
  #burst;
  #rate;
  #now;
  #left;
  #at;
  constructor(burst, rate, now = () => performance.now()) {
    this.#burst = this.#left = burst;
    this.#rate = rate;
    this.#now = now;
    this.#at = now();
  }
  /** Takes one, if there is one. */
  take() {
    const now = this.#now();
    this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / 1e3 * this.#rate);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
};
var LIMITS = { burst: 500, rate: 100, patience: 400, pending: 64, size: 4 << 20, state: 256 << 10 };
var isPlain = (part) => typeof part !== "object" || part === null || Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype;
var written = (value, most) => {
  let left = most;
  try {
    const text = JSON.stringify(value, function(name, part) {
      left -= (Array.isArray(this) ? 1 : name.length) + (typeof part === "string" ? part.length : 0);
      if (left < 0 || !isPlain(part)) throw Error("too large, or no JSON");
      return part;
    });
    return text !== void 0 && text.length <= most ? text : void 0;
  } catch {
    return void 0;
  }
};
var isId = (id) => typeof id === "number" || typeof id === "string" && id.length <= 1e3;

// src/host/host.ts
var UI = "ui/notifications/";
var PASSED = /* @__PURE__ */ new Map([
  ["tools/call", (host) => host.serverTools],
  ["resources/read", (host) => host.serverResources],
  ["resources/list", (host) => host.serverResources],
  ["resources/templates/list", (host) => host.serverResources],
  ["prompts/list", (host) => host.serverResources],
  ["tasks/get", (host) => host.experimental?.["io.modelcontextprotocol/tasks" /* Tasks */]],
  ["tasks/update", (host) => host.experimental?.["io.modelcontextprotocol/tasks" /* Tasks */]],
  ["tasks/cancel", (host) => host.experimental?.["io.modelcontextprotocol/tasks" /* Tasks */]]
]);
var ViewHost = class {
  #options;
  #limits;
  #bucket;
  /** Messages over the limit that are borne, which are forgotten slowly. */
  #patience;
  #channel;
  /** Requests of the view under way. */
  #serving = /* @__PURE__ */ new Map();
  /** Requests to the view. */
  #asking = /* @__PURE__ */ new Map();
  #context;
  #app;
  #isReady = false;
  #isClosed = false;
  #hasInput = false;
  #queue = [];
  #count = 0;
  constructor(channel, options) {
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
  get context() {
    return this.#context;
  }
  /** Tells the arguments of the call, while they are being written. */
  partial(input) {
    if (!this.#hasInput) this.notify(`${UI}tool-input-partial`, { arguments: input });
  }
  /** Tells the arguments of the call: once. */
  input(input) {
    if (this.#hasInput) throw Error("the input was told before");
    this.#hasInput = true;
    this.notify(`${UI}tool-input`, { arguments: input });
  }
  /** Tells the result of the call, after its input. */
  result(result) {
    if (!this.#hasInput) throw Error("the input comes first");
    this.notify(`${UI}tool-result`, result);
  }
  cancelled(reason) {
    this.notify(`${UI}tool-cancelled`, reason === void 0 ? {} : { reason });
  }
  /** Changes parts of the context. */
  change(changed) {
    this.#context = { ...this.#context, ...changed };
    if (this.#app) this.notify(`${UI}host-context-changed`, changed);
  }
  /** Notifies the view, as soon as it is ready. */
  notify(method, params) {
    const message = { jsonrpc: "2.0", method, params };
    if (this.#isReady) this.#post(message);
    else this.#queue.push(message);
  }
  /** Asks the view: for teardown, or for a tool that it offers. */
  async request(method, params, within = 1e4) {
    if (!this.#isReady) throw new Refusal(-32e3 /* Refused */, "the view is not ready");
    const id = `host.${this.#count++}`;
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#asking.set(id, (answer2) => {
        clearTimeout(timer);
        resolve(answer2);
      });
      this.#post({ jsonrpc: "2.0", id, method, params });
    });
    this.#asking.delete(id);
    if (!answer) throw new Refusal(-32e3 /* Refused */, "the view does not answer");
    if (answer.error) throw new Refusal(answer.error.code, answer.error.message, answer.error.data);
    return answer.result;
  }
  /** Lets the view save what it has, for so long, and ends. Tells whether it answered. */
  async teardown(reason, within = 300) {
    const asked = this.#isReady && !this.#isClosed && this.request("ui/resource-teardown", reason === void 0 ? {} : { reason }, within);
    const answered = asked && await asked.then(() => true, () => false);
    this.close();
    return answered;
  }
  /** Ends at once. */
  close() {
    this.#isClosed = true;
    this.#channel.close();
    for (const serving of this.#serving.values()) serving.abort();
  }
  #post(message) {
    if (this.#isClosed) return;
    this.#options.observe?.("host", "view", message);
    this.#channel.post(message);
  }
  #receive(given) {
    if (this.#isClosed) return;
    const refusal = this.#busy(given);
    const text = refusal ? void 0 : written(given, this.#limits.size);
    if (text === void 0) {
      const { id: id2, method: method2 } = given;
      if (method2 !== void 0 && isId(id2)) this.#refuse(id2, refusal ?? new Refusal(-32e3 /* Refused */, "the message is too large, or no JSON"));
      return;
    }
    const message = JSON.parse(text);
    const { id, method } = message;
    if (!isWellFormed(message)) {
      if (method !== void 0 && id !== void 0) this.#refuse(id, new Refusal(-32600 /* InvalidRequest */, "the message is malformed"));
      return;
    }
    this.#options.observe?.("view", "host", message);
    const params = message.params ?? {};
    if (method === void 0) this.#asking.get(String(id))?.(message);
    else if (id === void 0) this.#hear(method, params);
    else void this.#serve(id, method, params);
  }
  /** Reason not to look at the message at all. */
  #busy({ id, method }) {
    if (!this.#bucket.take()) {
      if (!this.#patience.take()) {
        this.close();
        this.#options.page.flooded?.();
      }
      return new Refusal(-32e3 /* Refused */, "too many messages");
    }
    const isRequest = method !== void 0 && id !== void 0;
    return isRequest && this.#serving.size >= this.#limits.pending ? new Refusal(-32e3 /* Refused */, "too many requests at a time") : void 0;
  }
  #refuse(id, { code, message, data }) {
    this.#post({ jsonrpc: "2.0", id, error: data === void 0 ? { code, message } : { code, message, data } });
  }
  #hear(method, params) {
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
      case "run.pmcp/state" /* State */:
        if ("run.pmcp/state" /* State */ in this.#context && JSON.stringify(params.state ?? null).length <= this.#limits.state) {
          this.#context = { ...this.#context, ["run.pmcp/state" /* State */]: params.state ?? null };
          page.state?.(params.state ?? null);
        }
    }
  }
  #resize({ width, height }) {
    const { containerDimensions: limits = {} } = this.#context;
    const part = (asked, fixed, most = Infinity) => fixed === void 0 && typeof asked === "number" && asked >= 0 ? Math.min(asked, most) : void 0;
    const size = {
      width: part(width, limits.width, limits.maxWidth),
      height: part(height, limits.height, limits.maxHeight)
    };
    if (size.width !== void 0 || size.height !== void 0) this.#options.page.size?.(size);
  }
  async #serve(id, method, params) {
    if (this.#serving.has(id)) return this.#refuse(id, new Refusal(-32600 /* InvalidRequest */, "the id is in use"));
    const serving = new AbortController();
    this.#serving.set(id, serving);
    const settled2 = await this.#answer(method, params, serving.signal).then(
      (result) => ({ result }),
      (error) => ({ error: error instanceof Refusal ? error : new Refusal(-32603 /* Internal */, "internal error") })
    );
    this.#serving.delete(id);
    if (serving.signal.aborted) return;
    if ("error" in settled2) this.#refuse(id, settled2.error);
    else this.#post({ jsonrpc: "2.0", id, result: settled2.result });
  }
  async #answer(method, params, signal) {
    const { page, capabilities } = this.#options;
    const unknown = () => new Refusal(-32601 /* UnknownMethod */, `the host does not know \`${method}\``);
    const ask = async (run) => {
      if (typeof run !== "function") throw unknown();
      await run();
      return {};
    };
    if (method === "ping") return {};
    if (method === "ui/initialize") return this.#initialize(params);
    if (!this.#app) throw new Refusal(-32600 /* InvalidRequest */, "`ui/initialize` comes first");
    switch (method) {
      case "ui/open-link":
        if (!isWebPage(params.url)) throw new Refusal(-32602 /* InvalidParams */, "`url` is no page of the web");
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
      throw new Refusal(-32602 /* InvalidParams */, "the view may not call this tool");
    }
    return this.#pass(method, params, signal);
  }
  #initialize({ appInfo, appCapabilities }) {
    if (this.#app) throw new Refusal(-32600 /* InvalidRequest */, "the view is initialized");
    this.#app = { modes: appCapabilities?.availableDisplayModes, info: appInfo };
    const { info, capabilities } = this.#options;
    return { protocolVersion: "2026-01-26" /* Version */, hostInfo: info, hostCapabilities: capabilities, hostContext: this.#context };
  }
  async #place(mode) {
    const { availableDisplayModes, displayMode: before = "inline" } = this.#context;
    const isKnown = availableDisplayModes?.includes(mode) && (this.#app?.modes?.includes(mode) ?? true);
    if (mode === before || !isKnown) return before;
    const displayMode = await this.#options.page.displayMode?.(mode) ?? before;
    if (displayMode !== before) this.change({ displayMode });
    return displayMode;
  }
  /** Passes a request on to the server. */
  async #pass(method, params, signal) {
    const { backend, observe } = this.#options;
    const id = this.#count++;
    const token = params._meta?.progressToken;
    const progress = (progress2) => {
      observe?.("server", "host", { jsonrpc: "2.0", method: "notifications/progress", params: { ...progress2, progressToken: id } });
      if (token !== void 0 && !signal.aborted) this.notify("notifications/progress", { ...progress2, progressToken: token });
    };
    observe?.("host", "server", { jsonrpc: "2.0", id, method, params });
    try {
      const result = await backend.request(method, params, { signal, progress });
      observe?.("server", "host", { jsonrpc: "2.0", id, result });
      return result;
    } catch (error) {
      const { code, message, data } = error instanceof Refusal ? error : new Refusal(-32603 /* Internal */, "internal error");
      observe?.("server", "host", { jsonrpc: "2.0", id, error: { code, message, data } });
      throw error;
    }
  }
};
var isWellFormed = ({ id, method, params }) => ["string", "number", "undefined"].includes(typeof id) && ["string", "undefined"].includes(typeof method) && (params === void 0 || typeof params === "object" && params !== null && !Array.isArray(params));
var isWebPage = (url) => typeof url === "string" && URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);

// src/host/replay.ts
var asRecorded = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
var atOnce = () => Promise.resolve();
var canonical = (value) => JSON.stringify(value, (name, part) => {
  if (name === "_meta") return void 0;
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).sort(([a], [b]) => a < b ? -1 : 1));
}) ?? "";
var Replay = class {
  #exchanges = [];
  #unrecorded = [];
  #told;
  #start;
  #pace;
  constructor({ frames }, pace = asRecorded) {
    this.#pace = pace;
    const open = /* @__PURE__ */ new Map();
    for (const frame of frames) {
      const { from, to, message, ms } = frame;
      const { id, method, params } = message;
      const isRequest = method !== void 0 && id !== void 0;
      if (isRequest && (from === "view" || to === "server")) {
        const exchange = { to, method, params, key: canonical(params), at: ms, progress: [], isUsed: false };
        open.set(`${to} ${id}`, exchange);
        this.#exchanges.push(exchange);
      } else if (method === "notifications/progress" && from === "server") {
        open.get(`server ${params?.progressToken}`)?.progress.push(frame);
      } else if (method === void 0) {
        const exchange = open.get(`${from} ${id}`);
        if (exchange) exchange.answer = frame;
      }
    }
    const isTold = ({ from, to, message: { id, method } }) => from === "host" && to === "view" && id === void 0 && method !== void 0 && method !== "notifications/progress";
    this.#told = frames.filter(isTold);
    this.#start = frames.find(({ message }) => message.method === "ui/notifications/initialized")?.ms ?? 0;
  }
  /** Differences so far; at the end, those that are missing, too. */
  differences(isEnd = false) {
    const missing = this.#exchanges.filter(({ isUsed, to, method }) => !isUsed && (to === "server" || OF_PAGE.has(method)));
    const ended = missing.map(({ to, method, params }) => ({ kind: "missing", to, method, params }));
    return isEnd ? [...this.#unrecorded, ...ended] : [...this.#unrecorded];
  }
  /** The server of the trace. */
  backend = {
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
    }
  };
  /** The page of the trace, beside what the page around the host does itself. */
  page(own) {
    const answered = async (method, params) => settled(this.#take("host", method, params).answer?.message);
    return {
      ...own,
      openLink: (url) => answered("ui/open-link", { url }),
      message: (params) => answered("ui/message", params),
      modelContext: (params) => answered("ui/update-model-context", params),
      download: (contents) => answered("ui/download-file", { contents }),
      displayMode: async (mode) => (await answered("ui/request-display-mode", { mode })).mode
    };
  }
  /** Tells the view what it was told then, from the time it is ready. */
  async tell(host) {
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
  #take(to, method, params) {
    const key = canonical(params);
    const found = this.#exchanges.find((one) => !one.isUsed && one.to === to && one.method === method && one.key === key);
    if (found) return Object.assign(found, { isUsed: true });
    this.#unrecorded.push({ kind: "unrecorded", to, method, params });
    throw new Refusal(-32e3 /* Refused */, "the trace does not hold this request");
  }
};
var OF_PAGE = /* @__PURE__ */ new Set([
  "ui/open-link",
  "ui/message",
  "ui/update-model-context",
  "ui/download-file",
  "ui/request-display-mode"
]);
var settled = (answer) => {
  if (!answer) return new Promise(() => {
  });
  if (answer.error) throw new Refusal(answer.error.code, answer.error.message, answer.error.data);
  return answer.result;
};

// src/host/trace.ts
var Recorder = class {
  #frames = [];
  #now;
  #most;
  /** Characters that are left. */
  #left;
  #start;
  /** Keeps the first `most` frames, as long as they have no more than `size` characters together. */
  constructor(now = () => performance.now(), most = 5e4, size = 64 << 20) {
    this.#now = now;
    this.#most = most;
    this.#left = size;
  }
  observe = (from, to, message) => {
    if (this.#frames.length >= this.#most || this.#left <= 0) return;
    const text = JSON.stringify(message);
    this.#left -= text.length;
    if (this.#left < 0) return;
    const now = this.#now();
    this.#start ??= now;
    this.#frames.push({ ms: Math.round(now - this.#start), from, to, message: JSON.parse(text) });
  };
  /** The frames but for the first ones. */
  since(count) {
    return this.#frames.slice(count);
  }
  trace(head) {
    return { head: { format: 1, ...head }, frames: this.since(0) };
  }
};
var lineOf = (part) => `${JSON.stringify(part)}
`;
var write = ({ head, frames }, redacted = []) => {
  const paths = redacted.map((pointer) => pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~")));
  const lines = frames.map((frame) => {
    if (!paths.length) return frame;
    const message = JSON.parse(JSON.stringify(frame.message));
    for (const path of paths) blank(message, path);
    return { ...frame, message };
  });
  return [head, ...lines].map(lineOf).join("");
};
var blank = (value, [name, ...rest]) => {
  if (name === void 0 || typeof value !== "object" || value === null) return;
  for (const key of name === "*" ? Object.keys(value) : Object.hasOwn(value, name) ? [name] : []) {
    if (rest.length) blank(value[key], rest);
    else value[key] = "[redacted]";
  }
};
var parse = (text) => {
  const [head, ...frames] = text.split("\n").filter((line) => line.trim()).map((line, at) => {
    try {
      return JSON.parse(line);
    } catch {
      throw Error(`line ${at + 1} is no JSON`);
    }
  });
  if (head?.format !== 1) throw Error("line 1 is no head of a trace in format 1");
  const parties = ["view", "host", "server"];
  frames.forEach((frame, at) => {
    const isFrame = typeof frame?.ms === "number" && parties.includes(frame.from) && parties.includes(frame.to) && frame.message?.jsonrpc === "2.0";
    if (!isFrame) throw Error(`line ${at + 2} is no frame`);
  });
  return { head, frames };
};
export {
  Bucket,
  LIMITS,
  Recorder,
  Refusal,
  Replay,
  ViewHost,
  allowed,
  asRecorded,
  atOnce,
  canonical,
  lineOf,
  openProxy,
  openWindow,
  parse,
  policy,
  under,
  write
};
