/** The host's half of widgets, without a page of its own. */

export { Refusal, type Backend, type Context, type Page } from "./backend";
export { openProxy, openWindow, type Channel, type Document, type Mounted } from "./channel";
export { ViewHost, type Options, type Party } from "./host";
export { Bucket, LIMITS, type Limits } from "./limits";
export { allowed, policy, under, type Csp } from "./policy";
export { asRecorded, atOnce, canonical, Replay, type Difference, type Pace } from "./replay";
export { lineOf, parse, Recorder, write, type Frame, type Head, type Trace } from "./trace";
