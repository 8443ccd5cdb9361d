/** A browser, a page on one site, and proxies and views on others. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import type { AddressInfo } from "node:net";

import { policy } from "../src/host/policy.ts";
import { bundled, ROOT, tool } from "./tools.ts";

const asset = (name: string) => readFileSync(join(ROOT, "pmcp-preview/assets", name), "utf8");
const BRIDGE = readFileSync(join(ROOT, "pmcp-apps-bundle/src/bridge.js"), "utf8");
const html = (head: string, body = "") =>
  `<!doctype html><html lang="en"><head><title>test</title>${head}</head><body>${body}</body></html>`;

/** A document with our bridge, as bundles have it. */
export const withBridge = (script = "", body = "") =>
  html(`<script>(${BRIDGE})({"name":"board","version":"1","modes":["inline","fullscreen"]})</script><script>${script}</script>`, body);

/** A document with the reference `App` in this version, as the global `apps`. */
export const withApp = async (version: number, script: string) => {
  const text = await bundled(`export { App, PostMessageTransport } from "ext-apps-${version}"`, "apps");
  return html(`<script>${text.replaceAll("</script", "<\\/script")}</script><script>${script}</script>`);
};

const served = async (answer: (host: string, path: string) => { type: string; body: string; headers?: object } | undefined) => {
  const server = createServer((request, response) => {
    const found = answer((request.headers.host ?? "").replace(/:\d+$/, ""), request.url ?? "/");
    const headers = { "content-type": found?.type ?? "text/plain", "cache-control": "no-store", ...found?.headers };
    response.writeHead(found ? 200 : 404, headers).end(found?.body ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return server;
};

export class Browser {
  #browser: any;
  #servers: Server[] = [];
  /** Views by the first label of their host. */
  readonly views = new Map<string, string>();
  page = "";
  sandbox = "";
  port = 0;

  static async start(): Promise<Browser> {
    const browser = new Browser();
    const scripts: Record<string, string> = { "/host.js": asset("host.js") };
    for (const version of [1, 2]) {
      const text = `export { AppBridge, PostMessageTransport } from "ext-apps-${version}/app-bridge"`;
      scripts[`/app-bridge-${version}.js`] = await bundled(text);
    }
    const page = await served((_, path) => {
      const body = scripts[path];
      if (body) return { type: "text/javascript", body };
      return path === "/" ? { type: "text/html", body: html('<link rel="icon" href="data:,">') } : undefined;
    });
    const strict = { "content-security-policy": policy() };
    const sandbox = await served((host, path) => {
      if (host === "localhost") {
        const body = html("", `<script>${asset("proxy.js")}</script>`);
        return path === "/proxy" ? { type: "text/html", body } : undefined;
      }
      const body = browser.views.get(host.replace(/\.localhost$/, ""));
      return body !== undefined && path === "/" ? { type: "text/html", body, headers: strict } : undefined;
    });
    browser.#servers = [page, sandbox];
    browser.page = `http://127.0.0.1:${(page.address() as AddressInfo).port}/`;
    browser.port = (sandbox.address() as AddressInfo).port;
    browser.sandbox = `http://localhost:${browser.port}/proxy`;
    browser.#browser = await tool("puppeteer-core").default.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Containers have no user to drop to. Partitioned storage stays as users have it.
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
      pipe: true,
    });
    return browser;
  }

  view(name: string) {
    return `http://${name}.localhost:${this.port}/`;
  }

  /** A page in a profile of its own. Every error on a console is kept. */
  async open(): Promise<{ page: any; errors: string[]; close(): Promise<void> }> {
    const context = await this.#browser.createBrowserContext();
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("console", (message: any) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error: Error) => errors.push(error.message));
    await page.goto(this.page);
    return { page, errors, close: () => context.close() };
  }

  async stop() {
    await this.#browser?.close();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }
}

/** The frame of a page whose address begins like this, once it is there. */
export const frameOf = async (page: any, start: string): Promise<any> => {
  for (let tries = 0; tries < 200; tries++) {
    const frame = page.frames().find((frame: any) => frame.url().startsWith(start));
    if (frame) return frame;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw Error(`there is no frame ${start}`);
};
