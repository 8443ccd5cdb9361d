/** `window.openai` as far as the profile of a host has it. It runs before any script of the view, the bridge among them. */

import { Own, type OpenAi } from "./names";

const own = document.currentScript as HTMLScriptElement;
const { has, state } = JSON.parse(own.dataset.given ?? "{}") as { has: { state: boolean; modal: boolean; close: boolean }; state: unknown };

const tell = (params: OpenAi) => parent.postMessage({ jsonrpc: "2.0", method: Own.OpenAi, params }, "*");

const openai: Record<string, unknown> = {};
if (has.state) {
  openai.widgetState = state;
  openai.setWidgetState = async (next: unknown) => {
    openai.widgetState = next;
    tell({ kind: "state", state: next });
    dispatchEvent(new CustomEvent("openai:set_globals", { detail: { globals: { widgetState: next } } }));
  };
}
if (has.modal) openai.requestModal = async () => tell({ kind: "modal" });
if (has.close) openai.requestClose = async () => tell({ kind: "close" });

Object.assign(globalThis, { openai });
own.remove();
