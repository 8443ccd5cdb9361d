/** The host's half as it is committed, with the types of its source. */

import type * as Host from "../src/host/index.ts";

const built = new URL("../../pmcp-preview/assets/host.js", import.meta.url);

export const { allowed, asRecorded, atOnce, parse, policy, Recorder, Refusal, Replay, under, ViewHost, write }: typeof Host = await import(built.href);
