/** Records of sessions: a head and frames, as lines of JSON. */

import type { Message } from "../message";
import type { Party } from "./host";

/** The circumstances of a record. No HTTP header is ever in a trace. */
export interface Head {
  format: 1;
  [name: string]: unknown;
}

export interface Frame {
  /** Time since the first frame. */
  ms: number;
  from: Party;
  to: Party;
  message: Message;
}

export interface Trace {
  head: Head;
  frames: Frame[];
}

/** Records what {@link ViewHost} lets it observe. */
export class Recorder {
  readonly #frames: Frame[] = [];
  readonly #now: () => number;
  readonly #most: number;
  /** Characters that are left. */
  #left: number;
  #start: number | undefined;

  /** Keeps the first `most` frames, as long as they have no more than `size` characters together. */
  constructor(now: () => number = () => performance.now(), most = 50_000, size = 64 << 20) {
    this.#now = now;
    this.#most = most;
    this.#left = size;
  }

  readonly observe = (from: Party, to: Party, message: Message) => {
    if (this.#frames.length >= this.#most || this.#left <= 0) return;
    const text = JSON.stringify(message);
    this.#left -= text.length;
    // Without a gap: what comes after one that is too large is not kept, either.
    if (this.#left < 0) return;
    const now = this.#now();
    this.#start ??= now;
    // A copy: the message may change, and the trace is JSON anyway.
    this.#frames.push({ ms: Math.round(now - this.#start), from, to, message: JSON.parse(text) });
  };

  /** The frames but for the first ones. */
  since(count: number): Frame[] {
    return this.#frames.slice(count);
  }

  trace(head: Omit<Head, "format">): Trace {
    return { head: { format: 1, ...head }, frames: this.since(0) };
  }
}

/** A line of a trace. */
export const lineOf = (part: Head | Frame): string => `${JSON.stringify(part)}\n`;

/** A trace as text, without the values at these JSON pointers of messages: `*` stands for any name. */
export const write = ({ head, frames }: Trace, redacted: string[] = []): string => {
  const paths = redacted.map((pointer) =>
    pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~")));
  const lines = frames.map((frame) => {
    if (!paths.length) return frame;
    const message = JSON.parse(JSON.stringify(frame.message));
    for (const path of paths) blank(message, path);
    return { ...frame, message };
  });
  return [head, ...lines].map(lineOf).join("");
};

const blank = (value: any, [name, ...rest]: string[]): void => {
  if (name === undefined || typeof value !== "object" || value === null) return;
  for (const key of name === "*" ? Object.keys(value) : Object.hasOwn(value, name) ? [name] : []) {
    if (rest.length) blank(value[key], rest);
    else value[key] = "[redacted]";
  }
};

/** Reads a trace, or says which line is none. */
export const parse = (text: string): Trace => {
  const [head, ...frames] = text.split("\n").filter((line) => line.trim()).map((line, at) => {
    try {
      return JSON.parse(line);
    } catch {
      throw Error(`line ${at + 1} is no JSON`);
    }
  });
  if (head?.format !== 1) throw Error("line 1 is no head of a trace in format 1");
  const parties = ["view", "host", "server"];
  frames.forEach((frame, at) => {
    const isFrame =
      typeof frame?.ms === "number" && parties.includes(frame.from) && parties.includes(frame.to) && frame.message?.jsonrpc === "2.0";
    if (!isFrame) throw Error(`line ${at + 2} is no frame`);
  });
  return { head, frames };
};
