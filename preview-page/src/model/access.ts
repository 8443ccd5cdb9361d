/** Barriers of a view, found in a copy of it: the page cannot look into the view itself, which is on another origin. */

import { signal } from "@preact/signals";

import { sizeOf } from "../view/room";
import { Scene } from "../view/scene";
import type { Found } from "../view/names";
import look from "script:../view/look.ts";
import type { Turn } from "./turn";

/** What was found of a view, and how it was shown then. */
export interface Report extends Found {
  scene: string;
  theme: string;
  width: number;
  /** Time of the look without the mount, in milliseconds. */
  ms: number;
}

export const report = signal<Report | undefined>(undefined);
export const isLooking = signal(false);
export const trouble = signal<string | undefined>(undefined);

/** Time that a view has to draw itself after it has its result, in milliseconds. */
const DRAWN = 500;
/** Time after which a copy is given up, in milliseconds. */
const LATEST = 20_000;

let axe: Promise<string> | undefined;

const loadAxe = () => {
  axe ??= fetch("/assets/axe.js").then((response) => response.text());
  return axe;
};

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A place for the copy: laid out and drawn as any view, and neither seen nor reached. */
const place = (width: number, height: number): HTMLElement => {
  const element = document.createElement("div");
  element.className = "copy-of-view";
  element.inert = true;
  element.setAttribute("aria-hidden", "true");
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  document.body.append(element);
  return element;
};

/** Looks at a copy of this view. */
export const examine = async (turn: Turn, scene: Scene) => {
  const source = turn.document.value;
  if (!source || isLooking.value) return;
  isLooking.value = true;
  trouble.value = undefined;
  const { width = 720, height } = sizeOf(scene);
  const into = place(width, height);
  let told: (found: Found) => void = () => {};
  const found = new Promise<Found>((resolve) => (told = resolve));
  const copy = new Scene(scene.profile, scene.tool, { scripts: [{ text: await loadAxe() }, { text: look }], found: told });
  try {
    copy.state.value = scene.state.value;
    copy.input(turn.input);
    const { value: result } = turn.result;
    if (result) copy.outcome((host) => host.result(result));
    const isOver = pause(LATEST).then(() => "late" as const);
    await copy.open(into, source);
    for (let waited = 0; copy.phase.value === "loading" && waited < LATEST; waited += 50) await pause(50);
    if (copy.phase.value !== "ready") throw Error(copy.trouble.value ?? "the copy does not get ready");
    await pause(DRAWN);
    const began = performance.now();
    copy.look();
    const answer = await Promise.race([found, isOver]);
    if (answer === "late") throw Error("the copy does not answer");
    if (answer.trouble) throw Error(answer.trouble);
    report.value = { ...answer, scene: scene.id, theme: String(scene.context.value.theme), width, ms: performance.now() - began };
  } catch (error) {
    trouble.value = (error as Error).message;
  } finally {
    await copy.close();
    into.remove();
    isLooking.value = false;
  }
};
