/** The result of a call: what the model reads, and its structured content where that says something else. */

import { Block, parsed } from "./Block";
import { Tree } from "./Tree";

export const Result = ({ result }: { result: ToolResult }) => {
  const { content = [], structuredContent } = result;
  const isSame = content.length === 1 && content[0]?.text !== undefined && JSON.stringify(parsed(content[0].text)) === JSON.stringify(structuredContent);
  return (
    <>
      {content.map((block, at) => <Block key={at} block={block} />)}
      {content.length === 0 && structuredContent === undefined && <p class="muted">Nothing.</p>}
      {structuredContent !== undefined && !isSame && (
        <details class="structured" open={content.length === 0}>
          <summary>Structured content</summary>
          <Tree value={structuredContent} open={1} />
        </details>
      )}
    </>
  );
};
