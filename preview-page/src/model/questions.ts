/** Questions of the server that no task holds: forms, texts to write for a model, directories to name. */

import { signal } from "@preact/signals";

import { host } from "../wire/host";
import type { Action, Asked } from "../wire/types";
import { listen } from "./connection";

export const questions = signal<Asked[]>([]);

/** Questions that are kept; the host process lets no more be open, either. */
const MOST = 100;

listen((event) => {
  if (event.kind === "question") {
    const { kind: _, at: __, ...asked } = event;
    questions.value = [...questions.value.filter(({ id }) => id !== asked.id), asked].slice(-MOST);
  } else if (event.kind === "answered") {
    questions.value = questions.value.filter(({ id }) => id !== event.id);
  }
});

export const answer = async (id: number, action: Action, content?: unknown) => {
  // One that is gone has been answered, or given up with its request.
  await host.answer(id, action, content).catch(() => {});
  questions.value = questions.value.filter((asked) => asked.id !== id);
};
