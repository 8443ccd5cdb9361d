/** The kept records of views, and their replay. */

import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import type { Trace } from "../../../widget-runtime/src/host";
import { isReady } from "../model/connection";
import { isName, keep, list, outcome, pacing, recordOf, remove, step, traces, type Pacing } from "../model/traces";
import { replay, turn } from "../model/turn";
import { Action, Segments } from "./controls";

const PACINGS = [["recorded", "As recorded"], ["once", "At once"], ["stepped", "Stepped"]] as const;

/** A record that is about to be kept. */
const saving = signal<Trace | undefined>(undefined);

/** Begins to keep what has been recorded of the first view. */
export const save = async () => {
  const now = turn.value;
  const [scene] = now?.scenes.value ?? [];
  if (now && scene) saving.value = await recordOf(scene, now.input);
};

const kilobytes = (bytes: number) => `${Math.max(1, Math.round(bytes / 1024))} KiB`;

export const Traces = () => {
  useEffect(() => void list(), [isReady.value]);
  const all = traces.value;
  if (!all.length) return null;
  return (
    <section class="traces" aria-label="Traces" data-testid="traces">
      <h2>Traces</h2>
      <ul>
        {all.map(({ name, bytes }) => (
          <li key={name} class="row">
            <button type="button" class="tool grow" data-testid={`trace-${name}`} title="Replay it" onClick={() => void replay(name)}>
              <span class="name">{name}</span><span class="muted figures">{kilobytes(bytes)}</span>
            </button>
            <Action icon="trash" label={`Delete ${name}`} onClick={() => void remove(name)} />
          </li>
        ))}
      </ul>
      <Segments<Pacing> label="Replay" testid="pacing" value={pacing.value} options={PACINGS} onChange={(value) => void (pacing.value = value)} />
    </section>
  );
};

/** What a replay has shown. */
export const Replayed = () => {
  const now = outcome.value;
  if (!now) return null;
  const { name, isOver, isOther, differences, trouble } = now;
  return (
    <section class="card replayed" aria-label="Replay" data-testid="replay">
      <header class="row">
        <h2>Replay of {name}</h2>
        <span class="muted">{trouble ? "" : isOver ? "all is told" : "going on"}</span>
        <span class="grow" />
        {!isOver && pacing.value === "stepped" && <button type="button" class="quiet" data-testid="step" title="Next message (])" onClick={step}>Next</button>}
        <button type="button" class="quiet" title="From the beginning ([)" onClick={() => void replay(name)}>Again</button>
      </header>
      {trouble && <p class="error" role="alert">{trouble}</p>}
      {isOther && <p class="warn">The view’s document is not the one of the record.</p>}
      {!trouble && differences.length === 0 && isOver && <p data-testid="same">No difference.</p>}
      <ul>
        {differences.map(({ kind, method, params }, at) => (
          <li key={at} class="row" data-testid="difference">
            <span class={`tag ${kind === "unrecorded" ? "bad" : ""}`}>{kind === "unrecorded" ? "not in the trace" : "not asked for"}</span>
            <code>{method}</code><span class="muted">{String((params as any)?.name ?? (params as any)?.uri ?? "")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};

/** What a record is kept as, after a look at what is in it. */
const Keep = ({ trace }: { trace: Trace }) => {
  const [name, setName] = useState("");
  const [trouble, setTrouble] = useState<string | undefined>();
  const counts = new Map<string, number>();
  for (const { message } of trace.frames) if (message.method) counts.set(message.method, (counts.get(message.method) ?? 0) + 1);
  const store = async (event: SubmitEvent) => {
    event.preventDefault();
    // What stands in the fields, as the last key may not be drawn yet.
    const fields = new FormData(event.target as HTMLFormElement);
    try {
      await keep(String(fields.get("name")), trace, String(fields.get("redacted")).split(/\s+/).filter(Boolean));
      saving.value = undefined;
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  return (
    <form class="fields" onSubmit={store}>
      <h2>Keep the record</h2>
      <p class="muted">All messages of the view and of its calls since it was mounted, with their contents. No HTTP header is in it.</p>
      <ul class="counts">{[...counts].map(([method, count]) => <li key={method}><code>{method}</code> <span class="muted figures">{count}</span></li>)}</ul>
      <label for="trace-name">Name: lower-case letters, digits and <code>-</code></label>
      <input id="trace-name" name="name" data-testid="trace-name" value={name} required pattern="[a-z0-9\-]{1,64}" onInput={(event) => setName(event.currentTarget.value)} />
      <label for="trace-redacted">Leave out the values at (JSON pointers of messages)</label>
      <input id="trace-redacted" name="redacted" data-testid="trace-redacted" placeholder="/params/arguments/token /result/*/email" />
      {trouble && <p class="error" role="alert">{trouble}</p>}
      <div class="row"><span class="grow" /><button type="button" onClick={() => void (saving.value = undefined)}>Leave it</button><button type="submit" class="primary" data-testid="keep" disabled={!isName(name)}>Keep</button></div>
    </form>
  );
};

/** Asks how a record is kept. */
export const Saving = () => {
  const dialog = useRef<HTMLDialogElement>(null);
  const trace = saving.value;
  // Open as soon as the fields are there: keys of a quick hand are for them.
  useLayoutEffect(() => (trace ? dialog.current?.showModal() : dialog.current?.close()), [trace]);
  return (
    <dialog ref={dialog} class="keys" aria-label="Keep the record" onClose={() => void (saving.value = undefined)} data-testid="saving">
      {trace && <Keep trace={trace} />}
    </dialog>
  );
};
