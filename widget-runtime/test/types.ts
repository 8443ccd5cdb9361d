/** Uses that the types of the bridge allow, and some that they refuse: checked when the tests are compiled. */

import type { App } from "../dist/app.d.ts";

interface Board {
  fen: string;
  moves: string[];
}

/** As a widget's own `mcp.d.ts` declares them. */
interface Tools {
  show_board: { arguments: { level: number }; result: Board };
  analyse: { arguments: { depth: number }; result: string; variables: { best: string } };
}

export const uses = async (mcp: Mcp<Tools, "show_board">, loose: Mcp, app: App<Tools, "show_board">) => {
  const level: number | undefined = mcp.input?.level;
  mcp.on("result", (result) => (result.isError ? result.text : result.data.moves.length));
  // @ts-expect-error: what a tool that failed says is not a board.
  mcp.on("result", ({ data }) => data.moves.length);
  mcp.on("partial", ({ level }) => level?.toFixed());
  mcp.on("teardown", async () => {});
  mcp.on("notifications/tools/list_changed", () => {});
  // @ts-expect-error: there is no such event.
  mcp.on("results", () => {});
  // @ts-expect-error: there is no such tool.
  void mcp.callTool("movePiece", {});
  // @ts-expect-error: this is no argument of it.
  void mcp.callTool("analyse", { deep: 1 });
  const call = mcp.callTool("analyse", { depth: 1 });
  call.on("task", ({ status, variables }) => status === "working" && variables?.best.length);
  call.on("question", (question) => question.answer({ piece: "queen" }));
  const found = await call;
  const best: string = found.isError ? "" : found.data;
  // A generated type is an interface, which has no index signature.
  if (mcp.result && !mcp.result.isError) mcp.state = { best, board: mcp.result.data };
  // @ts-expect-error: it is not for the page to set.
  mcp.context = {};
  const mode: DisplayMode = await mcp.requestDisplayMode("fullscreen");
  void loose.callTool("anything", { at: "all" });
  return [level, best, mode, app.mcp.result?.isError === false && app.mcp.result.data.fen];
};
