/** Questions of the server that no task holds: forms, texts to write for a model, directories to name. */

import { signal } from "@preact/signals";

import type { Action, Asked } from "../wire/types";
import { listen } from "./connection";
import { via } from "./upstream";

export const questions = signal<Asked[]>([]);

/** Questions that are kept; the host process lets no more be open, either. */
const MOST = 100;

const is = (one: Asked, { id, way }: Pick<Asked, "id" | "way">) => one.id === id && one.way === way;

listen((event, _, way) => {
  if (event.kind === "question") {
    const { id, method, params, taskId } = event;
    const asked = { id, method, params, taskId, way };
    questions.value = [...questions.value.filter((one) => !is(one, asked)), asked].slice(-MOST);
  } else if (event.kind === "answered") {
    questions.value = questions.value.filter((one) => !is(one, { id: event.id, way }));
  }
});

export const answer = async (asked: Asked, action: Action, content?: unknown) => {
  // One that is gone has been answered, or given up with its request.
  await via(asked.way).answer(asked.id, action, content).catch(() => {});
  questions.value = questions.value.filter((one) => !is(one, asked));
};
