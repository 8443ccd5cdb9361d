// @ts-check
/// <reference path="./mcp.d.ts" />
// The page. `mcp` is the bridge to the host, and is there before this script runs: mcp.d.ts tells what it can do.

const place = /** @type {HTMLElement} */ (document.getElementById("text"));

// The result of the tool that opened the view: `data` is what it gave, `text` the same in words.
mcp.on("result", ({ text }) => {
  place.textContent = text;
});
