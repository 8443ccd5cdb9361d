// @ts-check
// Rows as a table of the page, and as a file.

/**
 * @param {HTMLElement} place
 * @param {string[]} columns
 * @param {(string | number | null | undefined)[][]} rows
 * @param {(value: number) => string} write
 */
export function table(place, columns, rows, write) {
  const cell = (tag, value) => {
    const made = document.createElement(tag);
    made.textContent = typeof value === "number" ? write(value) : (value ?? "");
    if (typeof value === "number") made.className = "number";
    return made;
  };
  const row = (tag, values) => {
    const made = document.createElement("tr");
    made.append(...values.map((value) => cell(tag, value)));
    return made;
  };
  const [whole, head, body] = ["table", "thead", "tbody"].map((tag) => document.createElement(tag));
  const named = row("th", columns);
  for (const [at, th] of [...named.children].entries()) {
    th.setAttribute("scope", "col");
    if (rows.some((values) => typeof values[at] === "number")) th.className = "number";
  }
  head.append(named);
  body.append(...rows.map((values) => row("td", values)));
  whole.append(head, body);
  place.replaceChildren(whole);
}

/**
 * Comma-separated values, with quotes where they are needed.
 * @param {string[]} columns
 * @param {(string | number | null)[][]} rows
 */
export function csv(columns, rows) {
  const field = (value) => (/[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : (value ?? ""));
  return [columns, ...rows].map((values) => values.map(field).join(",")).join("\r\n") + "\r\n";
}
