/** The content policy of a view, where a document has to bring it itself. The table is the one that headers are made from. */

import TABLE from "../../../pmcp-preview/src/policy.json" with { type: "json" };

export interface Csp {
  connectDomains?: string[];
  resourceDomains?: string[];
  frameDomains?: string[];
  baseUriDomains?: string[];
}

const LISTS = {
  resource: "resourceDomains",
  connect: "connectDomains",
  frame: "frameDomains",
  baseUri: "baseUriDomains",
} as const satisfies Record<string, keyof Csp>;

interface Directive {
  name: string;
  always: string[];
  declared?: string;
  otherwise?: string;
}

/** An origin, with a path at most: nothing that ends a source, a directive or an attribute. */
const SOURCE = new RegExp(TABLE.source, "i");

const sources = (domains: unknown): string[] =>
  Array.isArray(domains) ? domains.filter((domain) => typeof domain === "string" && SOURCE.test(domain)) : [];

/** The strict policy of the specification, opened for what is declared. */
export const policy = (csp: Csp = {}): string =>
  (TABLE.directives as Directive[])
    .map(({ name, always, declared, otherwise }) => {
      const all = [...always, ...(declared ? sources(csp[LISTS[declared as keyof typeof LISTS]]) : [])];
      return [name, ...(all.length || !otherwise ? all : [otherwise])].join(" ");
    })
    .join("; ");

/**
 * The document under this policy, which comes before anything that may be a script. Only for `srcdoc`, whose documents need no doctype
 * to come first.
 */
export const under = (policy: string, html: string): string =>
  `<meta http-equiv="Content-Security-Policy" content="${policy}">${html}`;

const FEATURES: Record<string, string> = TABLE.features;

/** The `allow` of a frame with these permissions. */
export const allowed = (permissions: object = {}): string =>
  Object.entries(permissions)
    // An object stands for each that is asked for.
    .flatMap(([permission, asked]) => (asked && typeof asked === "object" && Object.hasOwn(FEATURES, permission) ? FEATURES[permission] : []))
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
