/** A server that does what the tests of the page need and no example does: it breaks rules, asks, fails, goes away and comes back. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";

import { ROOT } from "../widget-runtime/test/tools.ts";

const BRIDGE = readFileSync(join(ROOT, "pmcp-apps-bundle/src/bridge.js"), "utf8").trim();
const URI = "ui://scripted/view.html";

/** A name and a text that would be elements, were they not text. */
export const MARKUP = "<img src=x onerror=\"document.title='owned'\">";

/** The view: a button for each thing that it tries, and what came of it in `#told`. */
export const view = (title: string) => `<!doctype html>
<html lang="en"><head><title>Scripted</title>
<script>(${BRIDGE})({"name":"scripted","version":"1","modes":["inline","fullscreen","pip"]})</script>
<style>body { margin: 8px; font: 14px sans-serif } h1 { font-size: 18px } :root[data-theme="dark"] body { background: #111; color: #eee }</style>
</head><body><h1>${title}</h1><p id="told">nothing</p><p id="context"></p><p id="kept"></p>
<script>
const told = document.querySelector("#told");
const tries = {
  fetch: () => fetch("https://tiles.example.com/1.png"),
  image: () => { new Image().src = "https://pictures.example.com/1.png" },
  code: () => eval("1"),
  message: () => mcp.sendMessage("Let us try e4"),
  link: () => mcp.openLink("https://example.com/page"),
  save: () => mcp.download("file:///../../notes.txt", "text/plain", "some notes"),
  log: () => mcp.log("warning", "the kettle boils"),
  call: () => mcp.callTool("echo", { text: "from the view" }),
  hidden: () => mcp.callTool("for_models", {}),
  large: () => mcp.requestDisplayMode("fullscreen"),
  fail: () => { setTimeout(() => { throw Error("the view broke") }) },
  keep: () => { mcp.state = { tab: 2 }; return Promise.resolve("kept") },
  modal: () => openai.requestModal({}),
  leave: () => openai.requestClose(),
  end: () => mcp.close(),
};
for (const [name, run] of Object.entries(tries)) {
  const button = Object.assign(document.createElement("button"), { id: name, textContent: name });
  button.onclick = async () => {
    try { const value = await run(); told.textContent = name + ": " + (value?.text ?? (typeof value === "string" ? value : "done")) } catch (error) { told.textContent = name + ": " + error.message }
  };
  document.body.append(button);
}
const show = () => {
  const { theme, locale, timeZone, displayMode, platform, deviceCapabilities, safeAreaInsets, containerDimensions } = mcp.context;
  document.querySelector("#context").textContent = JSON.stringify({ theme, locale, timeZone, displayMode, platform, deviceCapabilities, safeAreaInsets, containerDimensions });
  document.querySelector("#kept").textContent = JSON.stringify(mcp.state ?? null);
};
mcp.on("context", show);
mcp.ready.then(show);
</script></body></html>`;

const nested = {
  type: "object",
  properties: {
    title: { type: "string", minLength: 3, description: "At least `3` letters." },
    count: { type: "integer", minimum: 1, default: 2 },
    loud: { type: "boolean" },
    colour: { enum: ["red", "green"] },
    size: { anyOf: [{ type: "number" }, { type: "null" }] },
    place: { $ref: "#/$defs/Place" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["title", "place"],
  $defs: { Place: { type: "object", properties: { street: { type: "string" }, number: { type: "integer" } }, required: ["street"] } },
};

const text = { type: "object", properties: { text: { type: "string" } } };
const TOOLS = [
  { name: "show", description: "Show a view that tries things.", inputSchema: { type: "object", properties: {} }, annotations: { readOnlyHint: true }, _meta: { ui: { resourceUri: URI } } },
  { name: "echo", description: "Say what was said.", inputSchema: text },
  { name: "nested", description: "Take a bit of everything.", inputSchema: nested },
  { name: "ask", description: "Ask before it answers.", inputSchema: { type: "object", properties: {} } },
  { name: "visit", description: "Send to a page.", inputSchema: { type: "object", properties: {} } },
  { name: "fail", description: "Say that it failed.", inputSchema: { type: "object", properties: {} } },
  { name: "for_views", description: "Only views call it.", inputSchema: text, _meta: { ui: { visibility: ["app"] } } },
  { name: "for_models", description: "Only models call it.", inputSchema: text, _meta: { ui: { visibility: ["model"] } } },
  { name: "markup", title: MARKUP, description: MARKUP, inputSchema: { type: "object", properties: { [MARKUP]: { type: "string", description: MARKUP } } } },
];

const NAME = {
  type: "object",
  properties: { name: { type: "string", title: "Name" }, sure: { type: "boolean" } },
  required: ["name"],
};

/** The server, over HTTP in 2026-07-28, and without sessions in 2025-11-25. */
export class Scripted {
  #server: Server | undefined;
  #port = 0;
  /** What the view declares. */
  csp: object = {};
  title = "A view";
  /** The document of the view. */
  document = () => view(this.title);
  /** The page that `visit` sends to. */
  page = "";
  /** The paths of pages that somebody opened. */
  readonly visited: string[] = [];
  /** Requests so far, by their methods. */
  readonly asked: { method: string; params: any }[] = [];

  static async start(): Promise<Scripted> {
    const scripted = new Scripted();
    await scripted.listen();
    return scripted;
  }

  get url() {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  /** Listens, after a time away on the port of before. */
  async listen() {
    const server = createServer(async (request, response) => {
      if (request.url?.startsWith("/page")) {
        this.visited.push(request.url);
        return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><link rel=icon href=data:,><title>A page</title>");
      }
      let body = "";
      for await (const part of request) body += part;
      const message = body ? JSON.parse(body) : {};
      if (message.id === undefined) return response.writeHead(message.method ? 202 : 405).end();
      this.asked.push(message);
      const { id } = message;
      const result = this.#answer(message.method, message.params ?? {});
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ jsonrpc: "2.0", id, ...result }));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.address() as { port: number }).port;
  }

  /** Goes away, as when it is killed. */
  async away() {
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  #answer(method: string, params: any): object {
    const done = (result: object) => ({ result: { resultType: "complete", ttlMs: 0, cacheScope: "private", ...result } });
    const said = (text: string, more = {}) => done({ content: [{ type: "text", text }], ...more });
    const capabilities = { tools: {}, resources: {}, extensions: { "io.modelcontextprotocol/ui": {} } };
    const serverInfo = { name: "scripted", version: "1.0.0" };
    switch (method) {
      case "server/discover":
        return done({ supportedVersions: ["2026-07-28", "2025-11-25"], capabilities, _meta: { "io.modelcontextprotocol/serverInfo": serverInfo } });
      case "initialize":
        return { result: { protocolVersion: "2025-11-25", capabilities, serverInfo } };
      case "tools/list":
        return done({ tools: TOOLS });
      case "resources/list":
        return done({ resources: [] });
      case "resources/read":
        return done({ contents: [{ uri: URI, mimeType: "text/html;profile=mcp-app", text: this.document(), _meta: { ui: { csp: this.csp } } }] });
      case "tools/call":
        break;
      default:
        return { error: { code: -32601, message: "unknown method" } };
    }
    switch (params.name) {
      case "ask": {
        const answer = params.inputResponses?.name;
        if (!answer) {
          const question = { method: "elicitation/create", params: { mode: "form", message: "Who are you?", requestedSchema: NAME } };
          return { result: { resultType: "input_required", inputRequests: { name: question }, requestState: "1" } };
        }
        return said(answer.action === "accept" ? `Hello ${answer.content.name}, ${answer.content.sure === true ? "sure" : "not sure"}` : `You ${answer.action}.`);
      }
      case "visit": {
        const answer = params.inputResponses?.page;
        if (!answer) {
          const question = { method: "elicitation/create", params: { mode: "url", message: "Log in, please.", url: this.page, elicitationId: "page-1" } };
          return { result: { resultType: "input_required", inputRequests: { page: question }, requestState: "1" } };
        }
        return said(`You answered ${JSON.stringify(answer)}`);
      }
      case "fail":
        return said("There is no more tea.", { isError: true });
      case "markup":
        return said(MARKUP, { structuredContent: { [MARKUP]: MARKUP } });
      default:
        return said(JSON.stringify(params.arguments ?? {}));
    }
  }
}
