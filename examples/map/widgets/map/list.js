// @ts-check
// The places as a list: what the map shows, for those who do not see it, and to choose by name.

/** @typedef {{name: string, country?: string | null, continent: string}} Place */

/**
 * @param {HTMLElement} list
 * @param {{chosen: (name: string) => void, near: (name?: string) => void, opened: (name: string) => void}} told
 */
export function listing(list, told) {
  const of = (event) => /** @type {HTMLElement} */ (event.target).closest("li")?.dataset.name;
  list.addEventListener("change", (event) => told.chosen(of(event) ?? ""));
  list.addEventListener("click", (event) => {
    if (/** @type {HTMLElement} */ (event.target).closest("button")) told.opened(of(event) ?? "");
  });
  for (const over of ["pointerover", "focusin"]) list.addEventListener(over, (event) => told.near(of(event)));
  for (const out of ["pointerleave", "focusout"]) list.addEventListener(out, () => told.near());

  /** @param {Place} place */
  function item({ name, country, continent }) {
    const [row, label, box, words, small, open] = ["li", "label", "input", "span", "small", "button"].map((tag) => document.createElement(tag));
    row.dataset.name = name;
    Object.assign(box, { type: "checkbox" });
    words.textContent = name;
    small.textContent = country ?? continent;
    words.append(small);
    label.append(box, words);
    Object.assign(open, { type: "button", textContent: "Read", ariaLabel: `Read about ${name}` });
    row.append(label, open);
    return row;
  }
  const boxes = () => /** @type {NodeListOf<HTMLInputElement>} */ (list.querySelectorAll("input"));
  return {
    /** @param {Place[]} places */
    places: (places) => list.replaceChildren(...places.map(item)),
    /** @param {Set<string>} stops */
    stops: (stops) => boxes().forEach((box) => (box.checked = stops.has(box.closest("li")?.dataset.name ?? ""))),
  };
}
