// Built from widget-runtime by `cargo xtask runtime`.
"use strict";
(() => {
  // src/host/limits.ts
  var Bucket = class {
    #burst;
    #rate;
    #now;
    #left;
    #at;
    constructor(burst, rate, now = () => performance.now()) {
      this.#burst = this.#left = burst;
      this.#rate = rate;
      this.#now = now;
      this.#at = now();
    }
    /** Takes one, if there is one. */
    take() {
      const now = this.#now();
      this.#left = Math.min(this.#burst, this.#left + (now - this.#at) / 1e3 * this.#rate);
      this.#at = now;
      if (this.#left < 1) return false;
      this.#left -= 1;
      return true;
    }
  };
  var LIMITS = { burst: 500, rate: 100, patience: 400, pending: 64, size: 4 << 20, state: 256 << 10 };
  var isPlain = (part) => typeof part !== "object" || part === null || Array.isArray(part) || Object.getPrototypeOf(part) === Object.prototype;
  var written = (value, most) => {
    let left = most;
    try {
      const text = JSON.stringify(value, function(name, part) {
        left -= (Array.isArray(this) ? 1 : name.length) + (typeof part === "string" ? part.length : 0);
        if (left < 0 || !isPlain(part)) throw Error("too large, or no JSON");
        return part;
      });
      return text !== void 0 && text.length <= most ? text : void 0;
    } catch {
      return void 0;
    }
  };
  var isId = (id) => typeof id === "number" || typeof id === "string" && id.length <= 1e3;

  // ../pmcp-preview/src/policy.json
  var policy_default = {
    source: "^(?:https?|wss?)://(?:\\*\\.)?[a-z0-9.-]+(?::[0-9]+)?(?:/[a-z0-9_./~-]*)?$",
    directives: [
      { name: "default-src", always: ["'none'"] },
      { name: "script-src", always: ["'self'", "'unsafe-inline'"], declared: "resource" },
      { name: "style-src", always: ["'self'", "'unsafe-inline'"], declared: "resource" },
      { name: "img-src", always: ["'self'", "data:"], declared: "resource" },
      { name: "media-src", always: ["'self'", "data:"], declared: "resource" },
      { name: "font-src", always: ["'self'"], declared: "resource" },
      { name: "connect-src", always: [], declared: "connect", otherwise: "'none'" },
      { name: "frame-src", always: [], declared: "frame", otherwise: "'none'" },
      { name: "base-uri", always: [], declared: "baseUri", otherwise: "'self'" },
      { name: "object-src", always: ["'none'"] },
      { name: "form-action", always: ["'none'"] }
    ],
    features: {
      camera: "camera",
      microphone: "microphone",
      geolocation: "geolocation",
      clipboardWrite: "clipboard-write"
    }
  };

  // src/host/policy.ts
  var LISTS = {
    resource: "resourceDomains",
    connect: "connectDomains",
    frame: "frameDomains",
    baseUri: "baseUriDomains"
  };
  var SOURCE = new RegExp(policy_default.source, "i");
  var sources = (domains) => Array.isArray(domains) ? domains.filter((domain) => typeof domain === "string" && SOURCE.test(domain)) : [];
  var policy = (csp = {}) => policy_default.directives.map(({ name, always, declared, otherwise }) => {
    const all = [...always, ...declared ? sources(csp[LISTS[declared]]) : []];
    return [name, ...all.length || !otherwise ? all : [otherwise]].join(" ");
  }).join("; ");
  var under = (policy2, html) => `<meta http-equiv="Content-Security-Policy" content="${policy2}">${html}`;
  var FEATURES = policy_default.features;
  var allowed = (permissions = {}) => Object.entries(permissions).flatMap(([permission, asked]) => asked && typeof asked === "object" && Object.hasOwn(FEATURES, permission) ? FEATURES[permission] : []).join("; ");
  var GIVEN = ["allow-scripts", "allow-forms"];
  var ADDED = ["allow-modals", "allow-downloads"];
  var tokens = (asked, hasOrigin) => {
    const more = String(asked ?? "").split(/\s+/);
    return [...GIVEN, ...ADDED.filter((token) => more.includes(token)), ...hasOrigin ? ["allow-same-origin"] : []];
  };

  // src/host/proxy.ts
  var SANDBOX = "ui/notifications/sandbox-";
  var LINGER = 500;
  var host = parent;
  var hostOrigin;
  var frame;
  var viewOrigin;
  var bucket = new Bucket(1e3, 200);
  var address = () => {
    const name = decodeURIComponent(location.hash.slice(1));
    if (!URL.canParse(name)) return void 0;
    const url = new URL(name);
    const isOurs = url.protocol === location.protocol && url.port === location.port;
    return isOurs && /^[a-z0-9-]+\.localhost$/.test(url.hostname) && !url.username && !url.password ? url : void 0;
  };
  var leave = () => {
  };
  var load = ({ html = "", sandbox, csp, permissions }) => {
    const url = address();
    const next = document.createElement("iframe");
    next.sandbox.add(...tokens(sandbox, url !== void 0));
    next.allow = allowed(permissions);
    viewOrigin = url ? url.origin : "null";
    if (url) next.src = url.href;
    else next.srcdoc = under(policy(csp), String(html));
    show(next);
  };
  var show = (next) => {
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
  var reload = (before) => {
    leave();
    show(before.cloneNode());
    leave = () => before.remove();
    setTimeout(leave, LINGER);
  };
  var refuse = ({ id, method }) => {
    const error = { code: -32e3 /* Refused */, message: "the message is too large, or no JSON" };
    if (method !== void 0 && isId(id)) post({ jsonrpc: "2.0", id, error });
  };
  var post = (message) => frame?.contentWindow?.postMessage(message, viewOrigin === "null" ? "*" : viewOrigin);
  var isOfSandbox = ({ method }) => String(method).startsWith(SANDBOX);
  addEventListener("message", ({ data, origin, source }) => {
    if (data?.jsonrpc !== "2.0") return;
    if (source === host) {
      if (hostOrigin !== void 0 && origin !== hostOrigin) return;
      if (!isOfSandbox(data)) post(data);
      else if (!frame && data.method === `${SANDBOX}resource-ready`) {
        hostOrigin = origin;
        load(data.params ?? {});
      } else if (frame && data.method === `${SANDBOX}resource-changed` && viewOrigin !== "null") {
        reload(frame);
        ready(origin);
      }
    } else if (frame && source === frame.contentWindow && origin === viewOrigin && hostOrigin !== void 0) {
      if (!bucket.take()) return;
      if (data.method === "ui/notifications/initialized") leave();
      if (written(data, LIMITS.size) === void 0) refuse(data);
      else if (!isOfSandbox(data)) host.postMessage(data, hostOrigin);
    }
  });
  var ready = (origin) => host.postMessage({ jsonrpc: "2.0", method: `${SANDBOX}proxy-ready`, params: {} }, origin);
  ready("*");
})();
