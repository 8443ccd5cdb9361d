/** A way to the server, whichever it is. What happens there comes as events. */

import type { Context } from "../../../widget-runtime/src/host";
import type { Action } from "./types";

export interface Upstream {
  /** Asks the server, and tells its progress. An answer that is an error is a `Refusal`. */
  request(method: string, params: object, context?: Partial<Context>): Promise<any>;

  /** Answers a question of the server. */
  answer(question: number, action: Action, content?: unknown): Promise<unknown>;
}
