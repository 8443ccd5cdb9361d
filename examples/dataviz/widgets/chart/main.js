// @ts-check
/// <reference path="./mcp.d.ts" />
// The widget: a chart and a table of what a query gives, which the user can change, and a task that describes a table.

import { chart, series } from "./drawing.js";
import { csv, table } from "./table.js";

/** @param {string} id */
const at = (id) => /** @type {any} */ (document.getElementById(id));
/** @typedef {import("./drawing.js").Table} Table */

/** @type {{title: string, kind: import("./drawing.js").Kind, sql: string, result: Table} | undefined} */
let shown;
/** @type {{cancel(): void} | undefined} */
let running;

const number = (value) => new Intl.NumberFormat(mcp.context.locale, { maximumFractionDigits: 2 }).format(value);
const drawing = chart(at("chart"), (row) => {
  if (!shown) return;
  const { result } = shown;
  const value = (values, at) => (typeof values[at] === "number" ? number(values[at]) : "none");
  const words = (values) => `${values[0] ?? ""}: ${series(result).map(({ name, at }) => `${name} ${value(values, at)}`).join(", ")}`;
  at("point").textContent = row === undefined ? count(result) : words(result.rows[row]);
});

/** @param {Table} table */
const count = ({ columns, rows }) => `${number(rows.length)} rows by ${columns[0]}`;

/** Shows what a query gave, and keeps it. @param {NonNullable<typeof shown>} next */
function show(next) {
  shown = next;
  mcp.state = { shown };
  const { title, kind, sql, result } = next;
  at("title").textContent = title;
  [at("sql").value, at("kind").value] = [sql, kind];
  at("legend").replaceChildren(...series(result).map(({ name }, at) => {
    const entry = Object.assign(document.createElement("span"), { textContent: name });
    entry.style.setProperty("--colour", `var(--series-${at})`);
    return entry;
  }));
  drawing.show(result, kind, number);
  table(at("table"), result.columns, result.rows, number);
  at("point").textContent = count(result);
  tell(result.more ? "There are more rows, which are left out." : "");
  at("export").disabled = !result.rows.length;
}

/** @param {string} words @param {boolean} [wrong] */
function tell(words, wrong = false) {
  at("told").textContent = words;
  at("told").className = wrong ? "wrong" : "";
}

/** @param {string} text */
const sentence = (text) => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;

at("ask").onsubmit = async (event) => {
  event.preventDefault();
  const sql = at("sql").value;
  tell("Running…");
  try {
    const result = await mcp.callTool("query", { sql });
    if (result.isError) return tell(sentence(result.text), true);
    const title = shown && sql === shown.sql ? shown.title : "Your query";
    show({ title, kind: at("kind").value, sql, result: result.data });
    mcp.updateModelContext(`The user ran this query, which gave ${result.data.rows.length} rows: ${sql}`).catch(() => {});
  } catch {
    tell("The server cannot be reached.", true);
  }
};
at("kind").onchange = () => shown && show({ ...shown, kind: at("kind").value });
at("sql").onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
};
at("export").onclick = async () => {
  if (!shown) return;
  try {
    await mcp.download("file:///data.csv", "text/csv", csv(shown.result.columns, shown.result.rows));
  } catch {
    tell("This host takes no files.", true);
  }
};

/** Shows whether the host can give the view more room, and whether it has. */
function mode() {
  const modes = mcp.context.availableDisplayModes ?? [];
  const is = mcp.context.displayMode ?? "inline";
  document.documentElement.dataset.mode = is;
  at("mode").hidden = !modes.includes("fullscreen");
  at("mode").textContent = is === "fullscreen" ? "Leave full screen" : "Full screen";
}
at("mode").onclick = () => mcp.requestDisplayMode(mcp.context.displayMode === "fullscreen" ? "inline" : "fullscreen").then(mode, () => {});

function describe() {
  const call = mcp.callTool("profile", { table: at("source").value });
  running = call;
  const busy = (is) => {
    for (const id of ["cancel", "progress"]) at(id).hidden = !is;
    at("profile").hidden = is;
    if (!is) running = undefined;
  };
  const columns = (all) => table(at("columns"), ["Column", "Filled", "Different", "Least", "Most", "Mean"],
    all.map(({ name, filled, distinct, least, most, mean }) => [name, filled, distinct, least, most, mean]), number);
  busy(true);
  at("described").textContent = "Looking…";
  at("progress").removeAttribute("value");
  call.on("task", ({ variables }) => {
    if (!variables?.of) return;
    Object.assign(at("progress"), { max: variables.of, value: variables.columns.length });
    columns(variables.columns);
  });
  call.then(
    (result) => {
      if (!result.isError) columns(result.data.columns);
      at("described").textContent = result.isError ? sentence(result.text) : "";
    },
    (error) => (at("described").textContent = error?.name === "AbortError" ? "Cancelled." : "The table could not be described."),
  ).finally(() => busy(false));
}
at("profile").onclick = describe;
at("cancel").onclick = () => running?.cancel();

// Nobody is left to see what comes of it.
mcp.on("teardown", () => running?.cancel());
mcp.on("context", () => {
  mode();
  if (shown) show(shown);
});
mcp.on("result", (result) => {
  const kept = /** @type {{shown: NonNullable<typeof shown>} | undefined} */ (mcp.state);
  const columns = result.isError ? [] : result.data.columns;
  const tables = [...new Set(columns.map((column) => column.table))];
  at("source").replaceChildren(...tables.map((name) => Object.assign(document.createElement("option"), { textContent: name })));
  at("profile").disabled = !tables.length;
  if (kept) show(kept.shown);
  else if (!result.isError) show(result.data);
  else {
    // To be mended and run again.
    at("sql").value = mcp.input?.sql ?? "";
    at("export").disabled = true;
    tell(sentence(result.text), true);
  }
  mode();
});
mcp.on("cancelled", () => tell("The chart was not made.", true));
