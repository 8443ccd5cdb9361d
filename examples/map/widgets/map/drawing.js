// @ts-check
// What the map shows: outlines, places, the route.

import { greatCircle, outline, project } from "./projection.js";
import world from "./world.json" with { type: "json" };

/** @param {string} name @param {Record<string, string>} [attributes] */
function element(name, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * @param {SVGSVGElement} svg
 * @param {(name: string) => void} chosen a place was clicked
 */
export function draw(svg, chosen) {
  const land = element("g");
  for (const { continent, rings } of world) {
    const path = element("path", { class: "land", d: rings.map(outline).join("") });
    path.dataset.continent = continent;
    land.append(path);
  }
  const [legs, dots, labels] = [element("g"), element("g"), element("g")];
  svg.append(land, legs, dots, labels);
  /** @type {Map<string, SVGElement>} */
  let shown = new Map();

  dots.addEventListener("click", (event) => {
    const name = /** @type {SVGElement} */ (event.target).dataset.name;
    if (name) chosen(name);
  });
  const named = (event) => /** @type {SVGElement} */ (event.target).dataset.name;
  dots.addEventListener("pointerover", (event) => point(named(event)));
  dots.addEventListener("pointerout", () => point(undefined));

  /** Names one place on the map. */
  function point(name) {
    for (const dot of dots.querySelectorAll(".near")) dot.classList.remove("near");
    labels.replaceChildren();
    const dot = name && shown.get(name);
    if (!dot) return;
    dot.classList.add("near");
    const left = Number(dot.getAttribute("cx")) > 880;
    const label = element("text", { class: "label", x: dot.getAttribute("cx") ?? "", y: dot.getAttribute("cy") ?? "" });
    label.setAttribute("text-anchor", left ? "end" : "start");
    label.style.transform = `translate(calc(var(--pixel) * ${left ? -10 : 10}px), calc(var(--pixel) * 4px))`;
    label.textContent = name;
    labels.append(label);
  }

  return {
    point,
    /** @param {{name: string, longitude: number, latitude: number}[]} places @param {string} continent */
    places(places, continent) {
      for (const path of land.children) {
        path.classList.toggle("far", continent !== "" && /** @type {SVGElement} */ (path).dataset.continent !== continent);
      }
      shown = new Map(places.map(({ name, longitude, latitude }) => {
        const [x, y] = project(longitude, latitude);
        const dot = element("circle", { class: "place", cx: x.toFixed(2), cy: y.toFixed(2) });
        dot.dataset.name = name;
        return [name, dot];
      }));
      dots.replaceChildren(...shown.values());
    },
    /** @param {Set<string>} stops */
    stops(stops) {
      for (const [name, dot] of shown) dot.classList.toggle("stop", stops.has(name));
    },
    /** @param {{longitude: number, latitude: number}[]} route @param {boolean} sought it is not the last word */
    route(route, sought) {
      const d = route.slice(1).map((to, at) => greatCircle(route[at], to)).join("");
      legs.replaceChildren(...(d ? [element("path", { class: sought ? "leg sought" : "leg", d })] : []));
    },
  };
}
