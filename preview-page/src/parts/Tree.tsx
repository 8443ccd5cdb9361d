/** A value of JSON as a tree. */

import { useEffect, useRef, useState } from "preact/hooks";

/** Parts that are shown before somebody asks for more. */
const AT_ONCE = 100;
/** Characters of a text that are shown before somebody asks for more. */
const LONG = 300;

interface TreeProps {
  value: unknown;
  name?: string;
  /** Levels that are open at the start. */
  open?: number;
  /** Values that change are shown to have changed. */
  isLive?: boolean;
}

const isBranch = (value: unknown): value is object => typeof value === "object" && value !== null;

/** A branch in a few words. */
const brief = (value: object): string => {
  if (Array.isArray(value)) return value.length === 1 ? "[1 item]" : `[${value.length} items]`;
  const names = Object.keys(value);
  const shown = names.slice(0, 4).join(", ");
  return `{${shown}${names.length > 4 ? ", …" : ""}}`;
};

const Name = ({ name }: { name?: string }) => (name === undefined ? null : <><span class="name">{name}</span><span class="colon">: </span></>);

const Leaf = ({ name, value, isLive }: TreeProps) => {
  const [isWhole, setWhole] = useState(false);
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  const isLong = text.length > LONG && !isWhole;
  const first = useRef(true);
  useEffect(() => void (first.current = false), []);
  return (
    <div class="leaf">
      <Name name={name} />
      <span key={isLive ? text : undefined} class={`value ${value === null ? "null" : typeof value}${isLive && !first.current ? " changed" : ""}`}>
        {isLong ? text.slice(0, LONG) : text}
      </span>
      {isLong && <button type="button" class="link" onClick={() => setWhole(true)}>… {text.length - LONG} more</button>}
    </div>
  );
};

const Branch = ({ name, value, open = 0, isLive }: TreeProps & { value: object }) => {
  const [isOpen, setOpen] = useState(open > 0);
  const [most, setMost] = useState(AT_ONCE);
  const parts = Object.entries(value);
  if (!parts.length) return <div class="leaf"><Name name={name} /><span class="value null">{Array.isArray(value) ? "[]" : "{}"}</span></div>;
  return (
    <details class="branch" open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><Name name={name} /><span class="brief">{isOpen ? (Array.isArray(value) ? "[" : "{") : brief(value)}</span></summary>
      {isOpen && (
        <div class="parts">
          {parts.slice(0, most).map(([name, part]) => <Tree key={name} name={name} value={part} open={open - 1} isLive={isLive} />)}
          {parts.length > most && <button type="button" class="link" onClick={() => setMost(most * 10)}>… {parts.length - most} more</button>}
        </div>
      )}
    </details>
  );
};

export const Tree = (props: TreeProps) =>
  isBranch(props.value) ? <Branch {...props} value={props.value} /> : <Leaf {...props} />;
