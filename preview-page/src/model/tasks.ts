/** Tasks of this session, whoever began them, and those that the server lists. */

import { signal, type Signal } from "@preact/signals";

import { Refusal } from "../../../widget-runtime/src/host";
import type { Action, TaskView } from "../wire/types";
import { connection, isReady, listen } from "./connection";
import { taken, upstream, via } from "./upstream";

/** Who follows a task: the page, a view, or nobody yet. */
export type Owner = "page" | "view" | "server";

/** Time between two looks at a task, in milliseconds. */
const SOONEST = 250;
const LATEST = 5000;

export class Task {
  readonly id: string;
  readonly owner: Owner;
  readonly tool: Signal<string | undefined>;
  readonly view: Signal<TaskView>;
  readonly history = signal<{ at: number; status: Status; message?: string }[]>([]);
  /** Questions are answered here, though a view follows the task. */
  readonly isOurs: Signal<boolean>;
  /** The reason why it cannot be looked at. */
  readonly trouble = signal<string | undefined>(undefined);
  /** The way it came on: a server may know it there only. */
  readonly upstream = via(taken.peek());
  #wake = () => {};
  #isFollowed = false;

  constructor(view: TaskView, owner: Owner, tool?: string) {
    this.id = view.taskId;
    this.owner = owner;
    this.tool = signal(tool);
    this.view = signal(view);
    this.isOurs = signal(owner !== "view");
    this.see(view);
  }

  get isOver() {
    return isFinal(this.view.value.status);
  }

  /** Takes over what somebody has seen of it. */
  see(seen: TaskView) {
    const before = this.history.peek().at(-1);
    const kept = this.view.peek();
    // Looks overtake each other, and an end is final.
    if (isFinal(kept.status) && !isFinal(seen.status)) return;
    // An answer to the call itself has less than a look.
    this.view.value = { ...seen, _meta: seen._meta ?? kept._meta };
    if (before?.status !== seen.status || before.message !== seen.statusMessage) {
      const step = { at: Date.now(), status: seen.status, message: seen.statusMessage };
      this.history.value = [...this.history.peek().slice(-199), step];
    }
    if (isFinal(seen.status)) this.#wake();
  }

  wake() {
    this.#wake();
  }

  async look() {
    try {
      this.see(await this.upstream.request("tasks/get", { taskId: this.id }));
      this.trouble.value = undefined;
    } catch (error) {
      this.trouble.value = (error as Error).message;
      throw error;
    }
  }

  /** Looks at it until it is over. */
  async follow() {
    if (this.#isFollowed) return;
    this.#isFollowed = true;
    while (!this.isOver || (!this.view.value.result && !this.view.value.error && this.view.value.status !== "cancelled")) {
      const pause = Math.min(LATEST, Math.max(SOONEST, this.view.value.pollIntervalMs ?? 1000));
      if (!this.isOver) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pause);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      try {
        await this.look();
      } catch (error) {
        // A connection comes back; a task that is unknown does not.
        if (error instanceof Refusal && error.code === -32602) break;
        await new Promise((resolve) => setTimeout(resolve, LATEST / 5));
      }
    }
    this.#isFollowed = false;
  }

  /** Answers one of its questions. */
  async answer(question: string, action: Action, content?: unknown) {
    const response = content === undefined ? { action } : { action, content };
    await this.upstream.request("tasks/update", { taskId: this.id, inputResponses: { [question]: response } });
    await this.look().catch(() => {});
  }

  async cancel() {
    await this.upstream.request("tasks/cancel", { taskId: this.id });
    await this.look().catch(() => {});
  }
}

export const isFinal = (status: Status) => status === "completed" || status === "failed" || status === "cancelled";

/** The part that is done, where a message tells it: `3 of 12`, `40 %`. */
export const fraction = (message = ""): number | undefined => {
  const [, done, all] = /(\d+(?:\.\d+)?)\s*(?:\/|of)\s*(\d+(?:\.\d+)?)/.exec(message) ?? [];
  if (done && all && Number(all) > 0) return Math.min(1, Number(done) / Number(all));
  const [, percent] = /(\d+(?:\.\d+)?)\s*%/.exec(message) ?? [];
  return percent ? Math.min(1, Number(percent) / 100) : undefined;
};

export const tasks = signal<Task[]>([]);

/** Tasks that are kept, the newest first. */
const MOST = 200;

/** Takes note of a task. */
export const note = (view: TaskView, owner: Owner, tool?: string): Task => {
  const known = tasks.peek().find(({ id }) => id === view.taskId);
  if (known) {
    known.see(view);
    return known;
  }
  const task = new Task(view, owner, tool);
  tasks.value = [task, ...tasks.peek()].slice(0, MOST);
  if (owner !== "view") void task.follow();
  return task;
};

/** Follows a task to its end, and gives its result. */
export const ended = async (view: TaskView, tool: string): Promise<ToolResult> => {
  const task = note(view, "page", tool);
  await task.follow();
  for (; !task.isOver; await new Promise((resolve) => setTimeout(resolve, SOONEST)));
  const { result, error, status } = task.view.value;
  if (error) throw new Refusal(error.code, error.message);
  if (status === "cancelled") throw new DOMException("the task was cancelled", "AbortError");
  return result ?? {};
};

/** Reads the tasks that the server lists, if it does. */
export const list = async () => {
  const { tasks: ability } = (connection.value.server?.capabilities ?? {}) as { tasks?: { list?: object } };
  if (!isReady.value || !ability?.list) return;
  const { tasks: all } = await upstream().request("tasks/list", {}).catch(() => ({ tasks: [] }));
  for (const view of all as TaskView[]) note(view, "server");
};

listen((event) => {
  if (event.kind !== "notification" || !event.method.startsWith("notifications/tasks")) return;
  const task = tasks.value.find(({ id }) => id === event.params?.taskId);
  if (!task) return;
  // A view that follows a task may be gone before that.
  if (task.owner === "view") void task.look().catch(() => {});
  else task.wake();
});
