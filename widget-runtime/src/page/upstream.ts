/** The way from the page to the server: through the host that served the page, with the key of its launch. */

import { Refusal, type Backend, type Context } from "../host";

export class Upstream implements Backend {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** Takes the key out of the address, where it is in no log, and keeps it for a reload. */
  static fromAddress(): Upstream {
    const given = new URLSearchParams(location.hash.slice(1)).get("key");
    if (given) {
      sessionStorage.setItem("key", given);
      history.replaceState(null, "", location.pathname + location.search);
    }
    return new Upstream(given ?? sessionStorage.getItem("key") ?? "");
  }

  async fetch(path: string, options: { method?: string; body?: object; signal?: AbortSignal } = {}): Promise<Response> {
    const { method = "GET", body, signal } = options;
    const headers = { authorization: `Bearer ${this.#key}`, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(path, { method, headers, body: body && JSON.stringify(body), signal });
    if (!response.ok) throw Error(`the host answered ${path} with ${response.status}`);
    return response;
  }

  async request(method: string, params: any, context?: Context): Promise<any> {
    const response = await this.fetch("/api/rpc", { method: "POST", body: { method, params }, signal: context?.signal });
    for await (const line of lines(response)) {
      const { progress, result, error } = JSON.parse(line);
      if (progress) context?.progress(progress);
      else if (error) throw new Refusal(error.code, error.message, error.data);
      else return result;
    }
    throw Error("the host did not say how it ended");
  }
}

async function* lines(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true };
    if (done) return;
    const parts = (rest + value).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}
