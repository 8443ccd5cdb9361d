/** Records of views: kept by the host process as files, and replayed here. */

import { signal } from "@preact/signals";

import { parse, write, type Difference, type Head, type Trace } from "../../../widget-runtime/src/host";
import { sizeOf } from "../view/room";
import type { Scene } from "../view/scene";
import { host } from "../wire/host";
import type { Stored } from "../wire/types";
import { connection, isReady } from "./connection";

export const traces = signal<Stored[]>([]);

/** The way in which a replay goes on. */
export type Pacing = "recorded" | "once" | "stepped";
export const pacing = signal<Pacing>("recorded");

/** What a replay has shown so far. */
export interface Outcome {
  name: string;
  /** The view has been told all that is in the trace. */
  isOver: boolean;
  /** The document is not the one of the record. */
  isOther: boolean;
  differences: Difference[];
  trouble?: string;
}
export const outcome = signal<Outcome | undefined>(undefined);

export const list = async () => {
  if (isReady.value) traces.value = await host.traces().catch(() => []);
};

/** The hash of a document, by which a replay tells that it is another one. */
export const hash = async (html: string): Promise<string> => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(html));
  return [...new Uint8Array(digest.slice(0, 8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** The circumstances of a view. */
export const headOf = async (scene: Scene, input: object): Promise<Head> => {
  const { server, protocol } = connection.value;
  const { html = "", uri = "" } = scene.document ?? {};
  return {
    format: 1,
    server: server ? { name: server.name, version: server.version } : undefined,
    protocol,
    profile: scene.profile.id,
    tool: scene.tool.name,
    input,
    uri,
    document: await hash(html),
    viewport: { ...scene.context.value.containerDimensions, ...sizeOf(scene) },
    theme: scene.context.value.theme,
  };
};

/** The record of a view so far. */
export const recordOf = async (scene: Scene, input: object): Promise<Trace> => ({ head: await headOf(scene, input), frames: scene.recorder.since(0) });

/** Keeps a record under a name, without the values at these JSON pointers. */
export const keep = async (name: string, trace: Trace, redacted: string[]) => {
  await host.keepTrace(name, write(trace, redacted));
  await list();
};

export const remove = async (name: string) => {
  await host.removeTrace(name);
  await list();
};

export const open = async (name: string): Promise<Trace> => parse(await host.trace(name));

/** Waits of a replay that somebody steps through. */
let steps: (() => void)[] = [];
let ahead = 0;

export const step = () => {
  const next = steps.shift();
  if (next) next();
  else ahead++;
};

/** A wait of the present pacing. */
export const pace = (milliseconds: number): Promise<void> => {
  if (pacing.value === "once") return Promise.resolve();
  if (pacing.value === "recorded") return new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (ahead > 0) {
    ahead--;
    return Promise.resolve();
  }
  return new Promise((resolve) => void steps.push(resolve));
};

export const rewind = () => {
  steps = [];
  ahead = 0;
};

/** Names that files may have. */
export const isName = (name: string) => /^[a-z0-9-]{1,64}$/.test(name);
