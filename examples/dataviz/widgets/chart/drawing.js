// @ts-check
// The chart: bars, lines or points of the numbers in a table, along its first column.

import { ticks } from "./scale.js";

/** @typedef {string | number | null} Cell */
/** @typedef {{columns: string[], rows: Cell[][], more: boolean}} Table */
/** @typedef {"bars" | "lines" | "points"} Kind */

/** Series that are drawn. */
const MOST = 5;
const [LEFT, RIGHT, TOP, BOTTOM] = [8, 8, 10, 24];

/** The columns that are drawn. @param {Table} table */
export function series(table) {
  const numbers = (at) => table.rows.some((row) => typeof row[at] === "number") && table.rows.every((row) => row[at] === null || typeof row[at] === "number");
  return table.columns.map((name, at) => ({ name, at })).filter(({ at }) => at > 0 && numbers(at)).slice(0, MOST);
}

/** @param {string} name @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
function element(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/**
 * @param {SVGSVGElement} svg
 * @param {(row: number | undefined) => void} pointed which row the user looks at
 */
export function chart(svg, pointed) {
  /** @type {{table: Table, kind: Kind, write: (value: number) => string} | undefined} */
  let shown;
  let seen = element("rect", { class: "seen" });
  let look = -1;
  let band = 1;
  let begin = 0;

  function draw() {
    svg.replaceChildren();
    if (!shown?.table.rows.length) return;
    const { table, kind, write } = shown;
    const drawn = series(table);
    const [width, height] = [svg.clientWidth, svg.clientHeight];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const values = table.rows.flatMap((row) => drawn.map(({ at }) => row[at])).filter((value) => typeof value === "number");
    if (!values.length) {
      svg.append(element("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "There is no column of numbers behind the first one."));
      return;
    }
    const from = kind === "bars" ? Math.min(0, ...values) : Math.min(...values);
    const marks = ticks(from, kind === "bars" ? Math.max(0, ...values) : Math.max(...values), Math.max(2, Math.round(height / 60)));
    const [low, high] = [marks[0], marks[marks.length - 1]];
    begin = LEFT + Math.max(...marks.map((mark) => write(mark).length)) * 6.6 + 6;
    band = (width - begin - RIGHT) / table.rows.length;
    const y = (value) => TOP + (height - TOP - BOTTOM) * (1 - (value - low) / (high - low));
    const x = (row) => begin + band * (row + 0.5);

    for (const mark of marks) {
      svg.append(
        element("line", { class: mark === 0 ? "zero" : "grid", x1: begin, x2: width - RIGHT, y1: y(mark), y2: y(mark) }),
        element("text", { x: begin - 6, y: y(mark) + 4, "text-anchor": "end" }, write(mark)),
      );
    }
    seen = element("rect", { class: "seen", y: TOP, width: Math.max(2, band), height: height - TOP - BOTTOM, visibility: "hidden" });
    svg.append(seen);
    drawn.forEach(({ at }, number) => {
      const group = element("g", { style: `--colour: var(--series-${number})` });
      const filled = table.rows.map((row, n) => ({ n, value: row[at] })).filter(({ value }) => typeof value === "number");
      const wide = Math.max(1, (band * 0.76) / drawn.length);
      for (const { n, value } of /** @type {{n: number, value: number}[]} */ (filled)) {
        if (kind === "bars") {
          const [top, bottom] = [y(Math.max(0, value)), y(Math.min(0, value))];
          group.append(element("rect", { class: "bar", x: x(n) + wide * (number - drawn.length / 2), y: top, width: Math.max(1, wide - 1), height: Math.max(1, bottom - top), rx: Math.min(2, wide / 4) }));
        } else if (kind === "points" || filled.length < 40) {
          group.append(element("circle", { class: "dot", cx: x(n), cy: y(value), r: kind === "points" ? 3.5 : 2.5 }));
        }
      }
      if (kind === "lines") {
        const d = filled.map(({ n, value }, at) => `${at ? "L" : "M"}${x(n).toFixed(1)} ${y(value).toFixed(1)}`).join("");
        group.prepend(element("path", { class: "way", d }));
      }
      svg.append(group);
    });
    names(x, height);
    point(look, false);
  }

  /** Writes as many names under the axis as have room. */
  function names(x, height) {
    const { table } = /** @type {NonNullable<typeof shown>} */ (shown);
    const texts = table.rows.map((row) => String(row[0] ?? ""));
    const room = Math.max(...texts.map((text) => Math.min(text.length, 16))) * 6.4 + 10;
    const every = Math.max(1, Math.ceil(room / band));
    for (let n = Math.floor(((texts.length - 1) % every) / 2); n < texts.length; n += every) {
      const text = texts[n].length > 16 ? `${texts[n].slice(0, 15)}…` : texts[n];
      const at = Math.min(Math.max(x(n), text.length * 3.2), svg.clientWidth - text.length * 3.2);
      svg.append(element("text", { x: at, y: height - 6, "text-anchor": "middle" }, text));
    }
  }

  /** Shows a row. */
  function point(row, tell = true) {
    const count = shown?.table.rows.length ?? 0;
    look = row >= 0 && row < count ? row : -1;
    seen.setAttribute("visibility", look < 0 ? "hidden" : "visible");
    seen.setAttribute("x", String(begin + band * look + band / 2 - Math.max(2, band) / 2));
    if (tell) pointed(look < 0 ? undefined : look);
  }

  svg.addEventListener("pointermove", (event) => point(Math.floor((event.clientX - svg.getBoundingClientRect().left - begin) / band)));
  svg.addEventListener("pointerleave", () => point(-1));
  svg.addEventListener("blur", () => point(-1));
  svg.addEventListener("keydown", (event) => {
    const count = shown?.table.rows.length ?? 0;
    const to = { ArrowLeft: Math.max(0, look - 1), ArrowRight: Math.min(count - 1, look + 1), Home: 0, End: count - 1, Escape: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });
  new ResizeObserver(draw).observe(svg);

  return {
    /** @param {Table} table @param {Kind} kind @param {(value: number) => string} write */
    show(table, kind, write) {
      look = -1;
      shown = { table, kind, write };
      draw();
    },
  };
}
