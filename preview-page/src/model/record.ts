/** The record that the host process may have been started for: of the first view, sent to it as it grows. */

import { lineOf } from "../../../widget-runtime/src/host";
import type { Scene } from "../view/scene";
import { host } from "../wire/host";
import { about } from "./connection";
import { headOf } from "./traces";

/** Time between looks at what is new, in milliseconds. */
const LOOK = 250;

let isWanted = true;

/** Records a view that was just mounted, if it is the first. Gives the end of the record, which comes with that of the view. */
export const recordFirst = (scene: Scene, input: object): (() => void) => {
  if (!isWanted || !about.value?.features.record) return () => {};
  isWanted = false;
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  void send(scene, input, ended).catch(() => {});
  return end;
};

const send = async (scene: Scene, input: object, ended: Promise<void>) => {
  const { recorder } = scene;
  let isOver = false;
  void ended.then(() => (isOver = true));
  // Another page may have been faster.
  const { id } = await host.beginRecord();
  // With the page the view ends. What it has said in the last moment is lost.
  addEventListener("pagehide", () => void host.endRecord(id).catch(() => {}), { once: true });
  try {
    await host.addToRecord(id, lineOf(await headOf(scene, input)));
    for (let sent = 0, isLast = false; !isLast; ) {
      isLast = isOver;
      const frames = recorder.since(sent);
      if (frames.length) await host.addToRecord(id, frames.map(lineOf).join(""));
      sent += frames.length;
      if (!isLast) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LOOK))]);
    }
  } finally {
    await host.endRecord(id);
  }
};
