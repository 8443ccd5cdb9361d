/** The page. */

import { effect } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { connection } from "../model/connection";
import { region, REGIONS, said, type Region } from "../model/layout";
import { theme } from "../model/simulation";
import { Arguments } from "./Arguments";
import { Trouble } from "./Connection";
import { Header } from "./Header";
import { Keys, listenToKeys } from "./Keys";
import { Panels } from "./Panels";
import { Stage } from "./Stage";
import { Tools } from "./Tools";
import { Saving, Traces } from "./Traces";

const TITLES: Record<Region, string> = { tools: "Tools", stage: "View", panels: "What happened" };

export const App = () => {
  useEffect(() => listenToKeys(), []);
  useEffect(() => effect(() => void (document.documentElement.dataset.theme = theme.value)), []);
  useEffect(() => effect(() => {
    const { state, server } = connection.value;
    document.title = `${server?.title ?? server?.name ?? "Preview"}${state === "ready" ? "" : ` (${state})`}`;
  }), []);
  return (
    <div class="page" data-region={region.value}>
      <Header />
      <Trouble />
      <nav class="regions" aria-label="Parts of the page">
        {REGIONS.map((name) => <button key={name} type="button" aria-current={name === region.value ? "true" : undefined} data-testid={`region-${name}`} onClick={() => void (region.value = name)}>{TITLES[name]}</button>)}
      </nav>
      <main class="columns">
        <div class="left"><Tools /><Arguments /><Traces /></div>
        <Stage />
        <div class="right"><Panels /></div>
      </main>
      <div class="visually-hidden" role="status" aria-live="polite">{said.value}</div>
      <Keys />
      <Saving />
    </div>
  );
};
