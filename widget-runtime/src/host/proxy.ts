/** The sandbox proxy: a page on an origin of its own that loads one view, and relays between it and the host. */

import { Code, type Message } from "../message";
import { Bucket, isId, LIMITS, written } from "./limits";
import { allowed, policy, tokens, under } from "./policy";

const SANDBOX = "ui/notifications/sandbox-";

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

const load = ({ html = "", sandbox, csp, permissions }: any) => {
  const url = address();
  frame = document.createElement("iframe");
  frame.sandbox.add(...tokens(sandbox, url !== undefined));
  frame.allow = allowed(permissions);
  frame.title = "view";
  frame.style.cssText = "border:0;display:block;width:100%;height:100%";
  viewOrigin = url ? url.origin : "null";
  if (url) frame.src = url.href;
  else frame.srcdoc = under(policy(csp), String(html));
  let loads = 0;
  frame.addEventListener("load", () => {
    if (++loads === 1) return;
    frame?.remove();
    console.error("the view has gone to another document, and was removed");
  });
  document.body.append(frame);
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
    }
  } else if (frame && source === frame.contentWindow && origin === viewOrigin && hostOrigin !== undefined) {
    if (!bucket.take()) return;
    if (written(data, LIMITS.size) === undefined) refuse(data);
    else if (!isOfSandbox(data)) host.postMessage(data, hostOrigin);
  }
});

// It says nothing, and whom to say it to is not known yet.
host.postMessage({ jsonrpc: "2.0", method: `${SANDBOX}proxy-ready`, params: {} }, "*");
