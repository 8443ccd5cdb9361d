/** Names of the messages between our scripts in a view and the page. They go the way of the view's own messages; no host but ours hears them. */

export const enum Own {
  /** From a view: something that the page cannot see from outside. */
  Happened = "run.pmcp/preview-happened",
  /** From a view: a call of `window.openai`. */
  OpenAi = "run.pmcp/preview-openai",
  /** To the copy of a view: what it is to look at. */
  Look = "run.pmcp/preview-look",
  /** From the copy: what it has found. */
  Found = "run.pmcp/preview-found",
}

/** Something that happened in a view. */
export type Happening =
  | { kind: "violation"; directive: string; blocked: string; file?: string; line?: number; column?: number }
  | { kind: "error"; text: string; file?: string; line?: number };

/** A call of `window.openai`. */
export type OpenAi = { kind: "state"; state: unknown } | { kind: "modal" } | { kind: "close" };

/** A barrier, and where it is. */
export interface Finding {
  id: string;
  impact: string;
  help: string;
  places: { selector: string; html: string; fix: string }[];
}

/** A stop of the tab key, in the view's own measures. */
export interface Stop {
  role: string;
  name: string;
  /** It has a positive `tabindex`. */
  isForced: boolean;
  left: number;
  top: number;
}

/** All that a look at a copy has found. */
export interface Found {
  findings: Finding[];
  stops: Stop[];
  /** The document is wider than its view. */
  isWider?: boolean;
  trouble?: string;
}
