/** The connection to the server, the build, and the stream of events that tells of both. */

import { computed, signal } from "@preact/signals";

import { host, HostError } from "../wire/host";
import type { About, Connection, HostEvent, Way } from "../wire/types";
import type { Told } from "../wire/page";
import { now, pageTime } from "./clock";

/** What the host process told at the start. */
export const about = signal<About | undefined>(undefined);

/** Beside the states of the server: `locked` without the key of this launch, `gone` without a host process. */
export type State = Connection["state"] | "locked" | "gone";

export const connection = signal<Omit<Connection, "state"> & { state: State }>({ state: "starting" });

/** The last build, if the server is built here. */
export const build = signal<{ state: "started" | "finished" | "failed"; ms?: number; text?: string } | undefined>(undefined);

/** Lines of the server's standard error: the last ones. */
export const stderr = signal<string[]>([]);
const LINES = 200;

export const isReady = computed(() => connection.value.state === "ready");

type Listener = (event: Told, at: number, way: Way) => void;
const listeners = new Set<Listener>();

/** Listens to what the host process and a client in the page tell, with the page's time of each event. */
export const listen = (listener: Listener) => void listeners.add(listener);

/** Tells what has just happened on a way. */
export const tell = (event: Told, way: Way, at = now()) => {
  for (const listener of listeners) listener(event, at, way);
};

const take = (event: HostEvent) => {
  const at = pageTime(event.at);
  if (event.kind === "connection") {
    const { kind: _, at: __, ...state } = event;
    connection.value = state;
  } else if (event.kind === "build") {
    build.value = event;
  } else if (event.kind === "stderr") {
    stderr.value = [...stderr.value.slice(1 - LINES), event.line];
  }
  tell(event, "proxy", at);
};

/** Reads the stream of events for as long as the page is there. Fulfilled when the host process has first told of itself. */
export const start = async (): Promise<void> => {
  for (let pause = 250; ; pause = Math.min(4000, 2 * pause)) {
    try {
      about.value = await host.about();
      connection.value = about.value.connection;
      void follow();
      return;
    } catch (error) {
      fail(error);
      if (connection.value.state === "locked") return;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
};

const follow = async () => {
  for (let pause = 250; ; pause = Math.min(4000, 2 * pause)) {
    try {
      for await (const event of host.events(new AbortController().signal)) {
        pause = 250;
        take(event);
      }
      connection.value = { ...connection.value, state: "gone" };
    } catch (error) {
      fail(error);
      if (connection.value.state === "locked") return;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
};

const fail = (error: unknown) => {
  const isLocked = error instanceof HostError && error.status === 401;
  connection.value = { ...connection.value, state: isLocked ? "locked" : "gone" };
};
