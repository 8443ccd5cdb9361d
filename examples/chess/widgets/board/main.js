// @ts-check
/// <reference path="./mcp.d.ts" />
// The widget: it shows the game the tool gave, asks the server for moves, and for an analysis.

import { board } from "./grid.js";
import { picture, pieces } from "./pieces.js";

/** @typedef {Rust.BoardView} BoardView */

/** @param {string} id */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const told = at("told");
const grid = board(at("board"), move);
const ENDINGS = { white_wins: "Checkmate: you have won.", black_wins: "Checkmate: you have lost.", stalemate: "A draw: no move is left.", draw: "A draw." };

/** @type {BoardView | undefined} */
let game;
let busy = false;

/** Shows a game, and keeps it for when the view is opened again. @param {BoardView} next */
function show(next) {
  game = next;
  mcp.state = { game };
  const placed = pieces(next.fen);
  const king = [...placed].find(([, piece]) => piece.kind === "king" && piece.side === next.turn)?.[0];
  grid.show({ pieces: placed, last: next.last ?? [], check: next.check ? king : undefined, legal: next.legal });
  if (next.ending) told.textContent = ENDINGS[next.ending];
  else told.textContent = next.check ? "Check! Your move." : "Your move.";
  const item = (white, at) => {
    const row = document.createElement("li");
    for (const text of [`${at / 2 + 1}.`, white, next.moves[at + 1] ?? ""]) {
      row.append(Object.assign(document.createElement("span"), { textContent: text }));
    }
    return row;
  };
  at("moves").replaceChildren(...next.moves.flatMap((white, at) => (at % 2 ? [] : [item(white, at)])));
  at("moves").scrollTop = at("moves").scrollHeight;
  buttons();
}

function buttons() {
  const none = !game?.moves.length;
  // Where the tool gave none, a game can be begun.
  /** @type {HTMLButtonElement} */ (at("new")).disabled = busy || Boolean(game && none);
  /** @type {HTMLButtonElement} */ (at("back")).disabled = busy || none;
  /** @type {HTMLButtonElement} */ (at("analyse")).disabled = !game || Boolean(game.ending);
}

/** @param {string} text */
const sentence = (text) => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;

/** Asks the server for a game, and says what it says if it has none. @param {Promise<Result<BoardView>>} asked */
async function ask(asked) {
  busy = true;
  buttons();
  try {
    const result = await asked;
    busy = false;
    if (!result.isError) {
      show(result.data);
      return true;
    }
    // What was shown ahead is taken back.
    if (game) show(game);
    told.textContent = sentence(result.text);
  } catch {
    busy = false;
    if (game) show(game);
    told.textContent = "The server cannot be reached.";
  }
  return false;
}

/** @param {string} from @param {string} to */
async function move(from, to) {
  if (!game || busy) return;
  const legal = game.legal.find((legal) => legal.from === from && legal.to === to);
  const promotion = legal?.promotes ? await promoted() : undefined;
  if (legal?.promotes && !promotion) return;
  if (legal) ahead(from, to);
  told.textContent = "The server thinks…";
  const moved = await ask(mcp.callTool("move_piece", { moves: game.moves, from, to, ...(promotion ? { promotion } : {}) }));
  if (moved) {
    const text = `The user plays chess as White against the server. Moves: ${game.moves.join(" ")}. Position: ${game.fen}`;
    mcp.updateModelContext(text).catch(() => {});
  }
}

/** Shows a move before the server has answered. */
function ahead(from, to) {
  const placed = pieces(/** @type {BoardView} */ (game).fen);
  const piece = placed.get(from);
  if (!piece) return;
  placed.delete(from);
  placed.set(to, piece);
  grid.show({ pieces: placed, last: [from, to], legal: [] });
}

/** What the user makes of a pawn. @returns {Promise<"queen" | "rook" | "bishop" | "knight" | undefined>} */
function promoted() {
  const form = at("promotion");
  return new Promise((resolve) => {
    const end = (kind) => {
      form.hidden = true;
      form.onkeydown = form.onclick = null;
      resolve(kind);
    };
    const kinds = /** @type {const} */ (["queen", "rook", "bishop", "knight"]);
    form.replaceChildren(...kinds.map((kind) => {
      const button = Object.assign(document.createElement("button"), { type: "button", ariaLabel: kind, title: kind });
      button.append(picture({ side: "white", kind }));
      button.onclick = () => end(kind);
      return button;
    }));
    form.hidden = false;
    /** @type {HTMLElement} */ (form.firstElementChild).focus();
    form.onkeydown = (event) => event.key === "Escape" && end(undefined);
    form.onclick = (event) => event.target === form && end(undefined);
  });
}

function analyse() {
  const moves = game?.moves ?? [];
  const call = mcp.callTool("analyse", { moves });
  const running = (is) => {
    for (const id of ["progress", "cancel"]) at(id).hidden = !is;
    at("analyse").hidden = is;
  };
  /** @param {{score: string, depth: number, line: string[], positions: number}} found */
  const tell = ({ score, depth, line, positions }) => {
    const value = Object.assign(document.createElement("b"), { textContent: score });
    const many = new Intl.NumberFormat(mcp.context.locale).format(positions);
    at("found").replaceChildren(value, `${written(moves.length, line)} (depth ${depth}, ${many} positions)`);
  };
  running(true);
  at("found").textContent = "Looking…";
  at("progress").removeAttribute("value");
  at("cancel").onclick = () => call.cancel();
  call.on("task", ({ variables }) => {
    if (!variables?.depth) return;
    Object.assign(at("progress"), { max: variables.of, value: variables.depth });
    tell(variables);
  });
  call.then(
    (result) => (result.isError ? (at("found").textContent = result.text) : tell(result.data)),
    (error) => {
      at("found").append(error?.name === "AbortError" ? " Cancelled." : " The analysis failed.");
    },
  ).finally(() => running(false));
}

/** Moves with their numbers. @param {number} before @param {string[]} line */
function written(before, line) {
  return line.map((move, at) => {
    const n = before + at;
    return n % 2 === 0 ? `${n / 2 + 1}. ${move}` : at === 0 ? `${(n + 1) / 2}… ${move}` : move;
  }).join(" ");
}

at("new").onclick = () => ask(mcp.callTool("show_board", { moves: [] }));
at("back").onclick = () => ask(mcp.callTool("show_board", { moves: (game?.moves ?? []).slice(0, -2) }));
at("analyse").onclick = analyse;
mcp.on("context", buttons);
mcp.on("result", (result) => {
  const kept = /** @type {{game: BoardView} | undefined} */ (mcp.state);
  if (kept) show(kept.game);
  else if (result.isError) told.textContent = sentence(result.text);
  else show(result.data);
});
mcp.on("cancelled", () => (told.textContent = "The game was not opened."));
