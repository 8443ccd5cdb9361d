/** Names of the messages between our scripts in a view and the page. They go the way of the view's own messages; no host but ours hears them. */

export const enum Own {
  /** From a view: something that the page cannot see from outside. */
  Happened = "run.pmcp/preview-happened",
  /** To the copy of a view: what it is to look at. */
  Look = "run.pmcp/preview-look",
  /** From the copy: what it has found. */
  Found = "run.pmcp/preview-found",
}

/** Something that happened in a view. */
export type Happening =
  | { kind: "violation"; directive: string; blocked: string; file?: string; line?: number; column?: number }
  | { kind: "error"; text: string; file?: string; line?: number };
