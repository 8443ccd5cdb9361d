/** The address of the page: what is in it is how the page looks when it is opened there. */

import { effect } from "@preact/signals";

const given = new URLSearchParams(location.search);

/** The value of a parameter in the address that the page was opened with. */
export const wanted = (name: string): string | undefined => given.get(name) ?? undefined;

/** Keeps a parameter of the address as this function gives it. */
export const keep = (name: string, value: () => string | undefined) =>
  effect(() => {
    const now = value();
    const all = new URLSearchParams(location.search);
    if ((all.get(name) ?? undefined) === now) return;
    if (now === undefined) all.delete(name);
    else all.set(name, now);
    const search = all.size ? `?${all}` : "";
    history.replaceState(null, "", location.pathname + search);
  });
