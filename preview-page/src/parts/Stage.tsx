/** The middle of the page: what a user sees, what the model reads, and what the view said. */

import { useEffect, useRef, useState } from "preact/hooks";

import { span } from "../model/clock";
import { about, connection } from "../model/connection";
import { panel, region } from "../model/layout";
import { profile, profiles } from "../model/profiles";
import { CONTAINERS, container, isFixed, mode } from "../model/simulation";
import { fraction, tasks } from "../model/tasks";
import { isShooting, shoot, trouble as notShot } from "../model/shot";
import { tools, widget } from "../model/tools";
import { compared, turn, type Turn } from "../model/turn";
import { sizeOf } from "../view/room";
import type { Scene } from "../view/scene";
import { Action, Choice, Empty } from "./controls";
import { BuildErrors } from "./Connection";
import { Differences } from "./Differences";
import { Reads } from "./Reads";
import { Says } from "./Says";
import { Replayed, save } from "./Traces";

/** The size of the room in words, as the view may fill it. */
const room = (scene: Scene, frame: { width: number; height: number }): string => {
  const { width, maxWidth, height, maxHeight } = scene.context.value.containerDimensions ?? {};
  const most = height === undefined && maxHeight !== undefined ? ` of ≤ ${maxHeight}` : "";
  return `${Math.round(width ?? maxWidth ?? frame.width)} × ${Math.round(frame.height)}${most}`;
};

const TROUBLES: Record<string, string> = {
  closed: "The view has closed itself.",
  flooded: "The view has sent too many messages, and was ended.",
  failed: "The view could not be shown.",
};

const View = ({ scene, of }: { scene: Scene; of: Turn }) => {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const document = of.document.value;
    if (place.current && document) void scene.open(place.current, document);
  }, [scene]);
  // A view that is wider than its place is scrolled, with the keyboard, too.
  const frame = useRef<HTMLDivElement>(null);
  const [isWider, setWider] = useState(false);
  useEffect(() => {
    const { current } = frame;
    if (!current) return;
    const observer = new ResizeObserver(() => setWider(current.scrollWidth > current.clientWidth + 1));
    observer.observe(current);
    if (place.current) observer.observe(place.current);
    return () => observer.disconnect();
  }, [scene]);
  const now = scene.mode.value;
  const size = sizeOf(scene);
  const phase = scene.phase.value;
  const isComparing = of.scenes.value.length > 1;
  const insets = scene.context.value.safeAreaInsets;
  const leave = () => {
    scene.isModal.value = false;
    mode.value = "inline";
    scene.place("inline");
  };
  return (
    <article class={`view ${now}${scene.isModal.value ? " modal" : ""}`} aria-label={`View under ${scene.profile.title}`} data-testid={`view-${scene.profile.id}`} data-phase={phase}>
      {isComparing && <h3>{scene.profile.title}</h3>}
      <div class={`frame ${phase}`} ref={frame} tabIndex={isWider ? 0 : undefined} style={now === "fullscreen" ? {} : { width: size.width === undefined ? "100%" : `${size.width + 2}px`, height: `${size.height + 2}px` }}>
        <div class="place" ref={place} style={now === "fullscreen" || size.width === undefined ? { width: "100%" } : { width: `${size.width}px` }} />
        {insets && now !== "pip" && <div class="insets" aria-hidden="true" style={{ "--top": `${insets.top}px`, "--bottom": `${insets.bottom}px` }} />}
        {phase in TROUBLES && <div class="cover" role="status"><p>{TROUBLES[phase]}</p>{scene.trouble.value && <p class="muted">{scene.trouble.value}</p>}<button type="button" onClick={() => void scene.again()}>Load it anew</button></div>}
        {(now !== "inline" || scene.isModal.value) && <button type="button" class="leave" data-testid="leave" title="Back to inline (Esc)" onClick={leave}>{now === "fullscreen" ? "Leave fullscreen" : "Put back"} <kbd>Esc</kbd></button>}
      </div>
      {now === "pip" && <p class="elsewhere muted">The view floats below.</p>}
      <footer class="row under">
        <span class="figures" data-testid="size">{room(scene, { width: size.width ?? 0, height: size.height })}</span>
        {scene.took.value !== undefined && phase === "ready" && <span class="figures">ready in {span(scene.took.value)}</span>}
        {(scene.extra.value.resource.length > 0 || scene.extra.value.connect.length > 0) && (
          <span class="warn">tried with what it does not declare <button type="button" class="link" onClick={() => void scene.tryWithout()}>end this</button></span>
        )}
        <span class="grow" />
        {!of.replay && <Action icon="record" label="Keep the record" testid="record" onClick={() => void save()} />}
        {about.value?.features.shot && !of.replay && (
          <Action icon="camera" label={isShooting.value ? "The picture is on its way" : "Take a picture"} testid="shot" isDisabled={isShooting.value || phase !== "ready" || of.isUnderWay} onClick={() => void shoot(of, scene)} />
        )}
        <Action icon="reload" label="Reload the view" hotkey="r" testid="reload" onClick={() => void of.refresh(true)} />
        <Action icon="expand" label="Fullscreen" hotkey="d" testid="fullscreen" onClick={() => void (mode.value = "fullscreen")} isDisabled={!(scene.profile.host.context.availableDisplayModes ?? []).includes("fullscreen")} />
      </footer>
      {notShot.value && <p class="error" role="alert" data-testid="no-shot">No picture was taken: {notShot.value}</p>}
    </article>
  );
};

/** Chooses what to compare with. */
const Compare = () => {
  const rest = profiles.value.filter(({ id, client }) => client.ui && id !== profile.value?.id && !compared.value.includes(id));
  if (compared.value.length >= 2 || rest.length === 0) return null;
  return (
    <Choice label="Compare with another host" hotkey="c" testid="compare" value="" onChange={(id) => void (compared.value = [...compared.value, id])}
      options={[["", compared.value.length ? "and …" : "Compare with …"] as const, ...rest.map(({ id, title }) => [id, title] as const)]} />
  );
};

/** The call, while it is under way. */
const Progressing = ({ of }: { of: Turn }) => {
  const task = tasks.value.find(({ id }) => id === of.taskId.value)?.view.value;
  const progress = of.progress.value;
  const part = task ? fraction(task.statusMessage) : progress?.total ? progress.progress / progress.total : undefined;
  return (
    <div class="progressing" data-testid="progress">
      <progress aria-label="Progress of the call" value={part} max={1} />
      {task ? (
        <p>
          {task.status === "input_required" ? `${of.tool.name} asks something. ` : `${of.tool.name} has become a task${task.statusMessage ? `: ${task.statusMessage}` : ""}. `}
          <button type="button" class="link" onClick={() => {
            panel.value = "tasks";
            region.value = "panels";
          }}>{task.status === "input_required" ? "Answer it" : "Look at it"}</button>
        </p>
      ) : <p>{progress?.message ?? `${of.tool.name} is called …`}</p>}
    </div>
  );
};

export const Stage = () => {
  const now = turn.value;
  const uri = now && widget(now.tool);
  const isTextOnly = profile.value && !profile.value.client.ui;
  return (
    <section class="stage" aria-label="View" tabIndex={-1} data-testid="stage">
      <BuildErrors />
      {!now && tools.value && (
        <Empty title={tools.value.length ? "Call a tool" : "Nothing to call"}>
          {tools.value.length > 0 && <>Choose it on the left, and press <kbd>Enter</kbd>. What a user would see comes here.</>}
        </Empty>
      )}
      {!now && !tools.value && <Empty title={connection.value.state === "ready" ? "Reading the tools …" : "No view yet"}>When the server has told its tools, the first view comes here by itself.</Empty>}
      {now && (
        <>
          {uri !== undefined && !isTextOnly && (
            <div class={`canvas ${container.value && isFixed.value ? CONTAINERS[container.value].touch ? "device" : "" : ""}`}>
              {now.trouble.value && <Empty title="The view could not be read">{now.trouble.value}</Empty>}
              <div class="views">
                {now.scenes.value.map((scene) => <View key={scene.id} scene={scene} of={now} />)}
              </div>
              {!now.replay && <div class="row compare">
                {compared.value.map((id) => (
                  <button type="button" key={id} class="pill" data-testid={`end-${id}`} onClick={() => void (compared.value = compared.value.filter((one) => one !== id))} title="End the comparison with this host">
                    {profiles.value.find((one) => one.id === id)?.title ?? id} ×
                  </button>
                ))}
                <Compare />
              </div>}
            </div>
          )}
          {uri !== undefined && isTextOnly && <p class="note">{profile.value?.title} shows no views: what the model reads is all there is.</p>}
          <Replayed />
          {now.scenes.value.length > 1 && <Differences of={now} />}
          {now.isUnderWay && <Progressing of={now} />}
          <Reads of={now} />
          {now.scenes.value.map((scene) => <Says key={scene.id} scene={scene} isNamed={now.scenes.value.length > 1} />)}
        </>
      )}
    </section>
  );
};
