/** The tools of the server, and the one that is to be called. */

import { computed, signal } from "@preact/signals";

import type { Tool } from "../wire/types";
import { keep, wanted } from "./address";
import { filled, needs } from "./arguments";
import { upstream } from "./upstream";

export const tools = signal<Tool[] | undefined>(undefined);

/** The reason why there is no list. */
export const trouble = signal<string | undefined>(undefined);

const chosen = signal(wanted("tool"));

export const tool = computed<Tool | undefined>(() => {
  const all = tools.value ?? [];
  return all.find(({ name }) => name === chosen.value) ?? all.find(widget) ?? all.find(isForModel) ?? all[0];
});

/** The address of the view that a tool opens. */
export const widget = ({ _meta }: Tool): string | undefined =>
  [_meta?.ui?.resourceUri, _meta?.["ui/resourceUri"], _meta?.["openai/outputTemplate"]].find((uri) => typeof uri === "string");

const visibility = ({ _meta }: Tool): string[] => (Array.isArray(_meta?.ui?.visibility) ? _meta.ui.visibility : ["model", "app"]);
export const isForModel = (tool: Tool) => visibility(tool).includes("model");
export const isForView = (tool: Tool) => visibility(tool).includes("app");

/** Names of tools whose calls have become tasks: revisions without a mark are learned from. */
const known = signal(new Set<string>());
export const noteTask = (name: string) => {
  if (!known.value.has(name)) known.value = new Set([...known.value, name]);
};
export const isTask = ({ name, execution }: Tool) =>
  known.value.has(name) || execution?.taskSupport === "optional" || execution?.taskSupport === "required";

/** A tool that is called when the page is opened: it has a view, changes nothing, and needs nothing. */
export const isOpening = (tool: Tool) =>
  widget(tool) !== undefined && tool.annotations?.readOnlyHint === true && needs(tool.inputSchema).length === 0;

/** What each tool is to be called with: as it was left, or filled from its schema. */
const inputs = signal<Record<string, object>>({});
export const input = computed<object>(() => {
  const now = tool.value;
  return now ? (inputs.value[now.name] ?? filled(now.inputSchema)) : {};
});
export const setInput = (value: object) => {
  if (tool.value) inputs.value = { ...inputs.value, [tool.value.name]: value };
};

export const select = (name: string) => void (chosen.value = name);

/** Tools that are listed. */
const MOST = 5000;

/** Reads the list, page by page. */
export const load = async () => {
  try {
    const all: Tool[] = [];
    let cursor: string | undefined;
    do {
      const page = await upstream().request("tools/list", cursor === undefined ? {} : { cursor });
      all.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor !== undefined && all.length < MOST);
    tools.value = all;
    trouble.value = undefined;
  } catch (error) {
    trouble.value = (error as Error).message;
  }
};

const given = wanted("args");
if (given && chosen.value) {
  try {
    inputs.value = { [chosen.value]: JSON.parse(given) };
  } catch {
    // An address that was cut off is as good as one without arguments.
  }
}
keep("tool", () => (tools.value ? tool.value?.name : chosen.value));
keep("args", () => {
  const now = tool.value;
  const changed = now ? inputs.value[now.name] : chosen.value && inputs.value[chosen.value];
  return changed ? JSON.stringify(changed) : undefined;
});
