// Built from widget-runtime by `cargo xtask runtime`.
// src/page/mount.ts
import { openProxy, Recorder, ViewHost } from "./host.js";
var CONTEXT = {
  theme: "light",
  displayMode: "inline",
  availableDisplayModes: ["inline", "fullscreen"],
  locale: "en-US",
  timeZone: "UTC",
  platform: "web",
  containerDimensions: { width: 720, maxHeight: 5e3 }
};
var CAPABILITIES = {
  openLinks: {},
  downloadFile: {},
  serverTools: {},
  serverResources: {},
  logging: {},
  message: { text: {} },
  updateModelContext: { text: {}, structuredContent: {} }
};
var mount = async (upstream2, place2, tool2, input, wishes = {}) => {
  const { tools } = await upstream2.request("tools/list", {});
  const about = await (await upstream2.fetch("/api/host")).json();
  const uri = tools.find(({ name }) => name === tool2)?._meta?.ui?.resourceUri;
  if (uri === void 0) throw Error(`the tool \`${tool2}\` has no widget`);
  const { contents } = await upstream2.request("resources/read", { uri });
  const [{ text, _meta }] = contents;
  const ui = _meta?.ui ?? {};
  const view = await (await upstream2.fetch("/api/views", { method: "POST", body: { html: text, meta: _meta } })).json();
  const channel = await openProxy(place2, new URL(about.proxy), { url: view.url, csp: ui.csp, permissions: ui.permissions });
  const { frame } = channel;
  frame.title = tool2;
  frame.style.cssText = "border:0;width:720px;height:300px";
  const recorder = new Recorder();
  const context = { ...CONTEXT, ...about.tasks && { ["run.pmcp/state" /* State */]: null }, ...wishes.context };
  const capabilities = { ...CAPABILITIES, ...about.tasks && { experimental: { ["io.modelcontextprotocol/tasks" /* Tasks */]: {} } }, ...wishes.capabilities };
  const visible = new Set(tools.filter(({ _meta: _meta2 }) => _meta2?.ui?.visibility?.includes("app") ?? true).map(({ name }) => name));
  const host = new ViewHost(channel, {
    info: { name: "pmcp-preview", version: "0.1.0" },
    capabilities,
    context,
    backend: upstream2,
    allows: (name) => visible.has(name),
    observe: recorder.observe,
    page: {
      size: ({ width, height }) => {
        if (width !== void 0) frame.style.width = `${width}px`;
        if (height !== void 0) frame.style.height = `${height}px`;
      },
      displayMode: (mode) => mode,
      ...wishes.page
    }
  });
  host.input(input);
  const result = await upstream2.request("tools/call", { name: tool2, arguments: input });
  host.result(result);
  const remove = async () => {
    await host.teardown("removed");
    await upstream2.fetch(`/api/views/${view.id}`, { method: "DELETE" });
  };
  return { host, frame, recorder, result, remove };
};

// src/page/upstream.ts
import { Refusal } from "./host.js";
var Upstream = class _Upstream {
  #key;
  constructor(key) {
    this.#key = key;
  }
  /** Takes the key out of the address, where it is in no log, and keeps it for a reload. */
  static fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1)).get("key");
    if (given) {
      sessionStorage.setItem("key", given);
      history.replaceState(null, "", location.pathname + location.search);
    }
    return new _Upstream(given ?? sessionStorage.getItem("key") ?? "");
  }
  async fetch(path, options = {}) {
    const { method = "GET", body, signal } = options;
    const headers = { authorization: `Bearer ${this.#key}`, ...body && { "content-type": "application/json" } };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
    if (!response.ok) throw Error(`the host answered ${path} with ${response.status}`);
    return response;
  }
  async request(method, params, context) {
    const response = await this.fetch("/api/rpc", { method: "POST", body: { method, params }, signal: context?.signal });
    for await (const line of lines(response)) {
      const { progress, result, error } = JSON.parse(line);
      if (progress) context?.progress(progress);
      else if (error) throw new Refusal(error.code, error.message, error.data);
      else return result;
    }
    throw Error("the host did not say how it ended");
  }
};
async function* lines(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (; ; ) {
    const { value, done } = await reader?.read() ?? { done: true };
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

// src/page/page.ts
var upstream = Upstream.fromAddress();
var place = document.querySelector("main");
var preview = {
  upstream,
  mount: (tool2, input = {}, wishes) => mount(upstream, place, tool2, input, wishes)
};
Object.assign(globalThis, { preview });
var wanted = new URLSearchParams(location.search);
var tool = wanted.get("tool");
if (tool) await preview.mount(tool, JSON.parse(wanted.get("args") ?? "{}"));
export {
  preview
};
