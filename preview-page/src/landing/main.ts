/** The script of the page that `cargo pmcp app build` writes: a view under the real host, which replays what was recorded. */

import { allowed, asRecorded, openWindow, policy, Replay, under, ViewHost, type Csp, type Frame } from "../../../widget-runtime/src/host";
import { Name } from "../../../widget-runtime/src/message";

/** What the page holds for its view. */
interface Demo {
  title: string;
  html: string;
  csp: Csp;
  permissions: object;
  frames: Frame[];
}

/** Milliseconds of a pause that nobody waits longer for. */
const LONGEST = 1500;

/** Pixels of the view's height. */
const TALLEST = 1600;

const byId = (id: string) => document.getElementById(id)!;

const demo: Demo = JSON.parse(byId("demo").textContent!);
const place = byId("view");
const note = byId("note");
const dark = matchMedia("(prefers-color-scheme: dark)");

const theme = () => (dark.matches ? "dark" : "light");

/** What the host of the record could do, and what it told of itself; a record of nothing but a call has none of it. */
const recorded = demo.frames.find(({ from, to, message: { result } }) => from === "host" && to === "view" && result?.hostCapabilities)?.message.result;
const capabilities: HostCapabilities = recorded?.hostCapabilities ?? { serverTools: {}, serverResources: {}, logging: {} };

/** The state that the view had from the start, if its host kept one. */
const state = Name.State in (recorded?.hostContext ?? {}) ? { [Name.State]: recorded.hostContext[Name.State] } : {};

const contextNow = (): HostContext => ({
  ...state,
  theme: theme(),
  displayMode: "inline",
  availableDisplayModes: ["inline"],
  containerDimensions: { width: place.clientWidth, maxHeight: TALLEST },
  locale: navigator.language,
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  platform: "web",
});

let host: ViewHost | undefined;

const say = (text: string) => {
  if (note.textContent !== text) note.textContent = text;
};

/** Shows the view anew, from the beginning of the record. */
const play = () => {
  host?.close();
  say(note.dataset.note!);
  const frame = document.createElement("iframe");
  frame.title = demo.title;
  // No origin: on the page's own, the view could do what the page can. Forms are heard of by their scripts, and sent nowhere.
  frame.setAttribute("sandbox", "allow-scripts allow-forms");
  frame.allow = allowed(demo.permissions);
  frame.srcdoc = under(policy(demo.csp), demo.html);
  place.replaceChildren(frame);
  const replay = new Replay({ head: { format: 1 }, frames: demo.frames }, (milliseconds) => asRecorded(Math.min(milliseconds, LONGEST)));
  const channel = openWindow(frame.contentWindow!, "null");
  const now = new ViewHost(channel, {
    info: recorded?.hostInfo ?? { name: "landing", version: "1" },
    capabilities,
    context: contextNow(),
    backend: {
      request: async (...asked) => {
        const before = replay.differences().length;
        try {
          return await replay.backend.request(...asked);
        } finally {
          if (replay.differences().length > before) say("The recording ends here: connect the server, and it goes on.");
        }
      },
    },
    allows: () => true,
    page: replay.page({
      log: () => {},
      size: ({ height }) => {
        if (height !== undefined) frame.style.height = `${Math.ceil(height)}px`;
      },
      initialized: () => void replay.tell(now),
      flooded: () => say("The view sent too much, and was stopped."),
    }),
  });
  host = now;
};

byId("again").addEventListener("click", play);
dark.addEventListener("change", () => host?.change({ theme: theme() }));

let width = place.clientWidth;
new ResizeObserver(() => {
  if (place.clientWidth === width) return;
  width = place.clientWidth;
  host?.change({ containerDimensions: { width, maxHeight: TALLEST } });
}).observe(place);

play();
