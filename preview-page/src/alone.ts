/** The page without a page around views: for a browser that a program drives, which takes pictures and asks what happened. */

import { effect } from "@preact/signals";

import { parse, type Difference } from "../../widget-runtime/src/host";
import { examine, report, trouble as untold } from "./model/access";
import { connection, isReady } from "./model/connection";
import { profile } from "./model/profiles";
import { theme, width } from "./model/simulation";
import { isOpening, tools, trouble, widget } from "./model/tools";
import { pacing, type Pacing } from "./model/traces";
import { rehearse, Turn } from "./model/turn";
import type { Violation } from "./model/violations";
import type { Finding } from "./view/names";
import { sizeOf } from "./view/room";
import { Scene } from "./view/scene";

/** Time after which something is given up, in milliseconds. */
const CONNECTED = 60_000;
const CALLED = 90_000;
const LOADED = 20_000;
/** A view that is asked to save what it has, on a machine that is busy, may take so long. */
const FAREWELL = 3_000;
/** A view has drawn what it has when it was quiet for so long; one that is never quiet has so long. */
const QUIET = 400;
const RESTLESS = 5_000;

/** The width of a view whose host leaves it free. */
const FREE = 720;

/** A view as it stands there. */
interface Seen {
  phase: string;
  trouble?: string;
  width: number;
  height: number;
  violations: Violation[];
}

/** A call with its result, as a page that shows it knows it. */
interface Taken {
  tool: string;
  input: object;
  result?: ToolResult;
  state?: unknown;
  theme: "light" | "dark";
  width?: number;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const within = <T>(what: Promise<T>, ms: number, late: string): Promise<T> =>
  Promise.race([what, pause(ms).then(() => Promise.reject(Error(late)))]);

/** Waits until this is so. */
const until = (is: () => boolean, ms: number, late: string): Promise<void> => {
  let stop = () => {};
  const so = new Promise<void>((resolve) => {
    stop = effect(() => {
      if (is()) resolve();
    });
  });
  return within(so, ms, late).finally(() => stop());
};

const named = (name: string) => {
  const tool = tools.value?.find((tool) => tool.name === name);
  if (!tool) throw Error(`the server has no tool \`${name}\``);
  return tool;
};

const host = () => {
  const now = profile.value;
  if (!now) throw Error("the host has no profile");
  return now;
};

let turn: Turn | undefined;
let scene: Scene | undefined;
let place: HTMLElement | undefined;
let follow = () => {};

/** Takes leave of the view. Tells whether it answered, and the state it has kept. */
const leave = async () => {
  const now = scene;
  scene = undefined;
  const answered = (await now?.host?.teardown("removed", FAREWELL)) ?? false;
  const state = now?.state.value ?? null;
  await now?.close();
  follow();
  place?.remove();
  return { answered, state };
};

/** Waits until a view that is ready has drawn itself. */
const drawn = async (of: Scene) => {
  let before = "";
  for (let waited = 0; waited < RESTLESS; waited += QUIET) {
    await pause(QUIET);
    const now = JSON.stringify([of.recorder.since(0).length, of.size.value]);
    if (now === before) return;
    before = now;
  }
};

const seen = (of: Scene): Seen => {
  const size = sizeOf(of);
  return {
    phase: of.phase.value,
    trouble: of.trouble.value,
    width: Math.round(size.width ?? FREE),
    height: Math.round(size.height),
    violations: of.violations.value,
  };
};

/** Shows a view where a picture is taken. */
const open = async (now: Scene, of: Turn): Promise<Seen> => {
  if (scene) await leave();
  const { value: source } = of.document;
  if (!source) throw Error(of.trouble.value ?? `\`${of.tool.name}\` opens no view`);
  const into = document.createElement("div");
  into.className = "alone";
  document.body.append(into);
  [scene, place] = [now, into];
  follow = effect(() => {
    const { width, height } = sizeOf(now);
    into.style.width = `${width ?? FREE}px`;
    into.style.height = `${height}px`;
  });
  await now.open(into, source);
  // One that never gets ready is seen as it is.
  const phase = await Promise.race([now.settled(), pause(LOADED).then(() => "loading")]);
  if (phase === "ready") await drawn(now);
  return seen(now);
};

const shown = () => {
  if (!scene || !turn) throw Error("no view is shown");
  return { scene, turn };
};

const alone = {
  /** Waits for the server. Gives the tools that open a view, those that may be called without a word first. */
  async ready() {
    await until(() => ["ready", "failed", "refused", "locked"].includes(connection.value.state), CONNECTED, "the server is not connected");
    if (!isReady.value) throw Error(`the server is not connected: ${connection.value.message ?? connection.value.state}`);
    await until(() => tools.value !== undefined || trouble.value !== undefined, CONNECTED, "the server does not tell its tools");
    if (!tools.value) throw Error(`the server does not tell its tools: ${trouble.value}`);
    const withViews = tools.value.filter((tool) => widget(tool) !== undefined);
    return withViews.map((tool) => ({ name: tool.name, isOpening: isOpening(tool) }));
  },

  /** Calls a tool, and waits until it has ended. */
  async call(name: string, input: object) {
    const now = new Turn(named(name), input);
    if (widget(now.tool) === undefined) throw Error(`\`${name}\` opens no view`);
    turn = now;
    now.run();
    await until(() => now.phase.value !== "calling" && now.phase.value !== "task", CALLED, `\`${name}\` does not end`);
    await until(() => now.document.value !== undefined || now.trouble.value !== undefined, CALLED, `the view of \`${name}\` cannot be read`);
    return { phase: now.phase.value, error: now.error.value?.message };
  },

  /** Shows the view of the call. */
  async show(wish: { theme: "light" | "dark"; width?: number }): Promise<Seen> {
    if (!turn) throw Error("no tool is called");
    [theme.value, width.value] = [wish.theme, wish.width];
    document.documentElement.dataset.theme = wish.theme;
    return open(turn.show(host()), turn);
  },

  /** Shows what another page shows, in a copy that changes nothing. */
  async take({ tool, input, result, state, ...wish }: Taken): Promise<Seen> {
    const now = new Turn(named(tool), input);
    const uri = widget(now.tool);
    if (uri === undefined) throw Error(`\`${tool}\` opens no view`);
    now.phase.value = "done";
    await now.read(uri);
    [turn, theme.value, width.value] = [now, wish.theme, wish.width];
    document.documentElement.dataset.theme = wish.theme;
    const copy = new Scene(host(), now.tool, { scripts: [], found: () => {} });
    copy.state.value = state ?? undefined;
    copy.input(input);
    if (result) copy.outcome((host) => host.result(result));
    return open(copy, now);
  },

  /** Loads the view anew, with what it has kept. */
  async again(): Promise<Seen> {
    const { scene: now } = shown();
    await now.again();
    await Promise.race([now.settled(), pause(LOADED)]);
    await drawn(now);
    return seen(now);
  },

  /** The violations so far, and barriers in a copy of the view. */
  async examine(): Promise<{ findings: Finding[]; isWider: boolean; trouble?: string }> {
    const { scene: now, turn: of } = shown();
    report.value = undefined;
    await examine(of, now);
    const { findings = [], isWider = false } = report.value ?? {};
    return { findings, isWider, trouble: untold.value };
  },

  leave,

  /** Replays a trace, and waits for what the view makes of it. */
  async replay(text: string, wish: { pacing: Pacing }): Promise<Seen & { messages: number; isOther: boolean; differences: Difference[] }> {
    const trace = parse(text);
    const { theme: recorded, viewport } = trace.head as { theme?: "light" | "dark"; viewport?: { width?: number } };
    [theme.value, width.value] = [recorded ?? "light", viewport?.width];
    document.documentElement.dataset.theme = theme.value;
    pacing.value = wish.pacing;
    const { turn: of, scene: now, played, isOther } = await rehearse(trace, "alone");
    turn = of;
    await open(now, of);
    const longest = (trace.frames.at(-1)?.ms ?? 0) + LOADED;
    if (now.phase.value === "ready") await until(() => now.isReplayed.value, longest, "the view is not told all of the trace");
    // What it makes of the last of it.
    await drawn(now);
    return { ...seen(now), messages: trace.frames.length, isOther, differences: played.differences(true) };
  },
};

/** Has the page be there for {@link alone} only. */
export const beAlone = () => void Object.assign(globalThis, { alone });
