/** What a view said into the conversation, and what it asks the user for. */

import type { Said, Scene } from "../view/scene";
import { Block } from "./Block";
import { Tree } from "./Tree";

/** Saves a text as a file, under a name that is one. */
const save = (name: string, type: string, parts: BlobPart[]) => {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: fileName(name) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

const fileName = (uri: string) => (uri.split(/[\\/]/).at(-1) ?? "").replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "").slice(-80) || "file";

const download = (contents: any[]) => {
  for (const { type, resource } of contents) {
    if (type !== "resource" || typeof resource?.uri !== "string") continue;
    const bytes = typeof resource.blob === "string" ? Uint8Array.from(atob(resource.blob), (character) => character.charCodeAt(0)) : String(resource.text ?? "");
    save(resource.uri, "application/octet-stream", [bytes]);
  }
};

const names = (contents: any[]) => contents.map(({ resource, uri }) => fileName(String(resource?.uri ?? uri ?? ""))).join(", ");

const Word = ({ said }: { said: Said }) => {
  switch (said.kind) {
    case "message":
      return <li class="message"><span class="label">says</span>{said.content?.map((block, at) => <Block key={at} block={block} />)}</li>;
    case "log":
      return <li class={`log ${said.level}`}><span class="label">{said.level}</span>{typeof said.data === "string" ? <p class="text">{said.data}</p> : <Tree value={said.data} />}</li>;
    case "link":
      return (
        <li class="asks">
          <span class="label">opens</span>
          <code class="url">{said.url}</code>
          {said.isOpen && (
            <span class="row">
              <button type="button" data-testid="open-link" onClick={() => {
                window.open(said.url, "_blank", "noopener,noreferrer");
                said.settle(true);
              }}>Open</button>
              <button type="button" data-testid="deny-link" onClick={() => said.settle(false)}>Deny</button>
            </span>
          )}
        </li>
      );
    case "files":
      return (
        <li class="asks">
          <span class="label">saves</span>
          <code class="url">{names(said.contents)}</code>
          {said.isOpen && (
            <span class="row">
              <button type="button" data-testid="save-file" onClick={() => {
                download(said.contents);
                said.settle(true);
              }}>Save</button>
              <button type="button" onClick={() => said.settle(false)}>Deny</button>
            </span>
          )}
        </li>
      );
  }
};

export const Says = ({ scene, isNamed }: { scene: Scene; isNamed: boolean }) => {
  const all = scene.said.value;
  const context = scene.modelContext.value;
  if (!all.length && !context) return null;
  return (
    <section class="says card" aria-label={`What the view said${isNamed ? `, under ${scene.profile.title}` : ""}`} data-testid={`says-${scene.profile.id}`}>
      <header class="row"><h2>The view {isNamed ? `under ${scene.profile.title}` : "said"}</h2></header>
      {context && (
        <div class="context">
          <span class="label">tells the model for its next turns</span>
          {context.content?.map((block, at) => <Block key={at} block={block} />)}
          {context.structuredContent !== undefined && <Tree value={context.structuredContent} open={1} />}
        </div>
      )}
      {all.length > 0 && <ol aria-live="polite">{all.slice(-20).map((said, at) => <Word key={at} said={said} />)}</ol>}
    </section>
  );
};
