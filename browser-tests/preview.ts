/** The page of the preview as its users have it: a host, a browser, and hands. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { findings, SCREENSHOTS, Stage } from "./harness.ts";

/** The page in a tab. */
export class Preview {
  readonly page: any;

  constructor(page: any) {
    this.page = page;
  }

  /** Opens the page of a host, at an address with these parameters. */
  static open(stage: Stage, parameters: Record<string, string> = {}, size = { width: 1440, height: 900 }, host: string = "tasks"): Promise<Preview> {
    const url = new URL(stage.host(host));
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    return Preview.at(stage, url.href, size);
  }

  /** Opens the page at this address. */
  static async at(stage: Stage, url: string, size = { width: 1440, height: 900 }): Promise<Preview> {
    const page = await stage.tab();
    await page.setViewport(size);
    // What a test wants is in the address, and not the machine it runs on.
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
    // A test may add events to the stream, of what a server that is built here would do.
    await page.evaluateOnNewDocument(() => {
      const real = fetch;
      globalThis.fetch = async (path, options) => {
        const response = await real(path, options);
        if (path !== "/api/events" || !response.body) return response;
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const writer = writable.getWriter();
        const told: Uint8Array[] = [];
        let isLineEnd = true;
        // Between lines only.
        const flush = () => isLineEnd && told.splice(0).forEach((line) => void writer.write(line));
        const pass = async () => {
          for await (const chunk of response.body as any) {
            await writer.write(chunk);
            isLineEnd = chunk.at(-1) === 10;
            flush();
          }
          await writer.close();
        };
        void pass().catch(() => writer.abort().catch(() => {}));
        const tell = (event: object) => {
          told.push(new TextEncoder().encode(`${JSON.stringify({ at: 0, ...event })}\n`));
          flush();
        };
        Object.assign(globalThis, { tell });
        return new Response(readable, response);
      };
    });
    await page.goto(url);
    return new Preview(page);
  }

  /** Adds an event to those of the host process. */
  async tell(event: object) {
    await this.page.waitForFunction("globalThis.tell");
    await this.page.evaluate((event: object) => (globalThis as any).tell(event), event);
  }

  /** An element by the name that tests have for it. */
  at(name: string): Promise<any> {
    return this.page.waitForSelector(`[data-testid="${name}"]`, { timeout: 20_000 });
  }

  async click(name: string) {
    const element = await this.at(name);
    await element.evaluate((element: Element) => element.scrollIntoView({ block: "center" }));
    await element.click();
  }

  async type(name: string, text: string) {
    await (await this.at(name)).type(text);
  }

  async choose(name: string, value: string) {
    await this.at(name);
    await this.page.select(`[data-testid="${name}"]`, value);
  }

  /** Waits until an element has this text. */
  says(name: string, text: string | RegExp): Promise<unknown> {
    const source = typeof text === "string" ? text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : text.source;
    return this.page.waitForFunction(
      (name: string, source: string) => [...document.querySelectorAll(`[data-testid="${name}"]`)].some(({ textContent }) => new RegExp(source).test(textContent ?? "")),
      { timeout: 20_000 },
      name,
      source,
    );
  }

  async lacks(name: string) {
    await this.page.waitForFunction((name: string) => !document.querySelector(`[data-testid="${name}"]`), { timeout: 20_000 }, name);
  }

  async count(name: string): Promise<number> {
    return (await this.page.$$(`[data-testid="${name}"]`)).length;
  }

  text(name: string): Promise<string> {
    return this.page.$eval(`[data-testid="${name}"]`, (element: Element) => element.textContent);
  }

  press(...keys: string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve());
  }

  /** The document of a view, by its profile. */
  async view(profile = "specification"): Promise<any> {
    const proxy = await this.page.waitForSelector(`[data-testid="view-${profile}"][data-phase="ready"] iframe`, { timeout: 20_000 });
    const [frame] = (await proxy.contentFrame()).childFrames();
    return frame;
  }

  /** The document that takes the place of the present one, when this is done. */
  async another(run: () => Promise<unknown>, profile = "specification"): Promise<any> {
    const before = await this.view(profile);
    await run();
    for (let tries = 0; tries < 400; tries++) {
      const view = await this.view(profile).catch(() => undefined);
      if (view && view !== before) return view;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw Error("the view is the one of before");
  }

  /** Waits for a message in the log. */
  async logged(text: string | RegExp) {
    await this.says("entries", text);
  }

  async input(name: string, text: string) {
    const element = await this.at(name);
    await element.evaluate((field: HTMLTextAreaElement, text: string) => {
      field.value = text;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }, text);
  }

  /** Keeps a picture of the page, under `target/screenshots`. */
  async picture(name: string) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `preview-${name}.png`) });
  }

  /** Nothing that machines find keeps anyone from using it. */
  async hasNoFindings(what: string) {
    // Colours that are on their way are neither of both.
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await findings(this.page.mainFrame()), [], what);
  }
}
