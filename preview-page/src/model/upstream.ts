/** The way to the server that the page takes: through the host process, or from a client in the page. */

import { computed, effect, signal } from "@preact/signals";

import { Refusal } from "../../../widget-runtime/src/host";
import { host } from "../wire/host";
import { PageUpstream, type Peer } from "../wire/page";
import type { Way } from "../wire/types";
import type { Upstream } from "../wire/upstream";
import { keep, wanted } from "./address";
import { about, connection, isReady, tell } from "./connection";
import { profile } from "./profiles";

/** The way that is wished for. */
export const way = signal<Way>(wanted("way") === "page" ? "page" : "proxy");
keep("way", () => (way.value === "page" ? "page" : undefined));

/** There is a choice: no page reaches the standard streams of a process. */
export const hasChoice = computed(() => connection.value.transport === "http");

/** The way that is taken. */
export const taken = computed<Way>(() => (hasChoice.value ? way.value : "proxy"));

/** The connection of the page, as far as it has come. */
export const own = signal<{ upstream?: PageUpstream; trouble?: string }>({});

const peer = computed<Peer | undefined>(() => {
  const { address, protocol, server } = connection.value;
  const client = profile.value?.client;
  if (!isReady.value || !address || !protocol || !client) return undefined;
  return { address, protocol, client, capabilities: server?.capabilities ?? {}, tasks: about.value?.passesTasks ?? false };
});

let open: { to: string; connecting: Promise<PageUpstream> } | undefined;

/** Connects, and connects anew if the server is another one or should see another client. */
const connected = (): Promise<PageUpstream> => {
  const next = peer.peek();
  if (!next) return Promise.reject(new Refusal(-32000, "the server is not connected"));
  const to = JSON.stringify(next);
  if (open?.to === to) return open.connecting;
  close();
  const connecting = PageUpstream.connect(next, (event) => tell(event, "page"));
  const now = { to, connecting };
  open = now;
  own.value = {};
  connecting.then(
    (upstream) => {
      if (open === now) own.value = { upstream };
    },
    (error: Error) => {
      if (open !== now) return;
      own.value = { trouble: error.message };
      // It is tried again with the next request.
      open = undefined;
    },
  );
  return connecting;
};

const close = () => {
  open?.connecting.then((upstream) => upstream.close()).catch(() => {});
  open = undefined;
};

const page: Upstream = {
  request: async (method, params, context) => (await connected()).request(method, params, context),
  answer: async (question, action, content) => (await open?.connecting)?.answer(question, action, content),
};

const ways: Record<Way, Upstream> = { proxy: host, page };

/** The way that was taken when something began, which is the one to go on with: a question or a task may be known there only. */
export const via = (way: Way): Upstream => ways[way];

/** The way of whatever begins now. */
export const upstream = (): Upstream => via(taken.peek());

// The page shows how it is connected as soon as that is its way. What has begun there goes on, though it is not any more.
effect(() => {
  if (taken.value === "page" && peer.value) connected().catch(() => {});
});
