/** Every message, as it came: between views and the host, and between the host and the server. */

import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

import { all, clear, isError, isPaused, text, version, type Entry } from "../model/log";
import { Action, Copy, Empty, roving, Segments } from "./controls";
import { summary } from "./summary";
import { Tree } from "./Tree";

const filter = signal("");
const hidden = signal<ReadonlySet<string>>(new Set());
const opened = signal<number | undefined>(undefined);
const isRaw = signal(false);
/** Rows that are in the page; earlier ones on demand. */
const shown = signal(400);
const PAGE = 400;

const KINDS = [["view", "View"], ["server", "Server"], ["notes", "Notes"], ["errors", "Errors only"]] as const;

const layer = ({ from, to }: Entry) => (from === "view" || to === "view" ? "view" : "server");
const isNote = ({ message }: Entry) => message !== undefined && message.id === undefined;

/** The moment at which the log was paused. */
const pausedAt = signal(Infinity);

const passes = (entry: Entry): boolean => {
  const off = hidden.value;
  if (entry.n > pausedAt.value || off.has(layer(entry))) return false;
  if (off.has("notes") && isNote(entry)) return false;
  if (off.has("errors") && !isError(entry)) return false;
  const words = filter.value.toLowerCase().trim();
  if (!words) return true;
  const { method, text } = summary(entry);
  return `${method} ${text} ${entry.scene ?? ""}`.toLowerCase().includes(words);
};

const entries = computed(() => {
  void version.value;
  return all().filter(passes);
});

export const pause = () => {
  isPaused.value = !isPaused.value;
  pausedAt.value = isPaused.value ? (all().at(-1)?.n ?? -1) : Infinity;
};

/** Seconds since the page was opened, to the millisecond. */
const time = (at: number) => (at / 1000).toFixed(3);

const LANES: Record<string, [string, string]> = {
  "view host": ["→", "view to host"],
  "host view": ["←", "host to view"],
  "host server": ["⇢", "host to server"],
  "server host": ["⇠", "server to host"],
};

/** A message in the list. `isStop` if the tab key stops there: the arrow keys lead to the others. */
const Row = ({ entry, isStop }: { entry: Entry; isStop: boolean }) => {
  const { method, text, kind } = summary(entry);
  const isOpen = opened.value === entry.n;
  const [arrow, lane] = LANES[`${entry.from} ${entry.to}`] ?? ["·", ""];
  return (
    <li class={`entry is-${kind} of-${layer(entry)}${isOpen ? " open" : ""}`}>
      <button
        type="button" class="line" aria-expanded={isOpen} tabIndex={isStop ? 0 : -1} onClick={() => void (opened.value = isOpen ? undefined : entry.n)}
        title={`${lane}${entry.scene ? `, ${entry.scene}` : ""}`}
      >
        <span class="time">{time(entry.at)}</span>
        <span class="arrow" aria-hidden="true">{arrow}</span>
        <span class="visually-hidden">{lane}, </span>
        <span class="what"><span class="method">{method}</span> <span class="text">{text}</span></span>
        {entry.ms !== undefined && <span class="ms">{Math.round(entry.ms)} ms</span>}
      </button>
      {isOpen && (
        <div class="detail">
          <div class="row"><span class="muted">{lane}{entry.scene ? `, ${entry.scene}` : ""}</span><span class="grow" /><Segments label="Message as" testid="message-as" value={isRaw.value ? "raw" : "tree"} options={[["tree", "Tree"], ["raw", "Raw"]]} onChange={(value) => void (isRaw.value = value === "raw")} /><Copy text={() => JSON.stringify(entry.message ?? entry.note, null, 2)} label="Copy as JSON" /></div>
          {isRaw.value ? <pre class="raw">{JSON.stringify(entry.message ?? entry.note)}</pre> : <Tree value={entry.message ?? entry.note} open={3} />}
        </div>
      )}
    </li>
  );
};

export const Log = () => {
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  const found = entries.value;
  const rows = found.slice(-shown.value);
  const stop = rows.some(({ n }) => n === opened.value) ? opened.value : rows.at(-1)?.n;
  useLayoutEffect(() => {
    if (list.current && isAtEnd.current && opened.value === undefined) list.current.scrollTop = list.current.scrollHeight;
  });
  const toggle = (name: string) => {
    const next = new Set(hidden.value);
    if (!next.delete(name)) next.add(name);
    hidden.value = next;
  };
  const download = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: "application/x-ndjson" }));
    Object.assign(document.createElement("a"), { href: url, download: "log.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  };
  return (
    <>
      <div class="row tools-of-log">
        <input type="search" class="grow" placeholder="Filter" aria-label="Filter the log" data-testid="filter" value={filter.value} onInput={(event) => void (filter.value = event.currentTarget.value)} />
        <Action icon={isPaused.value ? "play" : "pause"} label={isPaused.value ? "Go on" : "Pause"} hotkey="." isOn={isPaused.value} testid="pause" onClick={pause} />
        <Action icon="download" label="Save the log" onClick={download} />
        <Action icon="trash" label="Clear the log" testid="clear" onClick={clear} />
      </div>
      <div class="row chips" role="group" aria-label="Shown">
        {KINDS.map(([name, title]) => {
          const isOn = name === "errors" ? hidden.value.has(name) : !hidden.value.has(name);
          return <button key={name} type="button" class="chip" aria-pressed={isOn} data-testid={`chip-${name}`} onClick={() => toggle(name)}>{title}</button>;
        })}
        <span class="grow" />
        <span class="muted figures">{found.length}</span>
      </div>
      {found.length === 0
        ? <Empty title={all().length ? "Nothing passes the filter" : "Nothing yet"}>{all().length === 0 && "Each message between the view, this host and the server comes here."}</Empty>
        : (
          <ol
            class="entries" ref={list} aria-label="Messages" data-testid="entries" tabIndex={-1} onKeyDown={(event) => roving(event, ".line")}
            onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => void (isAtEnd.current = scrollTop + clientHeight > scrollHeight - 24)}
          >
            {found.length > rows.length && <li><button type="button" class="link earlier" onClick={() => void (shown.value += PAGE * 5)}>{found.length - rows.length} earlier</button></li>}
            {rows.map((entry) => <Row key={entry.n} entry={entry} isStop={entry.n === stop} />)}
          </ol>
        )}
    </>
  );
};
