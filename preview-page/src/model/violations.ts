/** What the policy of a view has stopped, and what to declare so that it would not. */

/** Something that was stopped. */
export interface Violation {
  directive: string;
  /** The address, or a word such as `inline` and `eval`. */
  blocked: string;
  file?: string;
  line?: number;
  column?: number;
}

/** All that was stopped of one origin. */
export interface Group {
  /** The origin; the word for what has none. */
  origin: string;
  directives: string[];
  all: Violation[];
  /** The attribute of `#[widget]` to add, and the kind of origin to try with. */
  advice?: { attribute: string; kind: "connect" | "resource" | "frame" | "base" };
  /** What to do where no attribute helps. */
  help?: string;
}

const KINDS: Record<string, "connect" | "resource" | "frame" | "base"> = {
  "connect-src": "connect",
  "frame-src": "frame",
  "child-src": "frame",
  "base-uri": "base",
};
const RESOURCES = ["script-src", "style-src", "img-src", "media-src", "font-src"];

const kindOf = (directive: string) =>
  KINDS[directive] ?? (RESOURCES.some((known) => directive.startsWith(known)) ? "resource" : undefined);

const originOf = (blocked: string) => (/^(https?|wss?):/.test(blocked) && URL.canParse(blocked) ? new URL(blocked).origin : blocked);

const HELP: Record<string, string> = {
  eval: "code made of text is not allowed: hosts have no `unsafe-eval`",
  "wasm-eval": "WebAssembly is compiled in no host with a strict policy",
  inline: "this host allows no inline script",
  blob: "no host allows `blob:` here: put the file beside the page",
  data: "`data:` is allowed for images and media only",
};

const helpOf = ({ directive, blocked }: Violation): string | undefined => {
  if (directive === "form-action") return "forms are not sent: listen to `submit` and call a tool";
  if (directive === "object-src") return "plug-ins are never allowed";
  if (directive === "worker-src") return "workers are not allowed: hosts have no directive for them";
  return HELP[blocked.replace(/:.*$/, "")];
};

/** Violations by origin, the most frequent first. */
export const grouped = (all: Violation[]): Group[] => {
  const groups = new Map<string, Group>();
  for (const violation of all) {
    const origin = originOf(violation.blocked);
    const kind = origin.includes("://") ? kindOf(violation.directive) : undefined;
    const name = `${origin} ${kind ?? violation.directive}`;
    const group = groups.get(name) ?? { origin, directives: [], all: [] };
    groups.set(name, group);
    group.all.push(violation);
    if (!group.directives.includes(violation.directive)) group.directives.push(violation.directive);
    if (kind) group.advice = { attribute: `csp(${kind === "base" ? "base_uri" : kind} = ["${origin}"])`, kind };
    else group.help = helpOf(violation);
  }
  return [...groups.values()].sort((a, b) => b.all.length - a.all.length);
};
