/** What goes wrong in hosts, on demand: what users report against them. */

import { computed, signal } from "@preact/signals";

export interface Faults {
  /** Time by which each answer to a view comes later, in milliseconds. */
  latency: number;
  /** Calls of a view are never answered. */
  isMissing: boolean;
  /** Calls of a view fail as if there were no connection. */
  fails: boolean;
  /** A view is removed while it calls. */
  isRemoved: boolean;
  /** Each view is mounted a second time beside itself. */
  isTwice: boolean;
  /** Links are refused without a question. */
  deniesLinks: boolean;
}

const NONE: Faults = { latency: 0, isMissing: false, fails: false, isRemoved: false, isTwice: false, deniesLinks: false };

export const faults = signal<Faults>(NONE);
export const isFaulty = computed(() => JSON.stringify(faults.value) !== JSON.stringify(NONE));
export const heal = () => void (faults.value = NONE);
