/** The state of the connection, and what to do about it. */

import { signal } from "@preact/signals";

import { build, connection, stderr, type State } from "../model/connection";
import { second, span } from "../model/clock";
import { hasChoice, own, taken, way } from "../model/upstream";
import { host } from "../wire/host";
import type { Way } from "../wire/types";
import { Choice, Copy, Field, Segments } from "./controls";

const WORDS: Record<State, string> = {
  starting: "starting",
  building: "building",
  ready: "ready",
  lost: "lost",
  refused: "refused",
  failed: "failed",
  locked: "locked",
  gone: "preview ended",
};

/** What to do where the host process does not say it. */
const HELP: Partial<Record<State, string>> = {
  starting: "The server is being started.",
  building: "The server is being built. The view stays until the new one is there.",
  lost: "The server does not answer. See that it runs; it is tried again by itself,",
  refused: "The server asks for a sign-in. Give a token by `--bearer-env`.",
  failed: "The server has ended. Its last lines are below.",
  locked: "This page has no key, or that of an earlier launch. Open the address that the terminal shows.",
  gone: "The preview has ended. Start it again; this page comes back by itself, or open the new address.",
};

const retry = () => void host.connect({}).catch(() => {});
const restart = () => void host.restart().catch(() => {});

/** The moment of the next try, counted down. */
const left = { state: undefined as unknown, until: 0 };
const countdown = (): string | undefined => {
  const now = connection.value;
  if (now.retryMs === undefined) return undefined;
  if (left.state !== now) Object.assign(left, { state: now, until: Date.now() + now.retryMs });
  const ms = left.until - Math.max(second.value, Date.now());
  return ms > 0 ? `next try in ${span(ms)}` : "trying";
};

/** Revisions that may be wished for. */
const PROTOCOLS = [["auto", "the newest of both"], ["2026-07-28", "2026-07-28"], ["2025-11-25", "2025-11-25"]] as const;
type Protocol = (typeof PROTOCOLS)[number][0];
const wish = signal<Protocol>("auto");

const speak = (protocol: Protocol) => {
  wish.value = protocol;
  void host.connect({ protocol }).catch(() => {});
};

const WAYS: readonly (readonly [Way, string])[] = [["proxy", "via proxy"], ["page", "in the page"]];

/** How the page itself is connected. */
const route = (): string => {
  const { upstream, trouble } = own.value;
  if (trouble !== undefined) return `The page does not reach the server: ${trouble}.`;
  if (!upstream) return "The page connects.";
  if (upstream.detour === undefined) return "Straight from the page to the server.";
  return `From the page through the preview, which passes everything on, because straight it did not go: ${upstream.detour}.`;
};

export const ConnectionButton = () => {
  const { state, protocol, transport, address, server } = connection.value;
  return (
    <>
      <button type="button" class={`connection ${state}`} popovertarget="connection" data-testid="connection" title="The connection to the server">
        <span class="dot" aria-hidden="true" />
        <span>{WORDS[state]}</span>
        {protocol && state === "ready" && <span class="detail">{protocol}</span>}
        {hasChoice.value && state === "ready" && <span class="detail">{taken.value === "page" ? "in the page" : "via proxy"}</span>}
      </button>
      <div id="connection" popover="auto" class="popover" role="dialog" aria-label="Connection">
        <h2>{server?.title ?? server?.name ?? "No server yet"} {server?.version && <small>{server.version}</small>}</h2>
        <dl class="facts">
          <dt>State</dt><dd>{WORDS[state]}</dd>
          {address && <><dt>{transport === "stdio" ? "Command" : "Address"}</dt><dd><code>{address}</code></dd></>}
          {protocol && <><dt>Protocol</dt><dd>{protocol}</dd></>}
          {server?.instructions && <><dt>Instructions</dt><dd class="prose">{server.instructions}</dd></>}
        </dl>
        <Field label="Speak"><Choice label="Protocol to speak" testid="protocol" value={wish.value} options={PROTOCOLS} onChange={speak} /></Field>
        {hasChoice.value && (
          <>
            <Segments label="The way to the server" testid="way" value={way.value} options={WAYS} onChange={(wished) => void (way.value = wished)} />
            {way.value === "page" && <p class="muted" role="status" data-testid="route">{route()}</p>}
          </>
        )}
        <div class="row">
          <button type="button" onClick={retry} data-testid="reconnect">Connect anew</button>
          <button type="button" onClick={restart} data-testid="restart">Restart the server</button>
        </div>
        {stderr.value.length > 0 && <details><summary>Standard error</summary><pre class="output">{stderr.value.join("\n")}</pre></details>}
      </div>
    </>
  );
};

/** A strip under the bar while something is wrong. */
export const Trouble = () => {
  const { state, message, lines, server } = connection.value;
  if (state === "ready" || (state === "starting" && !server)) return null;
  // What to do is the same whatever happened; why it happened stands below.
  const hasOwnWords = state === "lost" || state === "refused";
  const isSlow = state === "starting" || state === "building";
  const canRetry = state === "lost" || state === "refused" || state === "failed";
  return (
    <div class={`trouble ${isSlow ? "calm" : ""}`} role={isSlow ? "status" : "alert"} data-testid="trouble">
      <div>
        <p><strong>{WORDS[state][0]!.toUpperCase() + WORDS[state].slice(1)}.</strong> {hasOwnWords ? HELP[state] : (message ?? HELP[state])} {state === "lost" && <span class="figures">{countdown()}</span>}</p>
        {hasOwnWords && message && <p class="muted">{message}</p>}
      </div>
      {canRetry && (
        <div class="row">
          <button type="button" onClick={retry} data-testid="retry">Try now</button>
          <button type="button" onClick={restart}>Restart</button>
        </div>
      )}
      {lines && lines.length > 0 && state !== "lost" && <pre class="output">{lines.join("\n")}</pre>}
    </div>
  );
};

/** What the compiler says, over the view, which stays as it was. */
export const BuildErrors = () => {
  if (build.value?.state !== "failed") return null;
  const text = plain(build.value.text ?? "the build failed");
  return (
    <section class="build" role="alert" aria-label="Build" data-testid="build">
      <header class="row"><h2>The build failed</h2><span class="muted">the view is the one of before</span><Copy text={() => text} label="Copy the errors" /></header>
      <pre class="output">{text}</pre>
    </section>
  );
};

/** A text of a terminal without its colours. */
const plain = (text: string) => text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, "");
