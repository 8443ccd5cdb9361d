// @ts-check
/// <reference path="./mcp.d.ts" />
// The widget: it draws what the tool gave, keeps what was chosen, and asks for a route.

import { draw } from "./drawing.js";
import { listing } from "./list.js";
import { project } from "./projection.js";
import { follow } from "./view.js";

/** @type {<E extends Element = HTMLElement>(id: string) => E} */
const at = (id) => /** @type {any} */ (document.getElementById(id));
const [nameField, continentField] = [at("name"), at("continent")].map((field) => /** @type {HTMLInputElement} */ (field));
const told = at("told");

/** @type {Rust.Place[]} */
let places = [];
/** What is kept over a reload of the view. */
const kept = Object.assign({ name: "", continent: "", stops: /** @type {string[]} */ ([]), route: /** @type {any} */ (null), view: /** @type {any} */ (null) }, /** @type {object | undefined} */ (mcp.state));
const keep = () => (mcp.state = { ...kept });

const drawing = draw(at("map"), toggle);
const view = follow(at("map"), (seen) => {
  kept.view = seen;
  keep();
});
const list = listing(at("places"), { chosen: toggle, near: drawing.point, opened: (name) => mcp.openLink(page(name)) });
const page = (name) => `https://en.wikipedia.org/wiki/${encodeURIComponent(name.replaceAll(" ", "_"))}`;
const number = (value) => new Intl.NumberFormat(mcp.context.locale, { maximumFractionDigits: 0 }).format(value);
const kilometres = (value) => new Intl.NumberFormat(mcp.context.locale, { style: "unit", unit: "kilometer", maximumFractionDigits: 0 }).format(value);

/** @param {string[]} names */
const found = (names) => names.flatMap((name) => places.find((place) => place.name === name) ?? []);

function filter() {
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const wanted = plain(kept.name.trim());
  const shown = places.filter(({ name, country, continent }) =>
    (!kept.continent || continent === kept.continent) && plain(`${name} ${country ?? ""}`).includes(wanted));
  drawing.places(shown, kept.continent);
  list.places(shown);
  at("count").textContent = shown.length === 1 ? "1 place" : `${number(shown.length)} places`;
  chosen();
  return shown;
}

/** Puts a place into the route, or takes it out. */
function toggle(name) {
  kept.stops = kept.stops.includes(name) ? kept.stops.filter((stop) => stop !== name) : [...kept.stops, name];
  kept.route = null;
  keep();
  chosen();
}

/** Shows what is chosen, and the route if there is one. */
function chosen() {
  const stops = new Set(kept.stops);
  drawing.stops(stops);
  list.stops(stops);
  const order = kept.route?.stops ?? kept.stops;
  sequence(order, Boolean(kept.route?.round_trip));
  drawing.route(kept.route ? found(closed(kept.route)) : [], false);
  /** @type {HTMLButtonElement} */ (at("plan")).disabled = kept.stops.length < 2;
  at("clear").hidden = kept.stops.length === 0;
  if (kept.route) told.textContent = words(kept.route);
  else if (kept.stops.length === 0) told.textContent = "Choose places on the map or in the list.";
  else told.textContent = kept.stops.length === 1 ? "1 place; a route needs two." : `${number(kept.stops.length)} places.`;
}

const closed = ({ stops, round_trip }) => (round_trip ? [...stops, stops[0]] : stops);
const words = (route) => `${kilometres(route.kilometres)}${route.saved > 1 ? `, ${kilometres(route.saved)} less than in the order chosen` : ""}.`;

function sequence(stops, roundTrip) {
  const item = (text) => Object.assign(document.createElement("li"), { textContent: text });
  at("stops").replaceChildren(...stops.map(item), ...(roundTrip ? [item(`${stops[0]} again`)] : []));
}

/** @param {string} text */
const sentence = (text) => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;

function plan() {
  const call = mcp.callTool("plan_route", { places: kept.stops });
  const busy = (is) => {
    for (const id of ["cancel", "progress"]) at(id).hidden = !is;
    for (const id of ["plan", "clear"]) at(id).hidden = is;
    if (!is) at("question").hidden = true;
  };
  busy(true);
  told.textContent = "Looking for a route…";
  at("progress").removeAttribute("value");
  at("cancel").onclick = () => call.cancel();
  call.on("task", ({ variables }) => {
    if (!variables?.stops?.length) return;
    Object.assign(at("progress"), { max: variables.of, value: variables.round });
    told.textContent = `${kilometres(variables.kilometres)} so far…`;
    drawing.route(found(variables.stops), true);
  });
  call.on("question", (question) => {
    const form = at("question");
    at("asked").textContent = question.message;
    form.hidden = false;
    /** @type {HTMLElement} */ (form.querySelector("button"))?.focus();
    form.onsubmit = (event) => {
      event.preventDefault();
      form.hidden = true;
      const answer = /** @type {HTMLButtonElement} */ (/** @type {SubmitEvent} */ (event).submitter)?.value === "yes";
      // The form asks for one thing, whatever it is called.
      const [field] = Object.keys(/** @type {any} */ (question.schema).properties);
      question.answer({ [field]: answer });
    };
  });
  call.then(
    (result) => {
      kept.route = result.isError ? null : result.data;
      keep();
      chosen();
      if (result.isError) told.textContent = result.text;
      else {
        view.fit(found(kept.route.stops).map((place) => project(place.longitude, place.latitude)));
        mcp.updateModelContext(`The user planned this route: ${closed(kept.route).join(", ")}; ${words(kept.route)}`).catch(() => {});
      }
    },
    (error) => {
      chosen();
      told.textContent = error?.name === "AbortError" ? "Cancelled." : "The route could not be found.";
    },
  ).finally(() => busy(false));
}

at("plan").onclick = plan;
at("clear").onclick = () => {
  Object.assign(kept, { stops: [], route: null });
  keep();
  chosen();
};
at("in").onclick = () => view.nearer(1.6);
at("out").onclick = () => view.nearer(1 / 1.6);
at("whole").onclick = () => view.nearer(0);
at("filter").onsubmit = (event) => event.preventDefault();
at("filter").oninput = () => {
  Object.assign(kept, { name: nameField.value, continent: continentField.value });
  keep();
  const shown = filter();
  if (document.activeElement === continentField) view.fit(kept.continent ? shown.map((place) => project(place.longitude, place.latitude)) : []);
};
mcp.on("context", () => places.length && filter());
mcp.on("result", (result) => {
  if (result.isError) return missing(sentence(result.text));
  const { data } = result;
  places = data.places;
  if (data.continent && !mcp.state) kept.continent = data.continent;
  [nameField.value, continentField.value] = [kept.name, kept.continent];
  const shown = filter();
  if (kept.view) view.show(kept.view);
  else if (kept.continent) view.fit(shown.map((place) => project(place.longitude, place.latitude)));
});
mcp.on("cancelled", () => missing("The map was not opened."));

/** Says why there are no places. @param {string} words */
function missing(words) {
  filter();
  told.textContent = words;
}
