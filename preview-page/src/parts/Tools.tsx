/** The tools of the server: what can be called. */

import { computed, signal } from "@preact/signals";

import { isForModel, isTask, select, tool, tools, trouble, widget } from "../model/tools";
import { isReady } from "../model/connection";
import { region } from "../model/layout";
import type { Tool } from "../wire/types";
import { Empty, roving } from "./controls";
import { Icon } from "./Icon";

const search = signal("");

const found = computed(() => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const says = ({ name, title = "", description = "" }: Tool) => `${name} ${title} ${description}`.toLowerCase();
  return (tools.value ?? []).filter((one) => words.every((word) => says(one).includes(word)));
});

const marks = (one: Tool) => [
  widget(one) !== undefined && "opens a view",
  isTask(one) && "may be a task",
  !isForModel(one) && "for views only",
].filter(Boolean).join(", ");

/** A tool of the list. `isStop` if the tab key stops there. */
const Item = ({ one, isStop }: { one: Tool; isStop: boolean }) => {
  const isChosen = tool.value?.name === one.name;
  return (
    <button
      type="button" role="option" class="tool" aria-selected={isChosen} tabIndex={isStop ? 0 : -1}
      title={one.description} data-testid={`tool-${one.name}`}
      onClick={() => select(one.name)}
    >
      <Icon name={widget(one) !== undefined ? "widget" : isTask(one) ? "task" : "tool"} />
      <span class="name">{one.name}</span>
      {!isForModel(one) && <span class="tag">app</span>}
      <span class="visually-hidden">{marks(one)}</span>
    </button>
  );
};

export const Tools = () => {
  const all = tools.value;
  const shown = found.value;
  const isOff = !shown.some(({ name }) => name === tool.value?.name);
  return (
    <section class="tools" aria-label="Tools">
      <div class="search">
        <input
          id="search" type="search" placeholder="Find a tool" aria-label="Find a tool" aria-keyshortcuts="/" title="Find a tool (/)" data-testid="search"
          value={search.value} onInput={(event) => void (search.value = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "ArrowDown" && event.key !== "Enter") return;
            event.preventDefault();
            document.querySelector<HTMLElement>(".tool[tabindex='0'], .tool")?.focus();
          }}
        />
        <kbd aria-hidden="true">/</kbd>
      </div>
      {all === undefined && trouble.value === undefined && <Empty title={isReady.value ? "Reading the tools …" : "No server yet"} />}
      {trouble.value !== undefined && isReady.value && <Empty title="The tools could not be read">{trouble.value}</Empty>}
      {all?.length === 0 && <Empty title="The server has no tools">Write one with <code>#[task_tool]</code>, and register it with <code>Server::tool</code>.</Empty>}
      {all && all.length > 0 && shown.length === 0 && <Empty title="No tool is called that" />}
      {shown.length > 0 && (
        <div class="list" role="listbox" aria-label="Tools" onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            region.value = "stage";
            document.querySelector<HTMLElement>("[data-testid='call']")?.click();
          } else roving(event, ".tool");
        }} onFocusIn={({ target }) => {
          // What has the focus is chosen, as in any list of one choice; a click chooses by itself.
          const name = (target as HTMLElement).dataset.testid?.slice("tool-".length);
          if (name && (target as HTMLElement).matches(":focus-visible")) select(name);
        }}>
          {shown.map((one, at) => <Item key={one.name} one={one} isStop={isOff ? at === 0 : one.name === tool.value?.name} />)}
        </div>
      )}
    </section>
  );
};
