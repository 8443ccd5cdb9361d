// @ts-check
// The board: 64 buttons that one reaches by mouse, by touch and by arrow keys.

import { picture } from "./pieces.js";

/** @typedef {import("./pieces.js").Piece} Piece */
/** @typedef {{pieces: Map<string, Piece>, last: string[], check?: string, legal: {from: string, to: string}[]}} Shown */

const FILES = [..."abcdefgh"];
const RANKS = [8, 7, 6, 5, 4, 3, 2, 1];
const ENDS = /** @type {const} */ (["pointerup", "pointercancel"]);

/**
 * @param {HTMLElement} grid
 * @param {(from: string, to: string) => void} moved the user asks for a move
 */
export function board(grid, moved) {
  /** @type {Map<string, HTMLButtonElement>} */
  const squares = new Map();
  /** @type {Shown} */
  let shown = { pieces: new Map(), last: [], legal: [] };
  /** @type {string | undefined} */
  let chosen;

  for (const rank of RANKS) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    for (const [file, letter] of FILES.entries()) {
      const button = document.createElement("button");
      const square = `${letter}${rank}`;
      Object.assign(button, { type: "button", tabIndex: -1, className: (file + rank) % 2 ? "deep" : "" });
      button.setAttribute("role", "gridcell");
      button.dataset.square = square;
      squares.set(square, button);
      row.append(button);
    }
    grid.append(row);
  }
  /** @param {string} square */
  const at = (square) => /** @type {HTMLButtonElement} */ (squares.get(square));
  at("e2").tabIndex = 0;

  /** @param {Event} event */
  const square = (event) => /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.square;
  const aims = () => shown.legal.filter((legal) => legal.from === chosen).map((legal) => legal.to);

  function choose(next) {
    const from = chosen;
    if (from && next !== from && shown.pieces.get(next)?.side !== shown.pieces.get(from)?.side) {
      chosen = undefined;
      mark();
      moved(from, next);
      return;
    }
    chosen = next !== from && shown.pieces.has(next) ? next : undefined;
    mark();
  }

  /** Marks what is chosen and where it may go. */
  function mark() {
    const to = new Set(aims());
    for (const [name, button] of squares) {
      const piece = shown.pieces.get(name);
      button.classList.toggle("chosen", name === chosen);
      button.classList.toggle("last", shown.last.includes(name));
      button.classList.toggle("check", name === shown.check);
      button.classList.toggle("aim", to.has(name));
      button.classList.toggle("taken", to.has(name) && Boolean(piece));
      const words = [name, piece && `${piece.side} ${piece.kind}`, name === chosen && "chosen", to.has(name) && "possible"];
      button.setAttribute("aria-label", words.filter(Boolean).join(", "));
      button.setAttribute("aria-selected", String(name === chosen));
    }
  }

  // A board has its squares before it has a game.
  mark();
  grid.addEventListener("click", (event) => {
    const name = square(event);
    if (name) choose(name);
  });
  grid.addEventListener("focusin", (event) => {
    for (const button of squares.values()) button.tabIndex = -1;
    const name = square(event);
    if (name) at(name).tabIndex = 0;
  });
  grid.addEventListener("keydown", (event) => {
    const name = square(event);
    if (!name) return;
    const [file, rank] = [FILES.indexOf(name[0]), Number(name[1])];
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if (event.key === "Escape") choose(chosen);
    else if (x || y) squares.get(`${FILES[file + x]}${rank + y}`)?.focus();
    else return;
    event.preventDefault();
  });

  // A piece that is dragged follows the pointer; where it is let go it is asked to go.
  grid.addEventListener("pointerdown", (down) => {
    const from = square(down);
    const piece = from && shown.legal.some((legal) => legal.from === from) && at(from).querySelector("svg");
    if (!from || !piece || down.button !== 0) return;
    let dragged = false;
    /** @param {PointerEvent} event */
    const follow = (event) => {
      const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
      if (!dragged && Math.hypot(x, y) < 6) return;
      if (!dragged) {
        dragged = true;
        chosen = from;
        mark();
        piece.classList.add("held");
        grid.setPointerCapture(down.pointerId);
      }
      piece.style.transform = `translate(${x}px, ${y}px)`;
    };
    // The pointer is the grid's from here on, so the click that follows is on no square.
    /** @param {PointerEvent} event */
    const end = (event) => {
      grid.removeEventListener("pointermove", follow);
      for (const name of ENDS) grid.removeEventListener(name, end);
      piece.classList.remove("held");
      piece.style.transform = "";
      if (!dragged) return;
      const to = /** @type {HTMLElement | null} */ (document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-square]"))?.dataset.square;
      if (event.type === "pointerup" && to) choose(to);
    };
    grid.addEventListener("pointermove", follow);
    for (const name of ENDS) grid.addEventListener(name, end);
  });

  return {
    /** @param {Shown} next */
    show(next) {
      shown = next;
      chosen = undefined;
      for (const [name, button] of squares) {
        const piece = next.pieces.get(name);
        button.replaceChildren(...(piece ? [picture(piece)] : []));
        for (const [kind, text] of [["file", name[1] === "1" && name[0]], ["rank", name[0] === "a" && name[1]]]) {
          if (!text) continue;
          const name = Object.assign(document.createElement("span"), { className: `name ${kind}`, ariaHidden: "true" });
          name.dataset.text = text;
          button.append(name);
        }
      }
      mark();
    },
  };
}
