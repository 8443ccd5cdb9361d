// Written by pmcp-apps from the tools of the server: what is changed here is lost.

// Types of the bridge between a widget and its host: the global `mcp`. A widget's own declaration follows them:
// `declare const mcp: Mcp<Tools, "show_board">;` with an interface `Tools` of its tools by name.

/** A tool that a widget calls: its arguments, its result and, where it can be a task, its live variables. */
interface AnyTool {
  arguments: object;
  result: unknown;
  variables?: unknown;
}

/** Tools of which only the names are known. */
type AnyTools = Record<string, AnyTool>;

/** Places a host shows a view in. */
type DisplayMode = "inline" | "fullscreen" | "pip";

/** Weights of what is logged. */
type LogLevel = "debug" | "info" | "notice" | "warning" | "error" | "critical" | "alert" | "emergency";

/** States of a task. The last three are final. */
type Status = "working" | "input_required" | "completed" | "failed" | "cancelled";

/** A part of a result as the protocol has it. */
interface ContentBlock {
  type: string;
  text?: string;
  [key: string]: unknown;
}

/** A tool's result as the protocol has it. */
interface ToolResult {
  content?: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: Record<string, unknown>;
  [key: string]: unknown;
}

/** Parts of a tool's result, whether it failed or not. */
interface AnyResult {
  /** The text parts, one a line. Of a tool that failed they tell why. */
  text: string;
  /** Metadata, which is not for the model. */
  meta: Record<string, unknown>;
  /** The whole result, as it came. */
  raw: ToolResult;
}

/** A tool that did what it was asked. */
interface Success<D> extends AnyResult {
  isError: false;
  /**
   * The value that the tool gives: its structured content. Servers of 2025 have only objects there; other values are read from
   * the text, where it is JSON, and are the text itself where it is not.
   */
  data: D;
}

/** A tool that says that it failed. */
interface Failure extends AnyResult {
  isError: true;
  /** The same, of whatever the tool says. */
  data: unknown;
}

/** A tool's result: `data` has its type once `isError` is known to be false. */
type Result<D> = Success<D> | Failure;

/** A part of a resource. */
interface ResourceContents {
  uri: string;
  mimeType?: string;
  text?: string;
  blob?: string;
  _meta?: Record<string, unknown>;
}

/** An error of the host or the server: calls reject with it. A cancelled call rejects with an error named `AbortError`. */
interface McpError extends Error {
  code?: number;
  data?: unknown;
}

/** Abilities of a host. */
interface HostCapabilities {
  openLinks?: object;
  downloadFile?: object;
  serverTools?: { listChanged?: boolean };
  serverResources?: { listChanged?: boolean };
  logging?: object;
  message?: object;
  updateModelContext?: object;
  sandbox?: { permissions?: Record<string, object>; csp?: Record<string, string[]> };
  experimental?: Record<string, object>;
  [key: string]: unknown;
}

/** Surroundings of a view. The theme, style variables and fonts are applied to the page by the bridge. */
interface HostContext {
  theme?: "light" | "dark";
  styles?: { variables?: Record<string, string | undefined>; css?: { fonts?: string } };
  displayMode?: DisplayMode;
  availableDisplayModes?: DisplayMode[];
  containerDimensions?: { height?: number; maxHeight?: number; width?: number; maxWidth?: number };
  /** A language tag, for `Intl`. */
  locale?: string;
  /** An IANA time zone, for `Intl`. */
  timeZone?: string;
  userAgent?: string;
  platform?: "web" | "desktop" | "mobile";
  deviceCapabilities?: { touch?: boolean; hover?: boolean };
  safeAreaInsets?: { top: number; right: number; bottom: number; left: number };
  toolInfo?: { id?: string | number; tool: { name: string; [key: string]: unknown } };
  [key: string]: unknown;
}

/** A step of a call that is under way. A call that has become a task tells its steps by `statusMessage` and its variables instead. */
interface Progress {
  progress: number;
  total?: number;
  message?: string;
}

/** The state of a call that has become a task. */
interface TaskState<V> {
  taskId: string;
  status: Status;
  statusMessage?: string;
  /** Variables of the task as they are now. */
  variables?: V;
}

/** A question that a task waits with. It is told again if its answer was refused. */
interface Question {
  key: string;
  message: string;
  /** The JSON Schema of the answer: a flat object. What is asked for alone, such as a yes or no, is its field `answer`. */
  schema: object;
  answer(value: object): void;
  decline(): void;
}

/** A call under way. It is the promise of its result, and has no time limit: `cancel` ends it. */
interface Call<T extends AnyTool> extends Promise<Result<T["result"]>> {
  /** Listens, and gives a function that ends it. */
  on(event: "progress", listener: (progress: Progress) => void): () => void;
  on(event: "task", listener: (task: TaskState<T["variables"]>) => void): () => void;
  on(event: "question", listener: (question: Question) => void): () => void;
  /** Asks for an end. A task goes on until its server agrees; it may still complete. */
  cancel(): void;
}

/** Events of a view. The last value of each event is told to those who listen later, too. */
interface Events<T extends { [N in keyof T]: AnyTool } = AnyTools, Own extends keyof T = keyof T> {
  /** Arguments of the call that opened the view. */
  input: T[Own]["arguments"];
  /** The same while the model writes them. */
  partial: Partial<T[Own]["arguments"]>;
  /** Result of the call that opened the view. */
  result: Result<T[Own]["result"]>;
  /** The call that opened the view has no result and will have none. */
  cancelled: { reason?: string };
  /** All of the context, after a change. */
  context: HostContext;
  /** The view is about to be removed: the host waits for what listeners return. */
  teardown: { reason?: string };
  /** Any other notification, by its method. */
  [method: `${string}/${string}`]: any;
}

/** The bridge between a widget and its host. `T` are the tools of the widget, `Own` those that open it. */
interface Mcp<T extends { [N in keyof T]: AnyTool } = AnyTools, Own extends keyof T = keyof T> {
  /** Fulfilled when the host has answered. Calls wait for it by themselves. */
  readonly ready: Promise<void>;
  readonly host?: { name: string; version: string };
  readonly capabilities: HostCapabilities;
  readonly context: HostContext;
  /** Arguments of the call that opened the view, once they are known. */
  readonly input?: T[Own]["arguments"];
  /** Its result, once it is known. */
  readonly result?: Result<T[Own]["result"]>;
  /**
   * State of the view, any value of JSON, found again when the same view is mounted anew. It is there when `ready` is fulfilled
   * or, where the host keeps none, when `result` is told; what is found then takes the place of what was set before. A host that
   * keeps none and shows the view on another origin each time has nothing to find. Assign it whole: changes inside are not seen.
   */
  state: unknown;
  /** Listens, and gives a function that ends it. */
  on<E extends keyof Events<T, Own>>(event: E, listener: (value: Events<T, Own>[E]) => void): () => void;
  /** Calls a tool of the same server. */
  callTool<N extends keyof T & string>(name: N, args: T[N]["arguments"]): Call<T[N]>;
  readResource(uri: string): Promise<{ contents: ResourceContents[] }>;
  /** Asks the host to open a page elsewhere. */
  openLink(url: string): Promise<void>;
  /** Says something in the conversation, for the user. */
  sendMessage(text: string): Promise<void>;
  /** Replaces what the model is told of this view in its next turns. */
  updateModelContext(text?: string, data?: object): Promise<void>;
  /** Asks for another place, and gives the place the view is in then: the present one if the host lacks the other. */
  requestDisplayMode(mode: DisplayMode): Promise<DisplayMode>;
  /** Offers a text as a file. */
  download(uri: string, mimeType: string, text: string): Promise<void>;
  log(level: LogLevel, data: unknown): void;
  /** Asks the host to remove the view. */
  close(): void;
}

/** The types of the server's tools. */
declare namespace Rust {
  /** A part of the world. */
  type Continent = "Africa" | "Asia" | "Europe" | "North America" | "Oceania" | "South America";
  interface ShowMapArgs {
    /** Only the places of this continent. */
    continent?: Continent | null;
  }
  /** A place on the map. */
  interface Place {
    continent: Continent;
    /** The country, if it is large enough for the outlines of the map. */
    country?: string | null;
    /** Degrees north. */
    latitude: number;
    /** Degrees east. */
    longitude: number;
    name: string;
  }
  /** The places that are shown. */
  interface MapView {
    /** The continent the map begins with; all of them without. */
    continent?: Continent | null;
    places: Place[];
  }
  interface PlanRouteArgs {
    /** Names of 2 to 250 places, as the map has them. */
    places: string[];
  }
  /** A route. */
  interface Route {
    /** The length of the whole route. */
    kilometres: number;
    /** Set if it ends where it began. */
    round_trip: boolean;
    /** Kilometres by which it is shorter than the places in the order they were given. */
    saved: number;
    /** The places in the order they are visited. */
    stops: string[];
  }
}

/** The tools of this widget. */
interface Tools {
  /** Show a map with the larger cities of the world, or of one continent, on which a route can be planned. */
  show_map: {
    arguments: Rust.ShowMapArgs;
    result: Rust.MapView;
  };
  /** Find a short route by air through places of the map. It begins at the first of them. */
  plan_route: {
    arguments: Rust.PlanRouteArgs;
    result: Rust.Route;
    variables: {
      stops: string[];
      kilometres: number;
      /** The rounds of improvements so far, and how many there are at most. */
      round: number;
      of: number;
    };
  };
}

/** The bridge to the host. */
declare const mcp: Mcp<Tools, "show_map">;
