/** State of a view in the first place that keeps it: the host, ChatGPT, the browser's storage, the page. */

import { attempt } from "./attempt";
import { Name } from "../message";

declare global {
  interface Window {
    /** Of ChatGPT. */
    openai?: { widgetState?: unknown; setWidgetState(state: unknown): void };
  }
}

/**
 * Gives the bridge its `state`, and a function that looks for it: when the host is known, and when the view's id is. `tell` tells a
 * host that keeps it.
 */
export const keep = (mcp: Mcp, tell: (state: unknown) => void) => {
  let state: unknown;
  let save: ((state: unknown) => void) | undefined;
  Object.defineProperty(mcp, "state", {
    get: () => state,
    set(value) {
      state = value;
      save?.(value ?? null);
    },
  });
  return (view?: unknown) => {
    const { openai } = window;
    const place = Name.State + view;
    let found: unknown;
    if (Name.State in mcp.context) {
      found = mcp.context[Name.State];
      save = tell;
    } else if (openai) {
      found = openai.widgetState;
      save = (state) => openai.setWidgetState(state);
    } else if (view) {
      // Opaque origins have no storage, and some browsers allow none to frames.
      found = attempt(() => JSON.parse(localStorage[place]));
      save = (state) => attempt(() => (localStorage[place] = JSON.stringify(state)));
    }
    if (found != null) state = found;
    else if (state != null) save?.(state);
  };
};
