/** The right of the page: what happened. */

import { useMemo } from "preact/hooks";

import { panel, PANELS, type Panel } from "../model/layout";
import { questions } from "../model/questions";
import { tasks } from "../model/tasks";
import { turn } from "../model/turn";
import { roving } from "./controls";
import { Log } from "./Log";
import { Policy } from "./Policy";
import { State } from "./State";
import { Tasks } from "./Tasks";
import { Access } from "./Access";

const TITLES: Record<Panel, string> = { log: "Log", tasks: "Tasks", state: "State", policy: "Policy", a11y: "A11y" };
const PARTS: Record<Panel, () => any> = { log: Log, tasks: Tasks, state: State, policy: Policy, a11y: Access };

/** What a tab says of its panel while another is open. */
const badge = (name: Panel): { text: string; isUrgent: boolean } | undefined => {
  if (name === "tasks") {
    const asks = questions.value.length + tasks.value.filter((task) => task.isOurs.value && task.view.value.inputRequests && !task.isOver).length;
    if (asks) return { text: `${asks} to answer`, isUrgent: true };
    const open = tasks.value.filter(({ view }) => view.value.status === "working" || view.value.status === "input_required").length;
    return open ? { text: String(open), isUrgent: false } : undefined;
  }
  if (name === "policy") {
    const count = turn.value?.scenes.value.reduce((sum, scene) => sum + scene.violations.value.length, 0);
    return count ? { text: String(count), isUrgent: true } : undefined;
  }
  return undefined;
};

export const Panels = () => {
  const now = panel.value;
  const Part = useMemo(() => PARTS[now], [now]);
  return (
    <section class="panels" aria-label="What happened">
      <div class="tabs" role="tablist" aria-label="Panels" onKeyDown={(event) => roving(event, "[role='tab']")}>
        {PANELS.map((name, at) => {
          const mark = badge(name);
          return (
            <button
              key={name} type="button" role="tab" id={`tab-${name}`} aria-controls="panel" aria-selected={name === now} tabIndex={name === now ? 0 : -1}
              title={`${TITLES[name]} (${at + 1})`} aria-keyshortcuts={String(at + 1)} data-testid={`tab-${name}`}
              onClick={() => void (panel.value = name)} onFocus={() => void (panel.value = name)}
            >
              {TITLES[name]}
              {mark && <span class={`badge ${mark.isUrgent ? "urgent" : ""}`}>{mark.text}</span>}
            </button>
          );
        })}
      </div>
      <div id="panel" class={`panel ${now}`} role="tabpanel" aria-labelledby={`tab-${now}`} tabIndex={-1} data-testid={`panel-${now}`}>
        <Part />
      </div>
    </section>
  );
};
