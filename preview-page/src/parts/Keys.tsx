/** The keys of the page, and their list. */

import { useEffect, useRef } from "preact/hooks";

import { isHelpOpen, panel, PANELS, region, REGIONS } from "../model/layout";
import { choose, profile, profiles } from "../model/profiles";
import { mode, MODES, theme } from "../model/simulation";
import { outcome, step } from "../model/traces";
import { compared, replay, turn } from "../model/turn";
import { callNow } from "./Arguments";
import { pause } from "./Log";

const next = <T,>(all: readonly T[], now: T): T => all[(all.indexOf(now) + 1) % all.length] as T;

const focus = (selector: string) => {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
};

const leave = () => {
  if (turn.value?.scenes.value.some(({ mode, isModal }) => mode.value !== "inline" || isModal.value)) {
    mode.value = "inline";
    for (const scene of turn.value.scenes.value) {
      scene.place("inline");
      scene.isModal.value = false;
    }
  } else if (compared.value.length) compared.value = [];
};

/** Each key with what it does. */
const KEYS: [keys: string[], title: string, run: (key: string) => void][] = [
  [["/"], "find a tool", () => {
    region.value = "tools";
    focus("#search");
  }],
  [["Enter"], "call the chosen tool", callNow],
  [["r"], "reload the view", () => void turn.value?.refresh(true)],
  [["t"], "light or dark", () => void (theme.value = theme.value === "dark" ? "light" : "dark")],
  [["d"], "next display mode", () => {
    const known = profile.value?.host.context.availableDisplayModes ?? ["inline"];
    mode.value = next(MODES.filter((name) => known.includes(name)), mode.value);
  }],
  [["h"], "next host", () => {
    const ids = profiles.value.map(({ id }) => id);
    if (profile.value) choose(next(ids, profile.value.id));
  }],
  [["c"], "compare with the next host, or end it", () => {
    if (compared.value.length) return void (compared.value = []);
    const ids = profiles.value.filter(({ client }) => client.ui).map(({ id }) => id);
    if (profile.value && ids.length > 1) compared.value = [next(ids, profile.value.id)];
  }],
  [["1", "2", "3", "4", "5"], "a panel", (key) => {
    const name = PANELS[Number(key) - 1];
    if (!name) return;
    panel.value = name;
    region.value = "panels";
    focus(`#tab-${name}`);
  }],
  [["[", "]"], "a replay again, or its next message", (key) => {
    if (key === "]") step();
    else if (outcome.value) void replay(outcome.value.name);
  }],
  [["."], "pause the log", pause],
  [["?"], "these keys", () => void (isHelpOpen.value = true)],
  [["Escape"], "back", leave],
];

/** The next region of the page. */
const cycle = (isBack: boolean) => {
  const places = [".tool[tabindex='0'], #search", "[data-testid='stage']", "[role='tab'][aria-selected='true']"];
  const inside = [".tools, .arguments", ".stage", ".panels"].findIndex((selector) => document.activeElement?.closest(selector));
  const to = (inside + (isBack ? -1 : 1) + places.length) % places.length;
  region.value = REGIONS[to]!;
  requestAnimationFrame(() => focus(places[to]!));
};

/** Something that has a use for keys of its own. */
const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const isButton = (target: EventTarget | null) => target instanceof HTMLElement && /^(BUTTON|SUMMARY|A)$/.test(target.tagName);

export const listenToKeys = () => {
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "F6") {
      event.preventDefault();
      return cycle(event.shiftKey);
    }
    // What lies over the page is closed by the browser.
    if (document.querySelector(":popover-open, dialog[open]")) return;
    if (event.key === "Escape" && isField(event.target)) return (event.target as HTMLElement).blur();
    if (isField(event.target) || (event.key === "Enter" && isButton(event.target))) return;
    const found = KEYS.find(([keys]) => keys.includes(event.key));
    if (!found) return;
    event.preventDefault();
    found[2](event.key);
  });
};

export const Keys = () => {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOpen = isHelpOpen.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="keys" aria-label="Keys" onClose={() => void (isHelpOpen.value = false)} data-testid="keys-list">
      <h2>Keys</h2>
      <dl>
        {KEYS.map(([keys, title]) => <div key={title}><dt>{keys.map((key) => <kbd key={key}>{key === "Escape" ? "Esc" : key}</kbd>)}</dt><dd>{title}</dd></div>)}
        <div><dt><kbd>F6</kbd></dt><dd>next part of the page</dd></div>
      </dl>
      <p class="muted">None while a field or the view has the focus.</p>
      <form method="dialog"><button type="submit">Close</button></form>
    </dialog>
  );
};
