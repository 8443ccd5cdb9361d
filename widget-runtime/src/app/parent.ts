/** The way to the parent: who is believed, and where messages go. */

import type { Message } from "../message";

/**
 * Opens the way to a window. Until `isAnswer` accepts a first message, which only the window can have made, nothing counts; the
 * origin of that message is then the only one.
 */
export const openParent = (target: Window, isAnswer: (message: Message) => boolean, receive: (message: Message) => void) => {
  let origin: string | undefined;
  addEventListener("message", ({ data, origin: from, source }: MessageEvent<Message>) => {
    if (source === target && data?.jsonrpc === "2.0" && (origin ? origin === from : isAnswer(data))) {
      origin = from;
      receive(data);
    }
  });
  // An opaque origin, "null", cannot be named as a target.
  // What is no JSON, as proxies of frameworks, cannot be posted as it is.
  return (message: Message) =>
    target.postMessage(JSON.parse(JSON.stringify(message)), origin && origin !== "null" ? origin : "*");
};
