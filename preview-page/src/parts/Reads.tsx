/** The result of a call as the model reads it. */

import { span } from "../model/clock";
import type { Turn } from "../model/turn";
import { Segments } from "./controls";
import { signal } from "@preact/signals";
import { Tree } from "./Tree";

const isRaw = signal(false);

/** A text that is JSON is easier to read as a tree. */
const parsed = (text: string): object | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** A part of a result. */
export const Block = ({ block }: { block: ContentBlock }) => {
  const data = block as Record<string, any>;
  switch (block.type) {
    case "text": {
      const tree = parsed(block.text ?? "");
      return tree ? <Tree value={tree} open={1} /> : <p class="text">{block.text}</p>;
    }
    case "image":
      // The page's own policy lets `data:` images in and nothing else.
      return <img class="media" src={`data:${data.mimeType};base64,${data.data}`} alt="Image of the result" />;
    case "audio":
      return <p class="muted">Audio, {data.mimeType}, {Math.round(((data.data?.length ?? 0) * 3) / 4096)} KiB</p>;
    case "resource_link":
      return <p><span class="muted">Link to a resource: </span><code>{data.uri}</code> {data.name}</p>;
    case "resource":
      return (
        <div class="resource">
          <p><span class="muted">Embedded resource: </span><code>{data.resource?.uri}</code></p>
          {typeof data.resource?.text === "string" && <p class="text">{data.resource.text.slice(0, 4000)}</p>}
        </div>
      );
    default:
      return <Tree value={block} open={1} />;
  }
};

export const Reads = ({ of }: { of: Turn }) => {
  const result = of.result.value;
  const error = of.error.value;
  if (!result && !error) return null;
  const isSame = result?.content?.length === 1 && result.content[0]?.text !== undefined && result.structuredContent !== undefined &&
    JSON.stringify(parsed(result.content[0].text)) === JSON.stringify(result.structuredContent);
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
      {result && (isRaw.value ? <Tree value={result} open={2} /> : (
        <>
          {result.content?.map((block, at) => <Block key={at} block={block} />)}
          {!result.content?.length && result.structuredContent === undefined && <p class="muted">Nothing.</p>}
          {result.structuredContent !== undefined && !isSame && (
            <details class="structured" open={!result.content?.length}>
              <summary>Structured content</summary>
              <Tree value={result.structuredContent} open={1} />
            </details>
          )}
        </>
      ))}
    </section>
  );
};
