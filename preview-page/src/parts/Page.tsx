/** A page that the server sends the user to: its whole URL, and nothing opened before they say so. */

import { done, forget, pageUrl, visited, visits } from "../model/pages";
import type { Action } from "../wire/types";

interface PageProps {
  params: any;
  onAnswer: (action: Action) => void | Promise<void>;
}

export const Page = ({ params, onAnswer }: PageProps) => {
  const url = pageUrl(params.url);
  const isDone = done.value.includes(params.elicitationId);
  const open = () => {
    if (!url) return;
    // Neither the page nor what it leads to gets hold of this one, or learns of it.
    window.open(params.url, "_blank", "noopener,noreferrer");
    visited(params.elicitationId, url.host);
    void onAnswer("accept");
  };
  return (
    <>
      {url ? (
        <>
          <p>It sends you to a page of <strong>{url.host}</strong>, which opens in a tab of its own if you say so:</p>
          <code class="url" data-testid="page-url">{url.before}<strong>{url.host}</strong>{url.after}</code>
          {url.isPunycode && <p class="warning" data-testid="punycode">The name of this host stands for letters that may look like another name.</p>}
          {url.isPlain && <p class="warning">It is not encrypted: others may read what you type there.</p>}
          {isDone && <p data-testid="page-done">The server says that you are done there.</p>}
        </>
      ) : (
        <>
          <p class="error" role="alert">It sends you to something that is no page on the web, or is not what it looks like. It is not opened:</p>
          <code class="url" data-testid="page-url">{String(params.url)}</code>
        </>
      )}
      <div class="row answers">
        {isDone ? (
          <button type="button" class="primary" data-testid="accept" onClick={() => void onAnswer("accept")}>Go on</button>
        ) : (
          <button type="button" class="primary" data-testid="accept" disabled={!url} onClick={open}>Open the page</button>
        )}
        <button type="button" data-testid="decline" onClick={() => void onAnswer("decline")}>Decline</button>
        <button type="button" data-testid="dismiss" onClick={() => void onAnswer("cancel")}>Dismiss</button>
      </div>
    </>
  );
};

/** The pages that are open, until the server says that the user is done with them. */
export const Visits = () => (
  <>
    {visits.value.map(({ id, host }) => (
      <section key={id} class="question" aria-label="A page is open" data-testid="visit">
        <p>You were sent to a page of <strong>{host}</strong>. The server tells here when you are done there.</p>
        <div class="row answers"><button type="button" data-testid="forget-visit" onClick={() => forget(id)}>Close</button></div>
      </section>
    ))}
  </>
);
