/** What of the page is in sight. */

import { signal } from "@preact/signals";

import { keep, wanted } from "./address";

export const PANELS = ["log", "tasks", "state", "policy", "a11y"] as const;
export type Panel = (typeof PANELS)[number];

export const panel = signal<Panel>(PANELS.find((name) => name === wanted("panel")) ?? "log");
keep("panel", () => (panel.value === "log" ? undefined : panel.value));

/** The region that is in sight where there is room for one. */
export const REGIONS = ["tools", "stage", "panels"] as const;
export type Region = (typeof REGIONS)[number];
export const region = signal<Region>("stage");

export const isHelpOpen = signal(false);

/** What is told to those who do not see it. */
export const said = signal("");
