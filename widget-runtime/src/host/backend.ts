/** The two that a host is given: a server to ask, and a page that decides for the user. */

/** The context of a request. */
export interface Context {
  /** Aborted if the view cancels, or is gone. */
  signal: AbortSignal;
  progress(progress: Progress): void;
}

/**
 * The server behind a view. Methods: `tools/call`, `resources/read`, `resources/list`, `resources/templates/list`, `prompts/list`
 * and, if the host announces tasks, `tasks/get`, `tasks/update` and `tasks/cancel` as the extension of 2026-07-28 has them,
 * whatever the server speaks. It rejects with a {@link Refusal} to say a code, and keeps its own time.
 */
export interface Backend {
  request(method: string, params: any, context: Context): Promise<object>;
}

/** The page around a view, as far as a view may ask it. To refuse is to reject. What is absent is unknown to the view. */
export interface Page {
  openLink?(url: string): unknown;
  message?(params: { role: string; content: ContentBlock[] }): unknown;
  modelContext?(params: { content?: ContentBlock[]; structuredContent?: object }): unknown;
  /** Changes the place, and gives the place the view is in then. */
  displayMode?(mode: DisplayMode): DisplayMode | Promise<DisplayMode>;
  download?(contents: object[]): unknown;
  log?(params: { level: LogLevel; data: unknown; logger?: string }): void;
  size?(size: { width?: number; height?: number }): void;
  state?(state: unknown): void;
  /** The view asks to be removed. */
  close?(): void;
  /** The view speaks for the first time, and is ready. */
  initialized?(app: { name: string; version: string }): void;
  /** The view is given up: it has sent too much. */
  flooded?(): void;
}

/** An error that a view is told with its code. Of others it is told nothing but that they are internal. */
export class Refusal extends Error {
  readonly code: number;
  readonly data?: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}
