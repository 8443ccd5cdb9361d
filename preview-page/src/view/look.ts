/** A script that runs in the copy of a view: it looks for barriers, and for the stops of the tab key. */

import { Own, type Found, type Stop } from "./names";

interface Axe {
  run(context: Document, options: object): Promise<{ violations: { id: string; impact?: string; help: string; nodes: { target: unknown[]; html: string; failureSummary?: string }[] }[] }>;
}

const STOPS = "a[href], button, input, select, textarea, summary, iframe, audio[controls], video[controls], [tabindex], [contenteditable]";

/** Findings and stops that are told at most. */
const MOST = 200;

const isStop = (element: Element): element is HTMLElement =>
  element instanceof HTMLElement && element.tabIndex >= 0 && !element.matches(":disabled, [inert] *, [inert]") && element.checkVisibility({ visibilityProperty: true });

const nameOf = (element: HTMLElement): string => {
  const labelled = (element.getAttribute("aria-labelledby") ?? "").split(/\s+/).map((id) => (id && document.getElementById(id)?.textContent) || "").join(" ").trim();
  const label = "labels" in element ? [...((element as HTMLInputElement).labels ?? [])].map(({ textContent }) => textContent).join(" ").trim() : "";
  const text = element instanceof HTMLInputElement ? element.value || element.placeholder : element.textContent;
  return (element.getAttribute("aria-label") || labelled || label || text || element.title || "").replace(/\s+/g, " ").trim().slice(0, 120);
};

const roleOf = (element: HTMLElement): string =>
  element.getAttribute("role") ?? { a: "link", input: (element as HTMLInputElement).type, select: "list", textarea: "text", iframe: "frame" }[element.localName] ?? element.localName;

/** The stops in the order of the tab key: positive indices first. */
const walk = (): Stop[] => {
  const all = [...document.querySelectorAll(STOPS)].filter(isStop);
  // A group of radio buttons is one stop.
  const groups = new Set<string>();
  const stops = all.filter((element) => {
    if (!(element instanceof HTMLInputElement) || element.type !== "radio" || !element.name) return true;
    return !groups.has(element.name) && groups.add(element.name);
  });
  const order = (element: HTMLElement) => (element.tabIndex > 0 ? element.tabIndex : Infinity);
  return stops
    .map((element, at) => ({ element, at }))
    .sort((a, b) => order(a.element) - order(b.element) || a.at - b.at)
    .slice(0, MOST)
    .map(({ element }) => {
      const { left, top } = element.getBoundingClientRect();
      return { role: roleOf(element), name: nameOf(element), isForced: element.tabIndex > 0, left: Math.round(left), top: Math.round(top) };
    });
};

addEventListener("message", async ({ data, source }) => {
  if (source !== parent || data?.method !== Own.Look) return;
  const tell = (params: Found) => parent.postMessage({ jsonrpc: "2.0", method: Own.Found, params }, "*");
  try {
    const { axe } = globalThis as unknown as { axe: Axe };
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    const findings = violations.slice(0, MOST).map(({ id, impact = "minor", help, nodes }) => ({
      id,
      impact,
      help,
      places: nodes.slice(0, 20).map(({ target, html, failureSummary = "" }) => ({ selector: target.flat().join(" "), html: html.slice(0, 300), fix: failureSummary.slice(0, 600) })),
    }));
    const { scrollWidth, clientWidth } = document.documentElement;
    tell({ findings, stops: walk(), isWider: scrollWidth > clientWidth });
  } catch (error) {
    tell({ findings: [], stops: [], trouble: String(error) });
  }
});
