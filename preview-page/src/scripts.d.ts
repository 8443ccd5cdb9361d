/** A script as text, built to run by itself in a document. */
declare module "script:*" {
  const text: string;
  export default text;
}

/** The client in the page, as `cargo xtask wasm` makes it of `pmcp-preview-web`. Texts are JSON. */
declare module "*/assets/client.js" {
  export default function init(options: { module_or_path: string }): Promise<unknown>;

  export class PageClient {
    static connect(peer: string, told: (event: string) => void): Promise<PageClient>;
    request(number: number, method: string, params: string, progress: (params: string) => void): Promise<string>;
    abort(number: number): void;
    answer(question: number, action: string, content: string): boolean;
    close(): Promise<void>;
  }
}
