/** The sandbox proxy: a page on an origin of its own that loads one view, and relays between it and the host. */

import { Code, type Message } from "../message";
import { Bucket, isId, LIMITS, written } from "./limits";
import { allowed, policy, tokens, under } from "./policy";

const SANDBOX = "ui/notifications/sandbox-";

/** A document that another takes the place of is seen until that is initialized, or for so long, in milliseconds. */
const LINGER = 500;

const host = parent;
let hostOrigin: string | undefined;
let frame: HTMLIFrameElement | undefined;
let viewOrigin: string;
// The host's own limit is lower, and tells the view.
const bucket = new Bucket(1000, 200);

/** The address of the view that the host has named in ours: on a host of its own under this one, at this port. */
const address = (): URL | undefined => {
  const name = decodeURIComponent(location.hash.slice(1));
  if (!URL.canParse(name)) return undefined;
  const url = new URL(name);
  const isOurs = url.protocol === location.protocol && url.port === location.port;
  return isOurs && /^[a-z0-9-]+\.localhost$/.test(url.hostname) && !url.username && !url.password ? url : undefined;
};

/** Removes the frame of before, if it is still there. */
let leave = () => {};

const load = ({ html = "", sandbox, csp, permissions }: any) => {
  const url = address();
  const next = document.createElement("iframe");
  next.sandbox.add(...tokens(sandbox, url !== undefined));
  next.allow = allowed(permissions);
  viewOrigin = url ? url.origin : "null";
  if (url) next.src = url.href;
  else next.srcdoc = under(policy(csp), String(html));
  show(next);
};

const show = (next: HTMLIFrameElement) => {
  next.title = "view";
  next.style.cssText = "border:0;position:absolute;inset:0;width:100%;height:100%";
  let loads = 0;
  next.addEventListener("load", () => {
    if (++loads === 1) return;
    next.remove();
    console.error("the view has gone to another document, and was removed");
  });
  frame = next;
  document.body.append(next);
};

/** Loads the address once more. The frame of before is there until then: with it a browser would end the process that both are in. */
const reload = (before: HTMLIFrameElement) => {
  leave();
  show(before.cloneNode() as HTMLIFrameElement);
  leave = () => before.remove();
  setTimeout(leave, LINGER);
};

/** Says to the view what the host would have said, had it come so far. */
const refuse = ({ id, method }: Message) => {
  const error = { code: Code.Refused, message: "the message is too large, or no JSON" };
  if (method !== undefined && isId(id)) post({ jsonrpc: "2.0", id, error });
};

const post = (message: Message) => frame?.contentWindow?.postMessage(message, viewOrigin === "null" ? "*" : viewOrigin);

const isOfSandbox = ({ method }: Message) => String(method).startsWith(SANDBOX);

addEventListener("message", ({ data, origin, source }: MessageEvent<Message>) => {
  if (data?.jsonrpc !== "2.0") return;
  if (source === host) {
    if (hostOrigin !== undefined && origin !== hostOrigin) return;
    if (!isOfSandbox(data)) post(data);
    else if (!frame && data.method === `${SANDBOX}resource-ready`) {
      hostOrigin = origin;
      load(data.params ?? {});
    } else if (frame && data.method === `${SANDBOX}resource-changed` && viewOrigin !== "null") {
      reload(frame);
      ready(origin);
    }
  } else if (frame && source === frame.contentWindow && origin === viewOrigin && hostOrigin !== undefined) {
    if (!bucket.take()) return;
    if (data.method === "ui/notifications/initialized") leave();
    if (written(data, LIMITS.size) === undefined) refuse(data);
    else if (!isOfSandbox(data)) host.postMessage(data, hostOrigin);
  }
});

const ready = (origin: string) => host.postMessage({ jsonrpc: "2.0", method: `${SANDBOX}proxy-ready`, params: {} }, origin);

// It says nothing, and whom to say it to is not known yet.
ready("*");
