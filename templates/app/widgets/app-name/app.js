// @ts-check
/// <reference path="./mcp.d.ts" />
// The page. `mcp` is the bridge to the host, and is there before this script runs: README.md tells what it can do.

/** @type {<E extends Element = HTMLElement>(id: string) => E} */
const at = (id) => /** @type {any} */ (document.getElementById(id));
/** @type {HTMLButtonElement} */
const button = at("brew");
/** @type {HTMLFieldSetElement} */
const teas = at("teas");
const [cup, told, question] = [at("cup"), at("told"), at("question")];

/** @type {Rust.Tea | undefined} */
let tea;
/** The call while a tea brews. @type {{cancel(): void} | undefined} */
let brewing;

/** Writes a number as the user's language has it. @param {number} value @param {"celsius" | "minute"} unit */
const written = (value, unit) => new Intl.NumberFormat(mcp.context.locale, { style: "unit", unit, unitDisplay: unit === "minute" ? "long" : "short" }).format(value);

/** Shows a tea, and keeps it for when this view is mounted again. @param {Rust.Tea} next */
function show(next) {
  tea = next;
  mcp.state = next;
  cup.dataset.kind = next.kind;
  for (const input of teas.querySelectorAll("input")) input.checked = input.value === next.kind;
  at("facts").textContent = `${written(next.celsius, "celsius")} · ${written(next.minutes, "minute")}`;
  at("note").textContent = next.note;
  button.disabled = false;
}

/** Shows how far the tea is, from 0 to 1. @param {number} share */
function steep(share) {
  cup.style.setProperty("--steeped", String(share));
  /** @type {HTMLProgressElement} */ (at("progress")).value = share;
}

/** Shows whether a tea is brewing. @param {boolean} is */
function busy(is) {
  teas.disabled = is;
  cup.classList.toggle("warm", is);
  button.textContent = is ? "Stop" : "Brew";
  if (!question.hidden) answered();
}

/** Takes the question away; who had answered it by keyboard goes on at the button. */
function answered() {
  question.hidden = true;
  button.focus();
}

/** An ordinary tool: what it gives is shown. @param {Rust.Kind} kind */
async function choose(kind) {
  steep(0);
  told.textContent = "";
  try {
    const result = await mcp.callTool("choose_tea", { kind });
    if (!result.isError) return show(result.data);
    told.textContent = result.text;
  } catch {
    told.textContent = "The server cannot be reached.";
  }
  if (tea) show(tea);
}

/** A tool that is a task: it tells how far it is, may ask something, and can be stopped. @param {Rust.Tea} tea */
function brew({ kind, minutes }) {
  const call = mcp.callTool("brew_tea", { kind });
  brewing = call;
  busy(true);
  steep(0);
  told.textContent = "Steeping…";
  call.on("task", ({ variables }) => variables && steep(variables.minutes / minutes));
  call.on("question", ({ message, answer }) => {
    at("asked").textContent = message;
    question.hidden = false;
    /** @type {HTMLElement} */ (question.querySelector("button")).focus();
    question.onsubmit = (event) => {
      event.preventDefault();
      const pressed = /** @type {HTMLButtonElement} */ (event.submitter);
      answer({ answer: pressed.value === "yes" });
      answered();
    };
  });
  call
    .then(
      ({ text, isError }) => {
        told.textContent = text;
        if (isError) return;
        // What the model knows of this view when the user writes next.
        mcp.updateModelContext(`The user brewed ${kind} tea. ${text}`).catch(() => {});
      },
      (error) => {
        steep(0);
        told.textContent = error.name === "AbortError" ? "Poured away." : "The tea could not be brewed.";
      },
    )
    .finally(() => {
      brewing = undefined;
      busy(false);
    });
}

teas.onchange = (event) => choose(/** @type {Rust.Kind} */ (/** @type {HTMLInputElement} */ (event.target).value));
button.onclick = () => (brewing ? brewing.cancel() : tea && brew(tea));

// The result of the tool that opened the view comes with the page; what the view has kept since then is newer.
mcp.on("result", (result) => {
  const kept = /** @type {Rust.Tea | undefined} */ (mcp.state);
  if (kept) show(kept);
  else if (result.isError) told.textContent = result.text;
  else show(result.data);
});
mcp.on("cancelled", () => (told.textContent = "The tea was not chosen."));
// Theme and fonts are the style sheet's; a change of the language is ours.
mcp.on("context", () => tea && show(tea));
// Nobody is left to drink it.
mcp.on("teardown", () => brewing?.cancel());
