/** A call of a tool as a conversation has it, with the views that show it. */

import { batch, effect, signal } from "@preact/signals";

import { Refusal } from "../../../widget-runtime/src/host";
import { host } from "../wire/host";
import type { Profile, TaskView, Tool } from "../wire/types";
import { read, type Document } from "../view/document";
import { Scene } from "../view/scene";
import { isReady, listen } from "./connection";
import { now } from "./clock";
import { profile, profiles } from "./profiles";
import { ended } from "./tasks";
import { load, noteTask, widget } from "./tools";

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
  readonly #abort = new AbortController();

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
    if (uri !== undefined) void this.#readDocument(uri);
  }

  cancel() {
    this.#abort.abort();
    if (this.taskId.value) void host.request("tasks/cancel", { taskId: this.taskId.value }).catch(() => {});
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

  /** Reads the document again, and shows it if it is another one. */
  async refresh(isForced = false) {
    const before = this.document.value;
    if (!before) return;
    const after = await read(before.uri).catch(() => undefined);
    if (!after || (!isForced && after.html === before.html && JSON.stringify(after.meta) === JSON.stringify(before.meta))) return;
    this.document.value = after;
    await Promise.all(this.scenes.value.map((scene) => scene.again(after)));
  }

  async #readDocument(uri: string) {
    try {
      this.document.value = await read(uri);
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
      let answer = await host.request("tools/call", { name, arguments: this.input }, { signal, progress });
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

/** Calls a tool, and shows what comes. */
export const call = (tool: Tool, input: object) => {
  void turn.value?.end();
  const next = new Turn(tool, input);
  turn.value = next;
  next.run();
};

// A view for each profile that is shown, for as long as it is.
effect(() => {
  const now = turn.value;
  const uri = now?.document.value?.uri;
  if (!now || uri === undefined) return;
  const wanted = [profile.value?.id, ...compared.value];
  const shown = now.scenes.peek();
  for (const scene of shown) if (!wanted.includes(scene.profile.id)) void now.hide(scene);
  for (const id of new Set(wanted)) {
    const one = profiles.value.find((profile) => profile.id === id);
    if (one?.client.ui && !shown.some((scene) => scene.profile.id === id)) now.show(one);
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

listen((event) => {
  if (event.kind === "files") void turn.value?.refresh();
  if (event.kind !== "notification") return;
  if (event.method === "notifications/tools/list_changed") void load();
  if (event.method === "notifications/resources/updated" || event.method === "notifications/resources/list_changed") {
    void turn.value?.refresh();
  }
});

