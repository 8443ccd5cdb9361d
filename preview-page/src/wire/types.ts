/** What the host process tells the page, and what servers give. */

import type { Message } from "../../../widget-runtime/src/message";

export interface ServerInfo {
  name: string;
  version: string;
  title?: string;
  instructions?: string;
  capabilities?: Record<string, unknown>;
}

/** The state of the one connection to the server. */
export interface Connection {
  state: "starting" | "building" | "ready" | "lost" | "refused" | "failed";
  protocol?: string | null;
  server?: ServerInfo | null;
  transport?: "http" | "stdio";
  /** The address or the command, without secrets. */
  address?: string;
  /** Time until the next try. */
  retryMs?: number;
  /** What to do about it. */
  message?: string;
  /** The last lines of the server's standard error. */
  lines?: string[];
}

/** A part of a profile and how it is known. */
export interface Evidence {
  kind: "probe" | "vendor" | "assumed";
  date: string;
  note?: string;
}

/** A host that is emulated. */
export interface Profile {
  id: string;
  title: string;
  sources: Partial<Record<"client" | "capabilities" | "context" | "policy" | "sandbox" | "openai", Evidence>>;
  client: {
    name: string;
    version: string;
    revisions: string[];
    ui: boolean;
    tasks: boolean;
    elicitation: boolean;
    elicitationUrl?: boolean;
    sampling: boolean;
    roots: boolean;
  };
  host: { info: { name: string; version: string }; capabilities: HostCapabilities; context: HostContext; toolInfo: boolean };
  policy: { from: "mcp-apps" | "openai" | "none"; strictWithout: boolean; additions: Record<string, string[]> };
  sandbox: { permissions: string[]; tokens: string[]; nestedFrames: boolean };
  /** Tools that are not for the view are kept from it. */
  visibility: boolean;
  openai: null | { state: boolean; modal: boolean; close: boolean };
}

/** What the page has to know at its start. */
export interface About {
  version: string;
  proxy: string;
  profiles: Profile[];
  profile: string;
  connection: Connection;
  tasks: boolean;
  /** Tasks are passed on where the server and the profile have them. */
  passesTasks: boolean;
  features: {
    shot?: boolean;
    /** The first view is to be recorded. */
    record?: boolean;
  };
}

export interface Tool {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: Schema;
  outputSchema?: Schema;
  annotations?: { title?: string; readOnlyHint?: boolean; destructiveHint?: boolean; [name: string]: unknown };
  execution?: { taskSupport?: "forbidden" | "optional" | "required" };
  _meta?: Record<string, any>;
}

/** A JSON Schema. */
export type Schema = { [name: string]: any };

/** A way to the server: through the host process, or from a client in the page. */
export type Way = "proxy" | "page";

/** A question that the server puts to the user of the host. */
export interface Asked {
  id: number;
  method: "elicitation/create" | "sampling/createMessage" | "roots/list";
  params: any;
  taskId?: string;
  /** The way it came on. */
  way: Way;
}

export type Action = "accept" | "decline" | "cancel";

/** A line of the stream of events. */
export type HostEvent = { at: number } & (
  | ({ kind: "connection" } & Connection)
  | { kind: "build"; state: "started" | "finished" | "failed"; ms?: number; text?: string }
  | { kind: "files"; paths: string[]; change: number }
  | { kind: "notification"; method: string; params?: any }
  | { kind: "stderr"; line: string }
  | ({ kind: "question" } & Omit<Asked, "way">)
  | { kind: "answered"; id: number }
  | { kind: "wire"; from: "host" | "server"; message: Message; ms?: number }
  | { kind: "missed"; count: number }
);

/** A source of a policy and where it comes from. */
export interface Source {
  source: string;
  from: "specification" | "declared" | "profile" | "tried";
}

/** A document on an origin of its own. */
export interface Served {
  id: string;
  url: string;
  policy: Record<string, string[]>;
  sources: Record<string, Source[]>;
}

/** Origins to try a view with, though it does not declare them. */
export interface Extra {
  resource: string[];
  connect: string[];
}

/** A task as 2026-07-28 describes it. */
export interface TaskView {
  taskId: string;
  status: Status;
  statusMessage?: string;
  createdAt?: string;
  lastUpdatedAt?: string;
  ttlMs?: number | null;
  pollIntervalMs?: number;
  inputRequests?: Record<string, { method?: string; params: { message?: string; requestedSchema?: Schema; [name: string]: unknown } }>;
  result?: ToolResult;
  error?: { code: number; message: string };
  _meta?: Record<string, any>;
}

/** A stored trace. */
export interface Stored {
  name: string;
  bytes: number;
  at: number;
}
