/** The bridge as bundlers inject it: `mcp`, before any script of the page. The build makes a function of its options of it. */

import { bridge, type Options } from "./bridge";
import { openParent } from "./parent";

declare const options: Options;

declare global {
  var mcp: Mcp;
}

globalThis.mcp = bridge(options, (isAnswer, receive) => openParent(parent, isAnswer, receive));
