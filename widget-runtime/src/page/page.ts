/** The page: for now what tests and the console of a browser call. */

import { mount, type Wishes } from "./mount";
import { Upstream } from "./upstream";

const upstream = Upstream.fromAddress();
const place = document.querySelector("main") as HTMLElement;

export const preview = {
  upstream,
  mount: (tool: string, input: object = {}, wishes?: Wishes) => mount(upstream, place, tool, input, wishes),
};
Object.assign(globalThis, { preview });

const wanted = new URLSearchParams(location.search);
const tool = wanted.get("tool");
if (tool) await preview.mount(tool, JSON.parse(wanted.get("args") ?? "{}"));
