/** Controls that all parts share. */

import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";

import { Icon, type IconName } from "./Icon";

interface ActionProps {
  icon: IconName;
  /** The name, which is the tooltip, too. */
  label: string;
  /** The key that does the same. */
  hotkey?: string;
  testid?: string;
  isOn?: boolean;
  isDisabled?: boolean;
  onClick: () => void;
}

/** A button of an icon. */
export const Action = ({ icon, label, hotkey, testid, isOn, isDisabled, onClick }: ActionProps) => (
  <button
    type="button"
    class="action"
    aria-label={label}
    title={hotkey ? `${label} (${hotkey})` : label}
    aria-keyshortcuts={hotkey}
    aria-pressed={isOn}
    disabled={isDisabled}
    data-testid={testid}
    onClick={onClick}
  >
    <Icon name={icon} />
  </button>
);

interface ChoiceProps<T extends string> {
  label: string;
  hotkey?: string;
  value: T;
  options: readonly (readonly [T, string])[];
  testid?: string;
  onChange: (value: T) => void;
}

/** One of several, in a native list. */
export const Choice = <T extends string>({ label, hotkey, value, options, testid, onChange }: ChoiceProps<T>) => (
  <select
    class="choice"
    aria-label={label}
    title={hotkey ? `${label} (${hotkey})` : label}
    aria-keyshortcuts={hotkey}
    value={value}
    data-testid={testid}
    onChange={(event) => onChange(event.currentTarget.value as T)}
  >
    {options.map(([name, title]) => <option key={name} value={name}>{title}</option>)}
  </select>
);

/** One of a few, all in sight. */
export const Segments = <T extends string>({ label, value, options, testid, onChange }: ChoiceProps<T>) => (
  <div class="segments" role="radiogroup" aria-label={label} data-testid={testid}>
    {options.map(([name, title]) => (
      <label key={name}>
        <input type="radio" name={testid ?? label} value={name} checked={name === value} onChange={() => onChange(name)} />
        <span>{title}</span>
      </label>
    ))}
  </div>
);

/** Yes or no. */
export const Toggle = ({ label, value, testid, onChange }: { label: string; value: boolean; testid?: string; onChange: (value: boolean) => void }) => (
  <label class="toggle">
    <input type="checkbox" checked={value} data-testid={testid} onChange={(event) => onChange(event.currentTarget.checked)} />
    <span>{label}</span>
  </label>
);

/** Copies a text, and says that it did. */
export const Copy = ({ text, label = "Copy", children }: { text: () => string; label?: string; children?: ComponentChildren }) => {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text()).catch(() => {});
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class={children ? "copy wide" : "copy"} title={isDone ? "Copied" : label} aria-label={label} onClick={copy}>
      {children}
      <Icon name={isDone ? "check" : "copy"} />
    </button>
  );
};

/** A field with its label. */
export const Field = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <label class="field-line">
    <span>{label}</span>
    {children}
  </label>
);

/** What an empty panel says: what would fill it. */
export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <p class="title">{title}</p>
    {children && <p>{children}</p>}
  </div>
);

/** Keys that go through a list with one stop for the tab key. */
export const roving = (event: TargetedKeyboardEvent<HTMLElement>, selector: string) => {
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(selector)];
  const at = all.indexOf(document.activeElement as HTMLElement);
  const places: Record<string, number> = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 };
  const to = places[event.key];
  if (to === undefined || !all.length) return;
  event.preventDefault();
  all[Math.min(all.length - 1, Math.max(0, to))]?.focus();
};
