/** A page of views alone, without controls: what the tests of widgets call. It is evaluated in a document of the host's origin. */

import { mount, type Wishes } from "./mount";
import { Upstream } from "./upstream";

const upstream = Upstream.fromAddress();
const place = document.createElement("main");
document.body.replaceChildren(place);

export const preview = {
  upstream,
  mount: (tool: string, input: object = {}, wishes?: Wishes) => mount(upstream, place, tool, input, wishes),
};
Object.assign(globalThis, { preview });
