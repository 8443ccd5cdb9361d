/** Traces: what is recorded, and a replay that answers as it was then. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Trace } from "../src/host/index.ts";
import { asRecorded, atOnce, parse, Recorder, Replay, write } from "./assets.ts";
import { page, View } from "./channel.ts";
import { settle } from "./page.ts";

/** A session of one view: a call with progress, one that fails, a link; as a trace. */
const recorded = async (): Promise<Trace> => {
  let now = 1000;
  const recorder = new Recorder(() => now);
  const backend = {
    request: async (_: string, { name }: any, { progress }: any) => {
      now += 10;
      // As upstream may tell it, with a token of its own.
      progress({ progress: 1, progressToken: "preview-1" });
      now += 20;
      if (name === "fail") throw Error("secret");
      return { content: [{ type: "text", text: name }] };
    },
  };
  const view = await View.ready({ backend, observe: recorder.observe });
  view.host.input({ level: 1 });
  now += 500;
  view.host.result({ content: [] });
  view.host.change({ theme: "dark" });
  await view.ask("tools/call", { name: "move", arguments: { a: 1, b: [2] }, _meta: { progressToken: 1 } });
  await view.ask("tools/call", { name: "fail", arguments: {} });
  await view.ask("ui/open-link", { url: "https://a.example/" });
  return recorder.trace({ server: "chess" });
};

/** The same view again, under a host that replays. */
const replayed = async (trace: Trace, pace = atOnce) => {
  const replay = new Replay(trace, pace);
  const own = page();
  const view = await View.ready({ backend: replay.backend, page: replay.page(own) });
  return { replay, view, own };
};

test("a trace is lines of JSON that can be read back", async () => {
  const trace = await recorded();
  const text = write(trace);
  assert.deepEqual(JSON.parse(text.split("\n")[0]!), { format: 1, server: "chess" });
  assert.deepEqual(parse(text), trace);
  const [first] = trace.frames;
  assert.deepEqual([first!.ms, first!.from, first!.to, first!.message.method], [0, "view", "host", "ui/initialize"]);
  assert.ok(trace.frames.some(({ from, to, message }) => from === "host" && to === "server" && message.method === "tools/call"));
  assert.ok(!text.includes("secret"));
});

test("messages without parameters are replayed, too", async () => {
  const trace = await recorded();
  const bare = { ...trace, frames: trace.frames.map((frame) => {
    const isBare = ["notifications/progress", "ui/notifications/host-context-changed", "ui/notifications/tool-input"].includes(frame.message.method ?? "");
    return isBare ? { ...frame, message: { ...frame.message, params: undefined } } : frame;
  }) };
  const { replay, view } = await replayed(parse(write(bare)));
  await replay.tell(view.host);
  assert.deepEqual((await view.ask("tools/call", { name: "move", arguments: { a: 1, b: [2] } })).result, { content: [{ type: "text", text: "move" }] });
});

test("a trace has so many frames and characters, and is the session to there", () => {
  const message = { jsonrpc: "2.0", method: "notifications/message", params: { data: "x".repeat(100) } } as const;
  const kept = (recorder: InstanceType<typeof Recorder>, messages: object[]) => {
    for (const message of messages) recorder.observe("view", "host", message as any);
    return recorder.trace({}).frames.length;
  };
  assert.equal(kept(new Recorder(() => 0, 2), [message, message, message]), 2);
  const large = { ...message, params: { data: "x".repeat(1000) } };
  assert.equal(kept(new Recorder(() => 0, 9, 500), [message, large, message]), 1, "and has no gap");
});

test("values at given places are left out", async () => {
  const text = write(await recorded(), ["/params/arguments/a", "/result/content/*/text"]);
  const calls = parse(text).frames.filter(({ message }) => message.params?.name === "move");
  assert.ok(calls.length > 1 && calls.every(({ message }) => message.params.arguments.a === "[redacted]" && message.params.arguments.b));
  assert.ok(!text.includes('"text":"move"'));
});

test("what is no trace is refused with its line", () => {
  assert.throws(() => parse(""), /line 1/);
  assert.throws(() => parse('{"format":2}'), /line 1/);
  assert.throws(() => parse('{"format":1}\n{"ms":'), /line 2/);
  assert.throws(() => parse('{"format":1}\n{"ms":1,"from":"me","to":"host","message":{"jsonrpc":"2.0"}}'), /line 2/);
});

test("the same requests are answered as then, whatever the order of their keys", async () => {
  const { replay, view, own } = await replayed(await recorded());
  const moved = await view.ask("tools/call", { name: "move", arguments: { b: [2], a: 1 }, _meta: { progressToken: "other" } });
  assert.equal(moved.result.content[0].text, "move");
  assert.deepEqual(view.of("notifications/progress"), [{ progress: 1, progressToken: "other" }]);
  assert.equal((await view.ask("tools/call", { name: "fail", arguments: {} })).error.code, -32603);
  assert.deepEqual((await view.ask("ui/open-link", { url: "https://a.example/" })).result, {});
  assert.deepEqual(own.asked.map(([what]) => what), ["initialized"], "nothing is opened again");
  assert.deepEqual(replay.differences(true), []);
});

test("the view is told what it was told then", async () => {
  const { replay, view } = await replayed(await recorded());
  await replay.tell(view.host);
  assert.deepEqual(view.of("ui/notifications/tool-input"), [{ arguments: { level: 1 } }]);
  assert.equal(view.of("ui/notifications/tool-result").length, 1);
  assert.deepEqual(view.of("ui/notifications/host-context-changed"), [{ theme: "dark" }]);
});

test("what the trace does not hold is a difference, and so is what is missing", async () => {
  const { replay, view } = await replayed(await recorded());
  const call = { name: "move", arguments: { a: 1, b: [2] } };
  assert.ok((await view.ask("tools/call", call)).result);
  assert.equal((await view.ask("tools/call", call)).error.code, -32000, "each answer is given once");
  assert.deepEqual(replay.differences().map(({ kind, to, method }) => [kind, to, method]), [["unrecorded", "server", "tools/call"]]);
  const ended = replay.differences(true).slice(1);
  assert.deepEqual(ended.map(({ kind, method, params }: any) => [kind, method, params.name ?? params.url]), [
    ["missing", "tools/call", "fail"],
    ["missing", "ui/open-link", "https://a.example/"],
  ]);
});

test("times are those of the trace, or a step at a time", async () => {
  const waits: number[] = [];
  let step: () => void = () => {};
  const stepped = (milliseconds: number) => {
    waits.push(milliseconds);
    return new Promise<void>((resolve) => (step = resolve));
  };
  const { view } = await replayed(await recorded(), stepped);
  await view.send({ id: 1, method: "tools/call", params: { name: "move", arguments: { a: 1, b: [2] } } });
  assert.deepEqual(waits, [10]);
  step();
  await settle();
  assert.deepEqual(waits, [10, 20]);
  assert.equal(view.heard.filter(({ id }) => id === 1).length, 0);
  step();
  await settle();
  assert.equal(view.heard.filter(({ id }) => id === 1).length, 1);
  await asRecorded(0);
});
