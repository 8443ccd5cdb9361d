/** Findings of accessibility, and the walk of the tab key. */

import { examine, isLooking, report, trouble } from "../model/access";
import { span } from "../model/clock";
import { turn } from "../model/turn";
import type { Finding, Stop } from "../view/names";
import { Empty } from "./controls";

const Barrier = ({ finding }: { finding: Finding }) => (
  <li class="stopped" data-testid="finding">
    <p><strong>{finding.help}</strong></p>
    <p class="muted"><span class={`tag ${finding.impact === "critical" || finding.impact === "serious" ? "bad" : ""}`}>{finding.impact}</span> <code>{finding.id}</code></p>
    <ul class="places">
      {finding.places.map(({ selector, html, fix }) => (
        <li key={selector}>
          <p><code>{selector}</code></p>
          <p class="muted prose">{fix.replace(/^Fix (any|all) of the following:\s*/, "")}</p>
          <details><summary>Element</summary><code class="text">{html}</code></details>
        </li>
      ))}
    </ul>
  </li>
);

/** Stops that the tab key reaches before something that is above them. */
const goesUp = (stops: Stop[], at: number) => at > 0 && stops[at]!.top < stops[at - 1]!.top - 40 && stops[at]!.left <= stops[at - 1]!.left;

const Walk = ({ stops }: { stops: Stop[] }) => (
  <ol class="walk">
    {stops.map((stop, at) => (
      <li key={at}>
        <span class="muted">{stop.role}</span>
        <span>{stop.name || <em class="error">no name</em>}</span>
        {(stop.isForced || goesUp(stops, at)) && <span class="tag">{stop.isForced ? "positive tabindex" : "goes up"}</span>}
      </li>
    ))}
  </ol>
);

export const Access = () => {
  const now = turn.value;
  const scene = now?.scenes.value[0];
  if (!now || !scene) return <Empty title="No view yet">Barriers of a view, and the way of the tab key through it, come here.</Empty>;
  const found = report.value?.scene === scene.id ? report.value : undefined;
  const count = found?.findings.reduce((sum, { places }) => sum + places.length, 0) ?? 0;
  return (
    <>
      <section>
        <p class="muted">axe looks at a copy of the view, as it was after the call, in the theme and the width that are set. A copy calls no tool that changes anything.</p>
        <button type="button" class="primary" data-testid="examine" disabled={isLooking.value} onClick={() => void examine(now, scene)}>{isLooking.value ? "Looking …" : found ? "Look again" : "Look for barriers"}</button>
        {trouble.value && <p class="error" role="alert">{trouble.value}</p>}
      </section>
      {found && (
        <>
          <section>
            <h3 data-testid="findings">{count === 0 ? "No findings" : count === 1 ? "1 finding" : `${count} findings`} <span class="figures">({found.theme}, {found.width} px, {span(found.ms)})</span></h3>
            {count === 0 && <p class="muted">Machines find about half of all barriers. Walk through the view with the keyboard, too.</p>}
            <ul class="plain">{found.findings.map((finding) => <Barrier key={finding.id} finding={finding} />)}</ul>
          </section>
          <section><h3>Stops of the tab key: {found.stops.length}</h3><Walk stops={found.stops} /></section>
        </>
      )}
    </>
  );
};
