/** A view under one profile: its document, the host's half of the bridge, and what is known of it. */

import { effect, signal, untracked } from "@preact/signals";

import { LIMITS, openProxy, Recorder, Refusal, ViewHost, type Channel, type Context, type Mounted, type Page, type Replay } from "../../../widget-runtime/src/host";
import { Name, type Message } from "../../../widget-runtime/src/message";
import { about } from "../model/connection";
import { add, type Side } from "../model/log";
import { faults } from "../model/faults";
import { recordFirst } from "../model/record";
import { changes, contextOf, mode as wantedMode } from "../model/simulation";
import { note, tasks } from "../model/tasks";
import { isForView, noteTask, tools } from "../model/tools";
import { upstream } from "../model/upstream";
import type { Violation } from "../model/violations";
import { host } from "../wire/host";
import type { Extra, Profile, Served, Tool } from "../wire/types";
import { withScripts, type Document, type Script } from "./document";
import { Own, type Found, type Happening, type OpenAi } from "./names";
import openai from "script:./openai.ts";

export type Phase = "loading" | "ready" | "failed" | "closed" | "flooded";

/** Something that the view said or asked for. */
export type Said =
  | { kind: "message"; role: string; content: ContentBlock[] }
  | { kind: "log"; level: LogLevel; data: unknown; logger?: string }
  | { kind: "link"; url: string; isOpen: boolean; settle(allow: boolean): void }
  | { kind: "files"; contents: any[]; isOpen: boolean; settle(allow: boolean): void };

/** A view that is mounted to be looked at only: its scripts, and what hears of it. */
export interface Copy {
  scripts: Script[];
  found(found: Found): void;
}

/** Words that are kept of a view. */
const MOST_SAID = 200;

/** Violations that are kept of a view. */
const MOST_VIOLATIONS = 500;

/** Errors of a view that the terminal is told each time it is loaded. */
const MOST_FAILURES = 5;

/** Characters of an error, and of the source that is told with it. */
const MOST_TEXT = 2000;
const MOST_SOURCE = 120;

/** A document at the host process, and the way to the frame that shows it, once it is there. */
class Framed {
  readonly id: string;
  channel: Mounted | undefined;

  constructor(id: string) {
    this.id = id;
  }

  remove() {
    this.channel?.close();
    void host.unmount(this.id).catch(() => {});
  }
}

const linesOf = (text: string) => text.split("\n").length;

let count = 0;

export class Scene {
  readonly id = `scene-${count++}`;
  readonly profile: Profile;
  readonly tool: Tool;
  readonly phase = signal<Phase>("loading");
  /** The reason of a failure. */
  readonly trouble = signal<string | undefined>(undefined);
  /** The size that the view has asked for, as far as its room lets it. */
  readonly size = signal<{ width?: number; height?: number }>({});
  readonly mode = signal<DisplayMode>("inline");
  /** The view is over the page, as `window.openai.requestModal` asks for it. */
  readonly isModal = signal(false);
  readonly context = signal<HostContext>({});
  readonly said = signal<Said[]>([]);
  readonly modelContext = signal<{ content?: ContentBlock[]; structuredContent?: object } | undefined>(undefined);
  readonly state = signal<unknown>(undefined);
  readonly violations = signal<Violation[]>([]);
  readonly served = signal<Served | undefined>(undefined);
  /** Origins that the view is tried with. */
  readonly extra = signal<Extra>({ resource: [], connect: [] });
  readonly app = signal<{ name: string; version: string } | undefined>(undefined);
  /** Time from the mount to `initialized`, in milliseconds. */
  readonly took = signal<number | undefined>(undefined);
  recorder = new Recorder();
  document: Document | undefined;
  host: ViewHost | undefined;
  #place: Element | undefined;
  #framed: Framed | undefined;
  #stop: (() => void)[] = [];
  #mounts = 0;
  #failures = 0;
  #input: object | undefined;
  #outcome: ((host: ViewHost) => void) | undefined;
  /** A trace that stands for the server and the user. */
  replay: Replay | undefined;
  /** The view has been told all that is in the trace. */
  readonly isReplayed = signal(false);

  readonly #copy: Copy | undefined;
  /** Requests of the view that the host has heard. */
  readonly #asked = new Set<string | number>();

  constructor(profile: Profile, tool: Tool, copy?: Copy) {
    this.profile = profile;
    this.tool = tool;
    this.#copy = copy;
  }

  /** Shows a document in this element, which is in the page. */
  async open(place: Element, document: Document) {
    this.#place = place;
    await this.#mount(document);
  }

  /**
   * Shows the document anew, with what the view has kept. One that was edited keeps its origin, and with it the process of the browser,
   * which takes most of the time to start: if the view has answered, as one that hangs would have the new one wait.
   */
  async again(document = this.document, isEdited = false) {
    if (!document || !this.#place) return;
    const { isLast, hasAnswered, framed } = await this.#end("reloaded");
    const isInPlace = isLast && isEdited && hasAnswered;
    if (!isInPlace) framed?.remove();
    if (isLast) await this.#mount(document, isInPlace ? framed : undefined);
  }

  /** Waits until the view is loaded or has failed; tells which. */
  settled(): Promise<Phase> {
    return new Promise((resolve) => {
      let stop: (() => void) | undefined;
      stop = effect(() => {
        const phase = this.phase.value;
        if (phase === "loading") return;
        resolve(phase);
        queueMicrotask(() => stop?.());
      });
    });
  }

  /** Takes the view away. */
  async close(reason = "removed") {
    const { isLast, framed } = await this.#end(reason);
    framed?.remove();
    if (isLast) this.phase.value = "closed";
  }

  /** Tells the arguments of the call, now and after each reload. */
  input(input: object) {
    this.#input = input;
    this.host?.input(input);
  }

  /** Tells how the call ended, now and after each reload. */
  outcome(tell: (host: ViewHost) => void) {
    this.#outcome = tell;
    if (this.host) tell(this.host);
  }

  /** Loads the view with origins that it does not declare. */
  async tryWith(kind: keyof Extra, origin: string) {
    const before = this.extra.value;
    this.extra.value = { ...before, [kind]: [...new Set([...before[kind], origin])] };
    await this.again();
  }

  async tryWithout() {
    this.extra.value = { resource: [], connect: [] };
    await this.again();
  }

  /** Puts the view into this mode, whoever wishes it. */
  place(mode: DisplayMode) {
    this.mode.value = mode;
  }

  /** Asks our script in a copy for what it finds. */
  look() {
    this.host?.notify(Own.Look, {});
  }

  /** Takes over a state that the user wrote. */
  setState(state: unknown) {
    this.state.value = state;
    this.host?.change({ [Name.State]: state });
  }

  /** Mounts a document: in the place of that of before, if there is one and both are under the same policy. */
  async #mount(document: Document, before?: Framed) {
    const mount = ++this.#mounts;
    const isStale = () => mount !== this.#mounts;
    const began = performance.now();
    const { profile } = this;
    this.phase.value = "loading";
    this.trouble.value = undefined;
    this.violations.value = [];
    this.#failures = 0;
    this.size.value = {};
    this.isModal.value = false;
    this.app.value = undefined;
    this.document = document;
    this.#framed = before;
    try {
      const html = withScripts(document.html, ...this.#scripts());
      const served = await host.mount(html, document.meta, profile.id, this.extra.value, before?.id);
      const framed = before?.id === served.id ? before : new Framed(served.id);
      if (framed !== before) before?.remove();
      if (isStale() || !this.#place) return framed.remove();
      this.#framed = framed;
      this.served.value = served;
      const ui = document.meta.ui ?? {};
      if (framed.channel) await framed.channel.again();
      else {
        framed.channel = await openProxy(this.#place, new URL(about.value!.proxy), {
          url: served.url,
          csp: ui.csp,
          permissions: granted(ui.permissions, profile),
          sandbox: profile.sandbox.tokens.join(" "),
        });
      }
      const { channel } = framed;
      if (isStale()) return channel.close();
      channel.frame.title = `${this.tool.title ?? this.tool.name}, under ${profile.title}`;
      this.recorder = new Recorder();
      const context = this.#firstContext();
      this.context.value = context;
      this.host = new ViewHost(this.#tapped(channel), {
        info: profile.host.info,
        capabilities: profile.host.capabilities,
        context,
        backend: this.replay?.backend ?? { request: (method, params, context) => this.#request(method, params, context) },
        allows: (name) => this.replay !== undefined || this.#allows(name),
        page: this.replay?.page(this.#page(began)) ?? this.#page(began),
        observe: (from, to, message) => this.#observe(from, to, message),
      });
      this.#follow();
      if (!this.#copy && !this.replay) this.#stop.push(recordFirst(this, this.#input ?? {}));
      if (this.#input) this.host.input(this.#input);
      this.#outcome?.(this.host);
    } catch (error) {
      if (isStale()) return;
      this.phase.value = "failed";
      this.trouble.value = (error as Error).message;
    }
  }

  /** Takes leave of the view. The next step is the caller's, if nothing has happened meanwhile; and so is its frame, in any case. */
  async #end(reason: string): Promise<{ isLast: boolean; hasAnswered: boolean; framed: Framed | undefined }> {
    const mount = ++this.#mounts;
    const [framed, ended, stops] = [this.#framed, this.host?.teardown(reason), this.#stop.splice(0)];
    this.#framed = undefined;
    this.host = undefined;
    const hasAnswered = (await ended) ?? false;
    for (const stop of stops) stop();
    return { isLast: mount === this.#mounts, hasAnswered, framed };
  }

  #scripts(): Script[] {
    const has = this.profile.openai;
    const emulated = has ? [{ text: openai, given: { has, state: this.state.value ?? null } }] : [];
    return [...emulated, ...(this.#copy?.scripts ?? [])];
  }

  /** Does what the view has called a function of `window.openai` for. */
  #openai(asked: OpenAi) {
    const has = this.profile.openai;
    if (!has || this.#copy) return;
    if (asked?.kind === "state" && has.state && (JSON.stringify(asked.state) ?? "").length <= LIMITS.state) this.state.value = asked.state;
    else if (asked?.kind === "modal" && has.modal) this.isModal.value = true;
    else if (asked?.kind === "close" && has.close) void this.close("the view asked for it");
    else return;
    add({ from: "view", to: "host", scene: this.profile.id, note: { kind: "view", text: `window.openai: ${asked.kind}` } });
  }

  #firstContext(): HostContext {
    const { profile, tool } = this;
    const context = contextOf(profile, this.mode.value);
    const keepsState = Name.State in profile.host.context;
    return {
      ...context,
      ...(keepsState && { [Name.State]: this.state.value ?? null }),
      ...(profile.host.toolInfo && { toolInfo: { tool: { ...tool } } }),
    };
  }

  /** Tells the view what changes around it. */
  #follow() {
    const stop = effect(() => {
      const after = contextOf(this.profile, this.mode.value);
      untracked(() => {
        const changed = changes(this.host?.context ?? after, after);
        if (changed.containerDimensions) this.size.value = {};
        if (Object.keys(changed).length) this.host?.change(changed);
        this.context.value = this.host?.context ?? after;
      });
    });
    const modes = this.profile.host.context.availableDisplayModes ?? ["inline"];
    const stopMode = effect(() => {
      const mode = wantedMode.value;
      this.mode.value = modes.includes(mode) ? mode : "inline";
    });
    this.#stop.push(stop, stopMode);
  }

  /** The channel without the messages of our own scripts. With its end the frame stays. */
  #tapped(channel: Channel): Channel {
    return {
      post: (message) => {
        this.#posted(message);
        channel.post(message);
      },
      receive: (take) =>
        channel.receive((message) => {
          if (message.method === Own.Happened) this.#happened(message.params);
          else if (message.method === Own.OpenAi) this.#openai(message.params);
          else if (message.method === Own.Found) this.#copy?.found(message.params);
          else take(message);
        }),
      close: () => channel.receive(() => {}),
    };
  }

  /** Puts a message into the log that the host has let through. */
  #observe(from: Side, to: Side, message: Message) {
    this.recorder.observe(from, to, message);
    if (this.#copy) return;
    const isOfView = from === "view" || to === "view";
    if (from === "view" && message.id !== undefined && message.method !== undefined) this.#asked.add(message.id);
    // What passes between host and server the host process tells; in a replay there is none.
    if (isOfView || this.replay) add({ from, to, scene: this.profile.id, message });
  }

  /** Says in the log why a request was refused. */
  #posted({ id, error }: Message) {
    if (error === undefined || id === undefined || this.#copy) return;
    const wasHeard = this.#asked.delete(id);
    const text = error.code === -32601 ? `${this.profile.title} does not know this request` : `refused before it was read: ${error.message}`;
    if (!wasHeard || error.code === -32601) add({ from: "host", to: "view", scene: this.profile.id, note: { kind: "refused", text } });
  }

  #happened(happening: Happening) {
    if (this.#copy) return;
    const scene = this.profile.id;
    if (happening?.kind === "violation" && typeof happening.directive === "string" && typeof happening.blocked === "string") {
      if (this.violations.value.length < MOST_VIOLATIONS) this.violations.value = [...this.violations.value, happening];
      add({ from: "view", to: "host", scene, note: { kind: "violation", text: `${happening.directive} stopped ${happening.blocked}` } });
    } else if (happening?.kind === "error" && typeof happening.text === "string") {
      const text = `${happening.text.slice(0, MOST_TEXT)}${this.#at(happening.line)}`;
      add({ from: "view", to: "host", scene, note: { kind: "error", text } });
      if (!this.replay && this.#failures++ < MOST_FAILURES) void host.failed(this.document?.uri ?? "", text).catch(() => {});
    }
  }

  /** A line of the document without our scripts, and the beginning of what stands there. */
  #at(line: unknown): string {
    const html = this.document?.html;
    if (typeof line !== "number" || html === undefined) return "";
    const own = line - (linesOf(withScripts(html, ...this.#scripts())) - linesOf(html));
    const source = html.split("\n")[own - 1]?.trim().slice(0, MOST_SOURCE);
    return source ? ` (line ${own}: ${source})` : own > 0 ? ` (line ${own})` : "";
  }

  #allows(name: string): boolean {
    const tool = tools.value?.find((tool) => tool.name === name);
    return tool !== undefined && (!this.profile.visibility || isForView(tool));
  }

  async #request(method: string, params: any, context: Context): Promise<any> {
    if (this.#copy) {
      const isReading = method !== "tools/call" || tools.value?.find(({ name }) => name === params.name)?.annotations?.readOnlyHint;
      if (!isReading) throw new Refusal(-32000, "a copy of a view changes nothing");
      return upstream().request(method, params, context);
    }
    const { latency, isMissing, fails, isRemoved } = faults.value;
    if (latency) await new Promise((resolve) => setTimeout(resolve, latency));
    if (fails && method === "tools/call") throw new Refusal(-32000, "the server cannot be reached");
    if (isRemoved && method === "tools/call") setTimeout(() => void this.close("removed during a call"), 50);
    const known = tasks.value.find(({ id }) => id === params.taskId);
    const result = await (known?.upstream ?? upstream()).request(method, params, context);
    if (result.resultType === "task") {
      noteTask(params.name);
      note(result, "view", params.name);
    } else if (method === "tasks/get") {
      tasks.value.find(({ id }) => id === params.taskId)?.see(result);
    }
    if (isMissing && method === "tools/call") return new Promise(() => {});
    const task = tasks.value.find(({ id }) => id === params.taskId);
    // What the user answers in the page, the view is not asked for.
    if (method === "tasks/get" && task?.isOurs.value && result.inputRequests) {
      const { inputRequests: _, ...rest } = result;
      return rest;
    }
    return result;
  }

  #say(said: Said) {
    this.said.value = [...this.said.value, said].slice(-MOST_SAID);
  }

  /** Asks the user, who may leave it. */
  #ask(said: (settle: (allow: boolean) => void) => Said): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = said((allow) => {
        this.said.value = this.said.value.map((one) => (one === asked ? { ...asked, isOpen: false } as Said : one));
        if (allow) resolve();
        else reject(new Refusal(-32000, "the user does not wish it"));
      });
      this.#say(asked);
    });
  }

  #page(began: number): Page {
    return {
      initialized: (app) => {
        this.app.value = app;
        this.took.value = performance.now() - began;
        this.phase.value = "ready";
        if (this.replay && this.host) void this.replay.tell(this.host).then(() => void (this.isReplayed.value = true));
      },
      size: ({ width = this.size.value.width, height = this.size.value.height }) => void (this.size.value = { width, height }),
      message: (params) => this.#say({ kind: "message", role: params.role, content: params.content }),
      modelContext: (params) => void (this.modelContext.value = params),
      log: (params) => this.#say({ kind: "log", ...params }),
      openLink: (url) => {
        if (faults.value.deniesLinks) throw new Refusal(-32000, "the user does not wish it");
        return this.#ask((settle) => ({ kind: "link", url, isOpen: true, settle }));
      },
      download: (contents) => this.#ask((settle) => ({ kind: "files", contents, isOpen: true, settle })),
      displayMode: (mode) => {
        // After the host has told the view of the mode: then the room is told alone.
        setTimeout(() => void (this.mode.value = mode));
        return mode;
      },
      state: (state) => void (this.state.value = state),
      close: () => void this.close("the view asked for it"),
      flooded: () => {
        this.phase.value = "flooded";
        void this.#end("flooded").then(({ framed }) => framed?.remove());
      },
    };
  }
}

/** The permissions that a view declares and the host grants. */
const granted = (declared: object | undefined, profile: Profile): object =>
  Object.fromEntries(Object.entries(declared ?? {}).filter(([name]) => profile.sandbox.permissions.includes(name)));
