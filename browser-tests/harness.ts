/** The examples as users have them: a real server, our host in a real browser, and the view inside. */

import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { bundledFile, ROOT, tool } from "../widget-runtime/test/tools.ts";

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
export const SCREENSHOTS = join(TARGET, "screenshots");

/** A process that says on a line where it is. */
class Child {
  readonly #child: ChildProcess;
  readonly said: Promise<string>;

  constructor(program: string, args: string[], start: string) {
    this.#child = spawn(join(TARGET, "debug", program), args, {
      stdio: ["ignore", "pipe", "pipe"],
      // Servers write no types into the sources there.
      env: { ...process.env, CI: "true" },
    });
    this.said = new Promise((resolve, reject) => {
      const heard: string[] = [];
      for (const stream of [this.#child.stdout, this.#child.stderr]) {
        createInterface({ input: stream! }).on("line", (line) => {
          if (line.startsWith(start)) resolve(line.slice(start.length));
          else heard.push(line);
        });
      }
      this.#child.on("error", reject);
      this.#child.on("exit", (code) => reject(Error(`${program} ended with ${code}: ${heard.join("\n")}`)));
    });
  }

  stop() {
    this.#child.kill("SIGKILL");
  }
}

export interface Wishes {
  context?: HostContext;
  capabilities?: HostCapabilities;
  width?: number;
  /** Says of the document what its server does not: which permissions it declares. */
  permissions?: object;
  /** Says of tools what their server does not: who may call them. */
  visibility?: Record<string, ("model" | "app")[]>;
}

/** A view that a test looks at. */
export interface View {
  page: any;
  frame: any;
  /** Takes the view away and mounts it anew, with what it kept. */
  again(): Promise<View>;
}

/** A server, a host that passes tasks on and one that knows none, and a browser. */
export class Stage {
  readonly #children: Child[] = [];
  #browser: any;
  #contexts: any[] = [];
  server = "";
  #hosts = new Map<string, string>();
  /** Errors of consoles that a test has not expected. */
  errors: string[] = [];

  /** Starts an example. */
  static start(example: string, ...args: string[]): Promise<Stage> {
    return Stage.#started((stage) => stage.#run(example, ["--http", "127.0.0.1:0", ...args], "listening on "));
  }

  /** A browser alone. */
  static async empty(): Promise<Stage> {
    const stage = new Stage();
    await stage.#browse();
    return stage;
  }

  /** Takes a server that is there. */
  static at(url: string): Promise<Stage> {
    return Stage.#started(() => Promise.resolve(url));
  }

  static async #started(server: (stage: Stage) => Promise<string>): Promise<Stage> {
    const stage = new Stage();
    try {
      stage.server = await server(stage);
      // The plain one asks no questions itself, so that views do.
      for (const [name, flags] of [["tasks", []], ["plain", ["--no-tasks", "--profile", "claude"]]] as const) {
        stage.#hosts.set(name, await stage.#run("examples/host", ["--url", stage.server, ...flags], "preview "));
      }
      await stage.#browse();
    } catch (error) {
      await stage.stop();
      throw error;
    }
    return stage;
  }

  async #browse() {
    this.#browser = await tool("puppeteer-core").default.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      // Containers have no user to drop to. Partitioned storage stays as users have it.
      // The camera is a picture of the browser's own.
      args: ["--no-sandbox", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream"],
      pipe: true,
    });
  }

  /** Starts a further host of the server, and gives its address. */
  another(...args: string[]): Promise<string> {
    return this.#run("examples/host", ["--url", this.server, ...args], "preview ");
  }

  #run(program: string, args: string[], start: string): Promise<string> {
    const child = new Child(program, args, start);
    this.#children.push(child);
    return child.said;
  }

  /** The address of a host, with its key. */
  host(name: string): string {
    return this.#hosts.get(name)!;
  }

  /** A tab in a profile of its own. */
  async tab(): Promise<any> {
    const context = await this.#browser.createBrowserContext();
    this.#contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message: any) => {
      // A document without a head has no icon.
      if (message.type() === "error" && !message.location().url?.endsWith("/favicon.ico")) this.errors.push(message.text());
    });
    page.on("pageerror", (error: Error) => this.errors.push(error.message));
    return page;
  }

  /** Opens a view of a tool. */
  async open(name: string, input: object = {}, wishes: Wishes = {}, host: "tasks" | "plain" = "tasks"): Promise<View> {
    const page = await this.tab();
    await page.setViewport({ width: (wishes.width ?? 900) + 16, height: 1200 });
    // A document of the page's origin, under its policy, that shows views and nothing else.
    const url = new URL(this.#hosts.get(host)!);
    await page.goto(`${url.origin}/assets/LICENSES${url.hash}`);
    await page.evaluate(await bundledFile("widget-runtime/src/page/page.ts"));
    return this.#mount(page, name, input, wishes);
  }

  async #mount(page: any, name: string, input: object, wishes: Wishes): Promise<View> {
    await page.evaluate(
      async (name: string, input: object, { context, capabilities, width, permissions, visibility = {} }: Wishes) => {
        const { preview } = globalThis as any;
        const { upstream } = preview;
        const ask = Object.getPrototypeOf(upstream).request.bind(upstream);
        upstream.request = async (...asked: unknown[]) => {
          const answer = await ask(...asked);
          if (asked[0] === "resources/read" && permissions) answer.contents[0]._meta.ui.permissions = permissions;
          for (const tool of answer.tools ?? []) {
            if (visibility[tool.name]) tool._meta = { ...tool._meta, ui: { ...tool._meta?.ui, visibility: visibility[tool.name] } };
          }
          return answer;
        };
        const seen = { sizes: [], links: [], files: [], models: [] } as Record<string, unknown[]>;
        const mounted = await preview.mount(name, input, {
          context: { containerDimensions: { width: width ?? 900, maxHeight: 5000 }, ...context },
          capabilities,
          page: {
            openLink: (url: string) => seen.links!.push(url),
            download: (contents: object[]) => seen.files!.push(contents),
            modelContext: (params: object) => seen.models!.push(params),
            message: () => {},
            log: () => {},
          },
        });
        mounted.frame.style.width = `${width ?? 900}px`;
        Object.assign(globalThis, { mounted, seen });
      },
      name,
      input,
      wishes,
    );
    const frame = await viewOf(page);
    // The host has given the view the height it asks for: what is clicked before that moves away. Not every view asks.
    await page.waitForFunction("mounted.frame.style.height", { timeout: 5000 }).catch(() => {});
    const again = async () => {
      // What the view has sent before it took leave is there then.
      await page.evaluate("mounted.remove()");
      const state = await page.evaluate("mounted.host.context['run.pmcp/state']");
      return this.#mount(page, name, input, { ...wishes, context: { ...wishes.context, "run.pmcp/state": state } });
    };
    return { page, frame, again };
  }

  /** Ends what a test has opened, and fails if a console told of an error. */
  async clear(...expected: RegExp[]) {
    for (const context of this.#contexts.splice(0)) await context.close();
    const errors = this.errors.splice(0).filter((error) => !expected.some((known) => known.test(error)));
    assert.deepEqual(errors, []);
  }

  async stop() {
    await this.#browser?.close();
    for (const child of this.#children) child.stop();
  }
}

/** The frame of the view: the one on an origin of its own. */
const viewOf = async (page: any): Promise<any> => {
  for (let tries = 0; tries < 400; tries++) {
    const frame = page.frames().find((frame: any) => /^http:\/\/[0-9a-f]{32}\.localhost/.test(frame.url()));
    if (frame) {
      await frame.waitForFunction("document.readyState === 'complete'");
      return frame;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw Error("there is no view");
};

/** Waits until an element of the view has this text. */
export const says = (frame: any, selector: string, text: string | RegExp) =>
  frame.waitForFunction(
    (selector: string, source: string) => new RegExp(source).test(document.querySelector(selector)?.textContent ?? ""),
    { timeout: 30_000 },
    selector,
    typeof text === "string" ? text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : text.source,
  );

export const textOf = (frame: any, selector: string): Promise<string> => frame.$eval(selector, (element: Element) => element.textContent);

/** What axe finds in the view, as lines. */
export const findings = async (frame: any): Promise<string[]> => {
  await frame.evaluate(tool("axe-core").source);
  const { violations } = await frame.evaluate("axe.run(document)");
  return violations.flatMap(({ id, nodes }: any) => nodes.map(({ html }: any) => `${id}: ${html}`));
};

/** What of the view is wider than the view. */
export const overflowing = (frame: any): Promise<boolean> =>
  frame.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");

/** Keeps a picture of the view, under `target/screenshots`. */
export const picture = async (view: View, name: string) => {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const frame = await view.page.$("iframe");
  await frame.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
};

/**
 * Rules that hold for each example: axe in both themes, 320 px, and words in place of what the opening call did not give, if there
 * is a call that it refuses.
 */
export const holds = async (stage: Stage, name: string, ready: (frame: any) => Promise<unknown>, refused?: { input: object; words: RegExp }) => {
  for (const theme of ["light", "dark"] as const) {
    const view = await stage.open(name, {}, { context: { theme } });
    await ready(view.frame);
    assert.deepEqual(await findings(view.frame), [], theme);
    assert.equal(await view.frame.evaluate("getComputedStyle(document.documentElement).colorScheme"), theme);
    await picture(view, `${name}-${theme}`);
  }
  const narrow = await stage.open(name, {}, { width: 320 });
  await ready(narrow.frame);
  assert.equal(await overflowing(narrow.frame), false, "it is wider than 320 px");
  await picture(narrow, `${name}-320`);
  if (!refused) return;
  const empty = await stage.open(name, refused.input);
  await says(empty.frame, "#told", refused.words);
  assert.deepEqual(await findings(empty.frame), [], "without a result");
  await empty.page.evaluate("mounted.host.cancelled()");
  await says(empty.frame, "#told", /^The \w+ was not /);
};
