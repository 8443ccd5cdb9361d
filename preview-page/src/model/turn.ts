/** A call of a tool as a conversation has it, with the views that show it. */

import { batch, effect, signal } from "@preact/signals";

import { Refusal, Replay, type Trace } from "../../../widget-runtime/src/host";
import { host } from "../wire/host";
import type { Profile, TaskView, Tool } from "../wire/types";
import { read as readDocument, type Document } from "../view/document";
import { Scene } from "../view/scene";
import { isReady, listen } from "./connection";
import { now } from "./clock";
import { faults } from "./faults";
import { profile, profiles } from "./profiles";
import { remember } from "./recall";
import { ended } from "./tasks";
import { load, noteTask, tools, widget } from "./tools";
import { upstream } from "./upstream";
import { hash, open, outcome, pace, rewind } from "./traces";

export class Turn {
  readonly tool: Tool;
  readonly input: object;
  readonly phase = signal<"calling" | "task" | "done" | "failed" | "cancelled">("calling");
  readonly progress = signal<Progress | undefined>(undefined);
  readonly result = signal<ToolResult | undefined>(undefined);
  readonly error = signal<{ code?: number; message: string } | undefined>(undefined);
  readonly ms = signal<number | undefined>(undefined);
  readonly taskId = signal<string | undefined>(undefined);
  readonly scenes = signal<Scene[]>([]);
  /** The document of its view, once it is read. */
  readonly document = signal<Document | undefined>(undefined);
  /** The reason why it cannot be read. */
  readonly trouble = signal<string | undefined>(undefined);
  /** The name of the trace that is replayed instead of a call. */
  replay: string | undefined;
  readonly #abort = new AbortController();
  readonly #upstream = upstream();

  constructor(tool: Tool, input: object) {
    this.tool = tool;
    this.input = input;
  }

  get isUnderWay() {
    return this.phase.value === "calling" || this.phase.value === "task";
  }

  /** Calls the tool, and reads its view at the same time. */
  run() {
    void this.#call();
    const uri = widget(this.tool);
    if (uri !== undefined) void this.read(uri);
  }

  /** Shows what the call has given before. */
  recall(result: ToolResult) {
    this.result.value = result;
    this.phase.value = "done";
    const uri = widget(this.tool);
    if (uri !== undefined) void this.read(uri);
  }

  cancel() {
    this.#abort.abort();
    if (this.taskId.value) void this.#upstream.request("tasks/cancel", { taskId: this.taskId.value }).catch(() => {});
  }

  /** Adds a view of this call under a profile. It opens when the page gives it a place. */
  show(profile: Profile): Scene {
    const scene = new Scene(profile, this.tool);
    scene.input(this.input);
    this.#tell(scene);
    this.scenes.value = [...this.scenes.value, scene];
    return scene;
  }

  async hide(scene: Scene) {
    await scene.close();
    this.scenes.value = this.scenes.value.filter((one) => one !== scene);
  }

  async end() {
    if (this.phase.value === "calling") this.cancel();
    await Promise.all(this.scenes.value.map((scene) => scene.close()));
  }

  /** Reads the document again, and shows it if it is another one. Gives the views that are loaded anew. */
  async refresh(isForced = false): Promise<Scene[]> {
    const before = this.document.value;
    if (!before) {
      const uri = widget(this.tool);
      if (this.trouble.value !== undefined && uri !== undefined) await this.read(uri);
      return [];
    }
    const after = await readDocument(before.uri).catch(() => undefined);
    if (!after || (!isForced && after.html === before.html && JSON.stringify(after.meta) === JSON.stringify(before.meta))) return [];
    this.document.value = after;
    const scenes = this.scenes.value;
    await Promise.all(scenes.map((scene) => scene.again(after, !isForced)));
    return scenes;
  }

  /** Reads the document of the view. */
  async read(uri: string) {
    try {
      this.document.value = await readDocument(uri);
      this.trouble.value = undefined;
    } catch (error) {
      this.trouble.value = (error as Error).message;
    }
  }

  async #call() {
    const began = now();
    const { name } = this.tool;
    try {
      const progress = (progress: Progress) => void (this.progress.value = progress);
      const signal = this.#abort.signal;
      let answer = await this.#upstream.request("tools/call", { name, arguments: this.input }, { signal, progress });
      if (answer.resultType === "task") {
        const handle = answer as TaskView;
        noteTask(name);
        batch(() => {
          this.taskId.value = handle.taskId;
          this.phase.value = "task";
        });
        answer = await ended(handle, name);
      }
      batch(() => {
        this.result.value = answer;
        this.phase.value = "done";
      });
    } catch (error) {
      const isCancelled = (error as Error).name === "AbortError";
      batch(() => {
        this.error.value = { code: error instanceof Refusal ? error.code : undefined, message: (error as Error).message };
        this.phase.value = isCancelled ? "cancelled" : "failed";
      });
    }
    this.ms.value = now() - began;
    for (const scene of this.scenes.value) this.#tell(scene);
  }

  /** Tells a view how the call ended, if it has. */
  #tell(scene: Scene) {
    const result = this.result.value;
    const error = this.error.value;
    if (result) scene.outcome((host) => host.result(result));
    else if (error) scene.outcome((host) => host.cancelled(error.message));
  }
}

/** The call that is shown. */
export const turn = signal<Turn | undefined>(undefined);

/** Profiles beside the chosen one, while views are compared. */
export const compared = signal<string[]>([]);

/** A view that a trace stands for the server and the user of. */
export interface Rehearsal {
  turn: Turn;
  scene: Scene;
  played: Replay;
  /** The document is not the one of the record. */
  isOther: boolean;
}

/** Makes the view of a trace ready, with a server and a user that say what they said then. */
export const rehearse = async (trace: Trace, name: string): Promise<Rehearsal> => {
  const { tool: called, profile: under, input = {}, uri, document } = trace.head;
  const tool = tools.value?.find((tool) => tool.name === called);
  const recorded = profiles.value.find(({ id }) => id === under);
  if (!tool) throw Error(`the server has no tool \`${String(called)}\` any more`);
  if (!recorded) throw Error(`there is no profile \`${String(under)}\``);
  rewind();
  const next = new Turn(tool, input as object);
  next.replay = name;
  next.phase.value = "done";
  await next.read(String(uri));
  const { html } = next.document.value ?? {};
  if (html === undefined) throw Error(next.trouble.value);
  const scene = new Scene(recorded, tool);
  const played = new Replay(trace, pace);
  scene.replay = played;
  next.scenes.value = [scene];
  return { turn: next, scene, played, isOther: (await hash(html)) !== document };
};

/** Replays a trace. */
export const replay = async (name: string) => {
  try {
    const { turn: next, scene, played, isOther } = await rehearse(await open(name), name);
    void turn.value?.end();
    turn.value = next;
    const tell = () => void (outcome.value = { name, isOver: scene.isReplayed.value, isOther, differences: played.differences(scene.isReplayed.value) });
    tell();
    // Differences come with what the view does, for as long as it is there.
    const timer = setInterval(() => {
      if (turn.value === next) tell();
      else clearInterval(timer);
    }, 500);
  } catch (error) {
    outcome.value = { name, isOver: true, isOther: false, differences: [], trouble: (error as Error).message };
  }
};

/** Calls a tool, and shows what comes. */
export const call = (tool: Tool, input: object) => {
  void turn.value?.end();
  outcome.value = undefined;
  const next = new Turn(tool, input);
  turn.value = next;
  next.run();
};

/** Shows a call that was made before. */
export const recall = (tool: Tool, input: object, result: ToolResult) => {
  const next = new Turn(tool, input);
  turn.value = next;
  next.recall(result);
};

effect(() => {
  const now = turn.value;
  if (now && !now.replay) remember(now.tool.name, now.input, now.result.value);
});

// A view for each profile that is shown, for as long as it is.
effect(() => {
  const now = turn.value;
  const uri = now?.document.value?.uri;
  if (!now || uri === undefined) return;
  // A replay is one view, under the profile it was recorded with.
  if (now.replay) return;
  const times = faults.value.isTwice ? 2 : 1;
  const wanted = new Set([profile.value?.id, ...compared.value]);
  const shown = now.scenes.peek();
  const kept = new Map<string, number>();
  for (const scene of shown) {
    const { id } = scene.profile;
    const count = (kept.get(id) ?? 0) + 1;
    if (!wanted.has(id) || count > times) void now.hide(scene);
    else kept.set(id, count);
  }
  for (const one of profiles.value) {
    if (!wanted.has(one.id) || !one.client.ui) continue;
    for (let count = kept.get(one.id) ?? 0; count < times; count++) now.show(one);
  }
});

// What the server serves may be new after it was away.
let wasReady = false;
effect(() => {
  const is = isReady.value;
  if (is && !wasReady) {
    void load();
    void turn.peek()?.refresh();
  }
  wasReady = is;
});

/** Shows what has changed, and says what came of it: at the terminal somebody waits. */
const reload = async (change: number) => {
  const scenes = (await turn.value?.refresh()) ?? [];
  const phases = await Promise.all(scenes.map((scene) => scene.settled()));
  const ready = scenes.filter((_, at) => phases[at] === "ready");
  await host.reloaded(change, ready.length, ready.some(({ state }) => state.value != null));
};

listen((event) => {
  if (event.kind === "files") void reload(event.change).catch(() => {});
  if (event.kind !== "notification") return;
  if (event.method === "notifications/tools/list_changed") void load();
  if (event.method === "notifications/resources/updated" || event.method === "notifications/resources/list_changed") {
    void turn.value?.refresh();
  }
});

