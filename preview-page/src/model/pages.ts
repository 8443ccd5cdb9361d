/** Pages that a server sends the user to: what is shown of their URLs, and those that the user is not done with. */

import { signal } from "@preact/signals";

import { listen } from "./connection";

/** A URL in the parts that the user is shown. */
export interface PageUrl {
  before: string;
  host: string;
  after: string;
  /** The host's name stands for other letters, which may look like those of another name. */
  isPunycode: boolean;
  /** Others can read along. */
  isPlain: boolean;
}

const PARTS = /^(https?:\/\/)([^/?#@%:][^/?#@%]*)((?:[/?#].*)?)$/;

/** The parts of a URL that a browser reads as it is written; nothing of one that could deceive, or is no page on the web. */
export const pageUrl = (url: unknown): PageUrl | undefined => {
  if (typeof url !== "string" || !/^[!-[\]-~]*$/.test(url) || !URL.canParse(url)) return undefined;
  const [, before, host, after = ""] = PARTS.exec(url) ?? [];
  if (!before || !host) return undefined;
  const { protocol, hostname } = new URL(url);
  // A number is an address in another form.
  if (hostname !== host.replace(/:\d*$/, "").toLowerCase()) return undefined;
  const isOwn = hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  return { before, host, after, isPunycode: host.split(".").some((label) => /^xn--/i.test(label)), isPlain: protocol === "http:" && !isOwn };
};

/** A page that was opened for the user. */
export interface Visit {
  id: string;
  host: string;
}

/** The pages that were opened, and with which the server does not say that the user is done. */
export const visits = signal<Visit[]>([]);

/** The ids of pages with which the server says that the user is done, of late. */
export const done = signal<string[]>([]);

/** Pages, and ids, that are kept. */
const MOST = 32;

/** Takes note of a page that was opened; one without an id is never told to be done. */
export const visited = (id: unknown, host: string) => {
  if (typeof id !== "string" || done.peek().includes(id)) return;
  visits.value = [...visits.peek().filter((visit) => visit.id !== id), { id, host }].slice(-MOST);
};

export const forget = (id: string) => {
  visits.value = visits.peek().filter((visit) => visit.id !== id);
};

listen((event) => {
  if (event.kind !== "notification" || event.method !== "notifications/elicitation/complete") return;
  const id = event.params?.elicitationId;
  if (typeof id !== "string") return;
  done.value = [...done.peek().filter((known) => known !== id), id].slice(-MOST);
  forget(id);
});
