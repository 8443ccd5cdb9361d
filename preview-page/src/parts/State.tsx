/** What a view is given and what it keeps. */

import { useState } from "preact/hooks";

import { Name } from "../../../widget-runtime/src/message";
import { turn } from "../model/turn";
import type { Scene } from "../view/scene";
import { Empty } from "./controls";
import { Tree } from "./Tree";

const Kept = ({ scene }: { scene: Scene }) => {
  const [text, setText] = useState<string | undefined>();
  const [trouble, setTrouble] = useState<string | undefined>();
  const isKept = Name.State in scene.profile.host.context || scene.profile.openai?.state;
  if (!isKept) return <p class="muted">{scene.profile.title} keeps no state for views. The bridge keeps it in the view’s own storage, which is found again only where the view comes from the same origin: here each view has a new one.</p>;
  if (text === undefined) {
    return (
      <>
        {scene.state.value === undefined ? <p class="muted">Nothing yet: the view sets <code>mcp.state</code>.</p> : <Tree value={scene.state.value} open={2} isLive />}
        <button type="button" class="quiet" data-testid="edit-state" onClick={() => setText(JSON.stringify(scene.state.value ?? null, null, 2))}>Edit</button>
      </>
    );
  }
  const save = async () => {
    try {
      scene.setState(JSON.parse(text));
      setText(undefined);
      await scene.again();
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  return (
    <>
      <textarea aria-label="Kept state as JSON" data-testid="state-json" rows={8} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      {trouble && <p class="error" role="alert">{trouble}</p>}
      <div class="row"><button type="button" class="primary" data-testid="save-state" onClick={() => void save()}>Keep and reload</button><button type="button" onClick={() => setText(undefined)}>Leave it</button></div>
    </>
  );
};

const Of = ({ scene }: { scene: Scene }) => (
  <>
    <section><h3>Kept state</h3><Kept scene={scene} /></section>
    <section><h3>Context</h3><Tree value={scene.context.value} open={1} isLive /></section>
    <section><h3>Model context</h3>{scene.modelContext.value ? <Tree value={scene.modelContext.value} open={2} isLive /> : <p class="muted">The view has told the model nothing.</p>}</section>
  </>
);

export const State = () => {
  const now = turn.value;
  if (!now) return <Empty title="No call yet">The arguments and the result of a call, and what its view keeps, come here.</Empty>;
  const scenes = now.scenes.value;
  return (
    <>
      <section><h3>Input</h3><Tree value={now.input} open={2} /></section>
      <section><h3>Result</h3>{now.result.value ? <Tree value={now.result.value} open={1} /> : <p class="muted">Not there yet.</p>}</section>
      {scenes.map((scene) => <div key={scene.id}>{scenes.length > 1 && <h2>{scene.profile.title}</h2>}<Of scene={scene} /></div>)}
    </>
  );
};
