/** The policy of a view: what is open and why, and what it has stopped. */

import { turn } from "../model/turn";
import { grouped, type Group } from "../model/violations";
import type { Scene } from "../view/scene";
import type { Evidence, Source } from "../wire/types";
import { Copy, Empty } from "./controls";

const FROM: Record<Source["from"], string> = {
  specification: "the specification",
  declared: "declared by the widget",
  profile: "the host’s own",
  tried: "tried with",
};

const KINDS: Record<Evidence["kind"], string> = { probe: "seen", vendor: "told by the vendor", assumed: "assumed" };

const Stopped = ({ group, scene }: { group: Group; scene: Scene }) => {
  const { origin, directives, all, advice, help } = group;
  const first = all.find(({ line }) => line !== undefined);
  const isTriable = advice?.kind === "connect" || advice?.kind === "resource";
  const openAi = scene.profile.policy.from === "openai";
  return (
    <li class="stopped" data-testid="violation">
      <p><code class="origin">{origin}</code> <span class="muted">{directives.join(", ")}{all.length > 1 && `, ${all.length} times`}</span></p>
      {first && <p class="muted">at line {first.line}{first.column !== undefined && `, column ${first.column}`}{first.file && !/^https?:\/\/[0-9a-f]{32}\./.test(first.file) && ` of ${first.file}`}</p>}
      {advice ? (
        <>
          <p>add to <code>#[widget]</code>{openAi && ", which this host reads as openai/widgetCSP"}:</p>
          <div class="row">
            <Copy text={() => advice.attribute} label="Copy the attribute"><code data-testid="advice">{advice.attribute}</code></Copy>
            {isTriable && <button type="button" class="quiet" data-testid="try-with" onClick={() => void scene.tryWith(advice.kind as "connect" | "resource", origin)}>Try with it</button>}
          </div>
        </>
      ) : <p>{help ?? "no attribute opens this"}</p>}
    </li>
  );
};

/** The parts of a profile, in the order that people ask for them. */
const PARTS = [["client", "Name and versions"], ["capabilities", "Capabilities"], ["context", "Context"], ["policy", "Policy"], ["sandbox", "Sandbox"], ["openai", "window.openai"]] as const;

const Known = ({ scene }: { scene: Scene }) => {
  const { title, sources, client } = scene.profile;
  return (
    <details class="known" data-testid="known">
      <summary>How {title} is known</summary>
      <dl class="evidence">
        {PARTS.map(([name, words]) => {
          const evidence = sources[name];
          return evidence && <div key={name}><dt>{words}</dt><dd><span class={`tag ${evidence.kind === "assumed" ? "guess" : ""}`}>{KINDS[evidence.kind]}</span> <span class="figures">{evidence.date}</span>{evidence.note && <span class="muted"> {evidence.note}</span>}</dd></div>;
        })}
      </dl>
      <p class="muted">The server sees {client.name} {client.version}, {client.revisions.join(" or ")}.</p>
    </details>
  );
};

const Of = ({ scene }: { scene: Scene }) => {
  const served = scene.served.value;
  const groups = grouped(scene.violations.value);
  const { from } = scene.profile.policy;
  const evidence = scene.profile.sources.policy;
  const { resource, connect } = scene.extra.value;
  return (
    <>
      {(resource.length > 0 || connect.length > 0) && (
        <p class="note warn" data-testid="tried">Tried with {[...resource, ...connect].join(", ")}: no host would do that before it is declared. <button type="button" class="link" onClick={() => void scene.tryWithout()}>End this</button></p>
      )}
      <section>
        <h3>Stopped</h3>
        {groups.length ? <ul class="plain">{groups.map((group) => <Stopped key={`${group.origin} ${group.directives[0]}`} group={group} scene={scene} />)}</ul> : <p class="muted">Nothing: the view has asked for nothing that it may not.</p>}
      </section>
      <section>
        <h3>Policy</h3>
        <p class="muted">
          {from === "mcp-apps" ? "Made from _meta.ui.csp" : from === "openai" ? "Made from openai/widgetCSP only" : "This host has no policy of its own"}
          {evidence && `; ${KINDS[evidence.kind]}, ${evidence.date}`}{evidence?.note && `. ${evidence.note}`}
        </p>
        {served && (
          <dl class="directives">
            {Object.entries(served.sources).map(([directive, sources]) => (
              <div key={directive}>
                <dt>{directive}</dt>
                <dd>{sources.map(({ source, from }) => <span key={source} class={`source ${from}`} title={FROM[from]}>{source}<span class="visually-hidden"> ({FROM[from]})</span></span>)}</dd>
              </div>
            ))}
          </dl>
        )}
        <ul class="legend">{(Object.keys(FROM) as Source["from"][]).map((name) => <li key={name}><span class={`source ${name}`}>{FROM[name]}</span></li>)}</ul>
      </section>
      <Known scene={scene} />
    </>
  );
};

export const Policy = () => {
  const scenes = turn.value?.scenes.value ?? [];
  if (!scenes.length) return <Empty title="No view yet">The policy that a view runs under comes here, and what it has stopped.</Empty>;
  return <>{scenes.map((scene) => <div key={scene.id}>{scenes.length > 1 && <h2>{scene.profile.title}</h2>}<Of scene={scene} /></div>)}</>;
};
