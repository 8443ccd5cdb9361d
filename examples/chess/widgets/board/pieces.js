// @ts-check
// The pieces: their outlines, and their names.

const FOOT = "M11 32.5h23v5H11z";
const OUTLINES = {
  pawn: `M22.5 9.5a6 6 0 0 1 4 10.4c3 2 5 5.4 5.5 10.1H13c.5-4.7 2.5-8.1 5.5-10.1a6 6 0 0 1 4-10.4z${FOOT}`,
  rook: `M11.5 9h5v4h4V9h4v4h4V9h5v8.5l-4 3V30h-14v-9.500l-4-3z${FOOT}`,
  knight: `M15 30c0-6.5 3.5-9 6.5-13-3.5.5-5.5 2.5-7 4.500l-4.5-3.200C11 12 16 8.5 22.5 7.500L23 4.500l3.5 3.500c5.5 2.5 7.5 8 7.5 13.500V30z${FOOT}`,
  bishop: `M22.5 5a2.6 2.6 0 0 1 1.9 4.400C29 12 31 15.8 31 19.800c0 4-2 6.2-4 8l1 2.200H17l1-2.200c-2-1.8-4-4-4-8 0-4 2-7.8 6.6-10.400A2.6 2.6 0 0 1 22.5 5zM20.5 17h4M22.5 15v4${FOOT}`,
  queen: `M8 12.500l5 8.5 2-11.5 4.6 10.500L22.5 7l2.9 13L30 9.5 32 21l5-8.500L33 30H12z${FOOT}`,
  king: `M21.2 4h2.600v2.700h2.700v2.600h-2.700V12h-2.600V9.300h-2.700V6.700h2.700zM22.5 14c2.7 0 4 1.8 4 4.2 2.2-3 9.5-2.7 9.5 3 0 4-4.2 5.5-5.2 8.800H14.200c-1-3.3-5.2-4.8-5.2-8.8 0-5.7 7.3-6 9.5-3 0-2.4 1.3-4.2 4-4.200z${FOOT}`,
};
const LETTERS = { p: "pawn", r: "rook", n: "knight", b: "bishop", q: "queen", k: "king" };

/** @typedef {{side: "white" | "black", kind: string}} Piece */

/**
 * A picture of a piece.
 * @param {Piece} piece
 */
export function picture({ side, kind }) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "3 1 39 39");
  svg.setAttribute("class", `piece ${side}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", OUTLINES[kind]);
  svg.append(path);
  return svg;
}

/**
 * The pieces of a position in Forsyth-Edwards notation, by square.
 * @param {string} fen
 * @returns {Map<string, Piece>}
 */
export function pieces(fen) {
  const placed = new Map();
  fen.split(" ")[0].split("/").forEach((row, at) => {
    let file = 0;
    for (const letter of row) {
      if (/\d/.test(letter)) {
        file += Number(letter);
        continue;
      }
      const kind = LETTERS[letter.toLowerCase()];
      placed.set("abcdefgh"[file] + (8 - at), { side: letter < "a" ? "white" : "black", kind });
      file += 1;
    }
  });
  return placed;
}
