/** The result of a call as the model reads it. */

import { signal } from "@preact/signals";

import { span } from "../model/clock";
import type { Turn } from "../model/turn";
import { Segments } from "./controls";
import { Result } from "./Result";
import { Tree } from "./Tree";

const isRaw = signal(false);

export const Reads = ({ of }: { of: Turn }) => {
  const result = of.result.value;
  const error = of.error.value;
  if (!result && !error) return null;
  return (
    <section class="reads card" aria-label="What the model reads" data-testid="reads">
      <header class="row">
        <h2>The model reads</h2>
        {result?.isError && <span class="tag bad">the tool says that it failed</span>}
        {of.ms.value !== undefined && <span class="figures muted">{span(of.ms.value)}</span>}
        <span class="grow" />
        {result && <Segments label="Result as" testid="result-as" value={isRaw.value ? "raw" : "read"} options={[["read", "Read"], ["raw", "Raw"]]} onChange={(value) => void (isRaw.value = value === "raw")} />}
      </header>
      {error && <p class={of.phase.value === "cancelled" ? "muted" : "error"} role="alert">{of.phase.value === "cancelled" ? "The call was cancelled." : <>{error.message}{error.code !== undefined && <span class="muted"> ({error.code})</span>}</>}</p>}
      {result && (isRaw.value ? <Tree value={result} open={2} /> : <Result result={result} />)}
    </section>
  );
};
