/** The page of the preview: it shows the views of one server as a host would, and what happens between them. */

import { effect } from "@preact/signals";
import { render } from "preact";

import { beAlone } from "./alone";
import { wanted } from "./model/address";
import { connection, start } from "./model/connection";
import { said } from "./model/layout";
import { input, isOpening, tool, tools } from "./model/tools";
import { recalled } from "./model/recall";
import { call, recall, turn } from "./model/turn";
import { App } from "./parts/App";

// Whoever drives the page without hands has views alone.
const isAlone = wanted("alone") !== undefined;
if (isAlone) beAlone();
else render(<App />, document.querySelector("#page")!);

// The first minute: a view that needs nothing is there without a word, and so is what the address asks for. What was shown when the page
// was loaded anew is shown again; what may change something is not called for that.
const stop = effect(() => {
  const first = tool.value;
  if (isAlone || !tools.value || !first) return;
  queueMicrotask(() => stop());
  if (turn.peek()) return;
  const before = recalled(first, input.value);
  if (before && !first.annotations?.readOnlyHint) recall(first, input.value, before);
  else if (before || wanted("args") !== undefined || isOpening(first)) call(first, input.value);
});

// What a call has come to, for those who do not see it.
effect(() => {
  const now = turn.value;
  const phase = now?.phase.value;
  if (now && phase !== "calling") said.value = `${now.tool.name}: ${phase === "done" ? "the result is there" : phase === "task" ? "it has become a task" : phase}`;
});

// So is the state of the connection.
let before: string | undefined;
effect(() => {
  const { state } = connection.value;
  if (before !== undefined && before !== state) said.value = `The connection is ${state}`;
  before = state;
});

void start();
