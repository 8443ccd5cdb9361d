/** A way to one window, whose origin is known. */

import type { Message } from "../message";
import { allowed, tokens } from "./policy";

/** A way for messages. */
export interface Channel {
  post(message: Message): void;
  /** Takes over what arrives from now on. */
  receive(take: (message: Message) => void): void;
  close(): void;
}

/** Opens the way to a window: only what comes from it, and from this origin, counts. */
export const openWindow = (target: Window, origin: string): Channel => {
  let take: (message: Message) => void = () => {};
  const hear = ({ data, origin: from, source }: MessageEvent<Message>) => {
    if (source === target && from === origin && data?.jsonrpc === "2.0") take(data);
  };
  addEventListener("message", hear);
  return {
    post: (message) => target.postMessage(message, origin === "null" ? "*" : origin),
    receive: (next) => void (take = next),
    close: () => removeEventListener("message", hear),
  };
};

/** A document to show, and what it declares. */
export interface Document {
  /** Its text. Not needed where it has an address. */
  html?: string;
  /** Its address on an origin of its own. */
  url?: string;
  csp?: object;
  /** Permissions to give it. */
  permissions?: object;
  /** More than scripts and forms. */
  sandbox?: string;
}

const SANDBOX = "ui/notifications/sandbox-";

/** A way to a view, and the frame of its proxy. */
export interface Mounted extends Channel {
  readonly frame: HTMLIFrameElement;
  /**
   * Loads the address anew, where another document is by now, on the same origin. Of the one before nothing comes any more when this is
   * fulfilled.
   *
   * Rejects if the proxy does not answer.
   */
  again(): Promise<void>;
}

/**
 * Loads the proxy into a new frame, and a document into the proxy; then the way to the view is open. Its end removes the frame: one
 * that was used before would keep its document where only the fragment of its address changes.
 */
export const openProxy = async (into: Element, proxy: URL, document: Document, within = 10_000): Promise<Mounted> => {
  const { url, html = "", ...declared } = document;
  const frame = globalThis.document.createElement("iframe");
  frame.title = "view";
  // What a frame may not, the frames in it may not either.
  frame.setAttribute("sandbox", tokens(declared.sandbox, true).join(" "));
  frame.allow = allowed(declared.permissions);
  frame.src = url === undefined ? proxy.href : `${proxy.href}#${encodeURIComponent(url)}`;
  into.append(frame);
  const target = frame.contentWindow;
  if (!target) throw Error("the frame is in no document");
  const channel = openWindow(target, proxy.origin);
  const close = () => {
    channel.close();
    frame.remove();
  };
  const ready = async () => {
    const isThere = await new Promise<boolean>((resolve) => {
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
    channel.receive(() => {});
  };
  await ready();
  channel.post({ jsonrpc: "2.0", method: `${SANDBOX}resource-ready`, params: { html, ...declared } });
  const again = () => {
    channel.post({ jsonrpc: "2.0", method: `${SANDBOX}resource-changed`, params: {} });
    return ready();
  };
  return { ...channel, close, frame, again };
};
