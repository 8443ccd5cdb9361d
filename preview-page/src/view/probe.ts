/** A script that runs in each view before its own: it tells the page what only the document itself can see. It is no part of a view elsewhere. */

import { Own, type Happening } from "./names";

const own = document.currentScript;

/** What is told at most: a page in a loop has told enough. */
let left = 200;

const tell = (params: Happening) => {
  if (left-- > 0) parent.postMessage({ jsonrpc: "2.0", method: Own.Happened, params }, "*");
};

addEventListener("securitypolicyviolation", (event) => {
  const { effectiveDirective: directive, blockedURI: blocked, sourceFile, lineNumber, columnNumber } = event;
  tell({ kind: "violation", directive, blocked, file: sourceFile || undefined, line: lineNumber || undefined, column: columnNumber || undefined });
});

addEventListener("error", (event) => {
  if (!event.message) return;
  tell({ kind: "error", text: event.message.slice(0, 2000), file: event.filename || undefined, line: event.lineno || undefined });
});

addEventListener("unhandledrejection", ({ reason }) => {
  const text = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  tell({ kind: "error", text: `not handled: ${text}`.slice(0, 2000) });
});

// The document is as its author wrote it.
own?.remove();
