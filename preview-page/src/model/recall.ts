/** The call that is shown, for a page that is loaded anew: in its tab alone, and for as long as that is there. */

import type { Tool } from "../wire/types";

const NAME = "call";

/** Characters that are kept. Of a call with more, nothing is. */
const MOST = 1 << 20;

const key = (tool: string, input: object) => JSON.stringify([tool, input]);

/** Keeps a call and its result in the place of the one before; without a result, none. */
export const remember = (tool: string, input: object, result: ToolResult | undefined) => {
  sessionStorage.removeItem(NAME);
  if (!result) return;
  const text = JSON.stringify({ key: key(tool, input), result });
  if (text.length > MOST) return;
  try {
    sessionStorage.setItem(NAME, text);
  } catch {
    // There is no room, so that the call is made again.
  }
};

/** The result of this call, if it was shown when the page was loaded anew. */
export const recalled = ({ name }: Tool, input: object): ToolResult | undefined => {
  const [entry] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  if (entry?.type !== "reload") return undefined;
  const kept = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
  return kept?.key === key(name, input) ? kept.result : undefined;
};
