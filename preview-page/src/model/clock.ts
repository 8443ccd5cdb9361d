/** Time since the page was opened, and the time of the host process as the page tells it. */

import { signal } from "@preact/signals";

/** Milliseconds since the page was opened. */
export const now = () => performance.now();

let behind = -Infinity;

/** The page's time of an event of the host process. The event that took the shortest way tells how far the two clocks are apart. */
export const pageTime = (at: number): number => {
  behind = Math.max(behind, at - now());
  return at - behind;
};

/** The present second, for ages and times left. */
export const second = signal(Date.now());
setInterval(() => void (second.value = Date.now()), 1000);

/** A time span in one unit or two, as people say it: `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 20 min`. */
export const span = (milliseconds: number): string => {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
};
