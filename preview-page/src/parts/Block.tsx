/** A part of a result. */

import { useState } from "preact/hooks";

import { Tree } from "./Tree";

/** A text that is JSON is easier to read as a tree. */
export const parsed = (text: string): object | undefined => {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Characters of a text that are shown before somebody asks for more. */
const LONG = 20_000;

const Text = ({ text }: { text: string }) => {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > LONG && !isWhole;
  return (
    <p class="text">
      {isLong ? text.slice(0, LONG) : text}
      {isLong && <button type="button" class="link" onClick={() => setWhole(true)}>… {text.length - LONG} more</button>}
    </p>
  );
};

/** A part of a result. */
export const Block = ({ block }: { block: ContentBlock }) => {
  const data = block as Record<string, any>;
  switch (block.type) {
    case "text": {
      const tree = parsed(block.text ?? "");
      return tree ? <Tree value={tree} open={1} /> : <Text text={block.text ?? ""} />;
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
