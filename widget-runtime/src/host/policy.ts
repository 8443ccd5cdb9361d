/** The content policy of a view, where a document has to bring it itself. */

export interface Csp {
  connectDomains?: string[];
  resourceDomains?: string[];
  frameDomains?: string[];
  baseUriDomains?: string[];
}

/** An origin, with a path at most: nothing that ends a source, a directive or an attribute. */
const SOURCE = /^(?:https?|wss?):\/\/(?:\*\.)?[a-z0-9.-]+(?::\d+)?(?:\/[\w./~-]*)?$/i;

const sources = (domains: unknown): string[] =>
  Array.isArray(domains) ? domains.filter((domain) => typeof domain === "string" && SOURCE.test(domain)) : [];

/** The strict policy of the specification, opened for what is declared. */
export const policy = (csp: Csp = {}): string => {
  const resources = sources(csp.resourceDomains);
  const or = (domains: unknown, otherwise: string) => sources(domains).join(" ") || otherwise;
  const directives: [string, ...string[]][] = [
    ["default-src", "'none'"],
    ["script-src", "'self'", "'unsafe-inline'", ...resources],
    ["style-src", "'self'", "'unsafe-inline'", ...resources],
    ["img-src", "'self'", "data:", ...resources],
    ["media-src", "'self'", "data:", ...resources],
    ["font-src", "'self'", ...resources],
    ["connect-src", or(csp.connectDomains, "'none'")],
    ["frame-src", or(csp.frameDomains, "'none'")],
    ["base-uri", or(csp.baseUriDomains, "'self'")],
    ["object-src", "'none'"],
    ["form-action", "'none'"],
  ];
  return directives.map((directive) => directive.join(" ")).join("; ");
};

/**
 * The document under this policy, which comes before anything that may be a script. Only for `srcdoc`, whose documents need no doctype
 * to come first.
 */
export const under = (policy: string, html: string): string =>
  `<meta http-equiv="Content-Security-Policy" content="${policy}">${html}`;

const FEATURES: Record<string, string> = {
  camera: "camera",
  microphone: "microphone",
  geolocation: "geolocation",
  clipboardWrite: "clipboard-write",
};

/** The `allow` of a frame with these permissions. */
export const allowed = (permissions: object = {}): string =>
  Object.keys(permissions)
    .flatMap((permission) => (Object.hasOwn(FEATURES, permission) ? FEATURES[permission] : []))
    .join("; ");

/** Tokens that every view has. */
const GIVEN = ["allow-scripts", "allow-forms"];
/** Tokens that a host may add for a view. Nothing that leaves the frame. */
const ADDED = ["allow-modals", "allow-downloads"];

/** Tokens of a view's sandbox. An origin it has only where that is not the proxy's: on that it could rewrite the proxy. */
export const tokens = (asked: unknown, hasOrigin: boolean): string[] => {
  const more = String(asked ?? "").split(/\s+/);
  return [...GIVEN, ...ADDED.filter((token) => more.includes(token)), ...(hasOrigin ? ["allow-same-origin"] : [])];
};
