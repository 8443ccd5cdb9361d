/** A view in the page: its document on an origin of its own, and the host's half of the bridge. */

import { openProxy, Recorder, ViewHost, type Page } from "../host";
import { Name } from "../message";
import type { Upstream } from "./upstream";

/** What may differ from the ordinary. */
export interface Wishes {
  context?: HostContext;
  capabilities?: HostCapabilities;
  page?: Page;
}

/** A view that is mounted. */
export interface Mounted {
  host: ViewHost;
  frame: HTMLIFrameElement;
  recorder: Recorder;
  /** The result of the call that opened it. */
  result: ToolResult;
  /** Lets the view save what it has, and takes it out of the page. */
  remove(): Promise<void>;
}

const CONTEXT: HostContext = {
  theme: "light",
  displayMode: "inline",
  availableDisplayModes: ["inline", "fullscreen"],
  locale: "en-US",
  timeZone: "UTC",
  platform: "web",
  containerDimensions: { width: 720, maxHeight: 5000 },
};

const CAPABILITIES: HostCapabilities = {
  openLinks: {},
  downloadFile: {},
  serverTools: {},
  serverResources: {},
  logging: {},
  message: { text: {} },
  updateModelContext: { text: {}, structuredContent: {} },
};

/** Calls a tool that has a widget, and shows it in the page. */
export const mount = async (upstream: Upstream, place: HTMLElement, tool: string, input: object, wishes: Wishes = {}): Promise<Mounted> => {
  const { tools } = await upstream.request("tools/list", {});
  // Known once the server answers.
  const about = await (await upstream.fetch("/api/host")).json();
  const uri = tools.find(({ name }: any) => name === tool)?._meta?.ui?.resourceUri;
  if (uri === undefined) throw Error(`the tool \`${tool}\` has no widget`);
  const { contents } = await upstream.request("resources/read", { uri });
  const [{ text, _meta }] = contents;
  const ui = _meta?.ui ?? {};
  const view = await (await upstream.fetch("/api/views", { method: "POST", body: { html: text, meta: _meta } })).json();

  const channel = await openProxy(place, new URL(about.proxy), { url: view.url, csp: ui.csp, permissions: ui.permissions });
  const { frame } = channel;
  frame.title = tool;
  frame.style.cssText = "border:0;width:720px;height:300px";
  const recorder = new Recorder();
  const context = { ...CONTEXT, ...(about.tasks && { [Name.State]: null }), ...wishes.context };
  const capabilities = { ...CAPABILITIES, ...(about.tasks && { experimental: { [Name.Tasks]: {} } }), ...wishes.capabilities };
  const visible = new Set(tools.filter(({ _meta }: any) => _meta?.ui?.visibility?.includes("app") ?? true).map(({ name }: any) => name));
  const host = new ViewHost(channel, {
    info: { name: "pmcp-preview", version: "0.1.0" },
    capabilities,
    context,
    backend: upstream,
    allows: (name) => visible.has(name),
    observe: recorder.observe,
    page: {
      size: ({ width, height }) => {
        if (width !== undefined) frame.style.width = `${width}px`;
        if (height !== undefined) frame.style.height = `${height}px`;
      },
      displayMode: (mode) => mode,
      ...wishes.page,
    },
  });
  host.input(input);
  const result = await upstream.request("tools/call", { name: tool, arguments: input });
  host.result(result);
  const remove = async () => {
    await host.teardown("removed");
    await upstream.fetch(`/api/views/${view.id}`, { method: "DELETE" });
  };
  return { host, frame, recorder, result, remove };
};
