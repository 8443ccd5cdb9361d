/** The messages of both layers: between views and the host, and between the host and the server. */

import { signal } from "@preact/signals";

import type { Message } from "../../../widget-runtime/src/message";
import type { Way } from "../wire/types";
import { listen } from "./connection";
import { now } from "./clock";

export type Side = "view" | "host" | "server";

/** A message, or something that happened to a view. */
export interface Entry {
  n: number;
  /** Milliseconds since the page was opened. */
  at: number;
  from: Side;
  to: Side;
  message?: Message;
  /** Time from the request to this answer. */
  ms?: number;
  /** The method that an answer is an answer to. */
  of?: string;
  /** The profile of the view, where several are compared. */
  scene?: string;
  /** The way between host and server. */
  way?: Way;
  /** A happening that is no message: a violation, an error of a script, a message that was refused. */
  note?: { kind: "violation" | "error" | "refused" | "missed" | "view"; text: string; help?: string };
}

/** Entries that are kept, and characters of their messages. */
const MOST = 50_000;
const LARGEST = 64 << 20;

const entries: Entry[] = [];
const sizes: number[] = [];
let size = 0;
let count = 0;

/** Changes with each entry, at most once a frame. */
export const version = signal(0);
export const isPaused = signal(false);
let isTold = false;

export const all = (): readonly Entry[] => entries;

const open = new Map<string, { at: number; method: string }>();

/** Tells an answer how long it took, and to what. */
const matched = (from: Side, to: Side, scene: string | undefined, { id, method }: Message, at: number) => {
  if (id === undefined) return {};
  if (method !== undefined) {
    open.set(`${from} ${to} ${scene} ${id}`, { at, method });
    return {};
  }
  const name = `${to} ${from} ${scene} ${id}`;
  const request = open.get(name);
  open.delete(name);
  return request ? { ms: at - request.at, of: request.method } : {};
};

export const add = (entry: Omit<Entry, "n" | "at"> & { at?: number }) => {
  const at = entry.at ?? now();
  const match = entry.message ? matched(entry.from, entry.to, entry.scene ?? entry.way, entry.message, at) : {};
  entries.push({ ...match, ...entry, at, n: count++ });
  const characters = JSON.stringify(entry.message ?? null).length;
  sizes.push(characters);
  size += characters;
  if (entries.length > MOST || size > LARGEST) {
    let dropped = Math.min(MOST / 10, entries.length - 1);
    for (const one of sizes.slice(0, dropped)) size -= one;
    for (; size > LARGEST && dropped < entries.length - 1; dropped++) size -= sizes[dropped]!;
    entries.splice(0, dropped);
    sizes.splice(0, dropped);
  }
  if (isTold) return;
  isTold = true;
  requestAnimationFrame(() => {
    isTold = false;
    version.value++;
  });
};

export const clear = () => {
  entries.length = sizes.length = size = 0;
  version.value++;
};

export const isError = ({ message, note }: Entry) =>
  note !== undefined ? note.kind !== "view" : !!message?.error || message?.result?.isError === true;

listen((event, at, way) => {
  if (event.kind === "wire") {
    const [from, to] = event.from === "host" ? (["host", "server"] as const) : (["server", "host"] as const);
    add({ at, from, to, way, message: event.message, ...(event.ms !== undefined && { ms: event.ms }) });
  } else if (event.kind === "missed") {
    add({ at, from: "server", to: "host", note: { kind: "missed", text: `${event.count} events were missed: the page was too slow` } });
  }
});

/** The log as lines of JSON. */
export const text = () => entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
