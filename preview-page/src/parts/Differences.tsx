/** Views of one call under several hosts: what is not the same for all. */

import { all, version } from "../model/log";
import type { Turn } from "../model/turn";
import type { Scene } from "../view/scene";

type Row = [name: string, values: string[]];

const yes = (value: unknown) => (value ? "yes" : "no");

const size = (scene: Scene): string => {
  const room = scene.context.value.containerDimensions ?? {};
  const asked = scene.size.value;
  const width = room.width ?? asked.width ?? room.maxWidth;
  return `${width ?? "free"} × ${room.height ?? asked.height ?? "free"}`;
};

/** Counts of what happened to a view. */
const counts = (scene: Scene) => {
  let messages = 0;
  let refused = 0;
  for (const entry of all()) {
    if (entry.scene !== scene.profile.id) continue;
    if (entry.message) messages++;
    if (entry.note?.kind === "refused") refused++;
  }
  return { messages, refused };
};

const rows = (scenes: Scene[]): Row[] => {
  const of = (name: string, value: (scene: Scene) => string): Row => [name, scenes.map(value)];
  const capabilities = [...new Set(scenes.flatMap(({ profile }) => Object.keys(profile.host.capabilities)))].sort();
  const directives = [...new Set(scenes.flatMap(({ served }) => Object.keys(served.value?.policy ?? {})))];
  const told = scenes.map(counts);
  return [
    ...capabilities.map((name) => of(name, ({ profile }) => yes(profile.host.capabilities[name]))),
    of("display modes", ({ profile }) => (profile.host.context.availableDisplayModes ?? ["inline"]).join(", ")),
    of("tasks", ({ profile }) => yes(profile.client.tasks)),
    of("tool info", ({ profile }) => yes(profile.host.toolInfo)),
    of("window.openai", ({ profile }) => yes(profile.openai)),
    of("policy from", ({ profile }) => profile.policy.from),
    ...directives.map((name) => of(name, ({ served }) => (served.value?.policy[name] ?? []).join(" "))),
    of("size", size),
    ["messages", told.map(({ messages }) => String(messages))],
    ["refused", told.map(({ refused }) => String(refused))],
    of("stopped by the policy", ({ violations }) => String(violations.value.length)),
  ];
};

export const Differences = ({ of }: { of: Turn }) => {
  void version.value;
  const scenes = of.scenes.value;
  const differing = rows(scenes).filter(([, values]) => new Set(values).size > 1);
  return (
    <section class="card differences" aria-label="Differences" data-testid="differences">
      <table>
        <thead><tr><th scope="col">Differences</th>{scenes.map(({ id, profile }) => <th key={id} scope="col">{profile.title}</th>)}</tr></thead>
        <tbody>{differing.map(([name, values]) => <tr key={name}><th scope="row">{name}</th>{values.map((value, at) => <td key={at} class={value === "no" ? "muted" : ""}>{value}</td>)}</tr>)}</tbody>
      </table>
      {differing.length === 0 && <p class="muted">None so far.</p>}
    </section>
  );
};
