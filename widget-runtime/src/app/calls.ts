/** Calls of tools, and the tasks that some of them become, by either of two ways. */

import { attempt } from "./attempt";
import { events, type Emitter } from "./events";
import { Code, Name, type Message } from "../message";

/** The bridge, as far as calls need it. */
export interface Line {
  mcp: Mcp;
  nextId(): string;
  ask(method: string, params: object, id?: string, progress?: (params: any) => void): Promise<any>;
  notify(method: string, params: object): void;
  /** Those who wait for a message that names a request, a call or a task. */
  pending: Map<Message["id"], (message: Partial<Message>) => void>;
}

/** A task as either way describes it. */
interface Seen {
  status: Status;
  statusMessage?: string;
  message?: string;
  pollIntervalMs?: number;
  _meta?: Record<string, unknown>;
  variables?: unknown;
  inputRequests?: Record<string, { params: { message: string; requestedSchema: object } }>;
  /** A mark of what the companions have told. */
  mark?: string;
  questions?: { question: string; message: string; schema: object }[];
  result?: ToolResult;
  error?: { message: string };
}

type Action = "accept" | "decline";

/** A way to a task: looks, answers, cancels, fetches the result. */
type Way = [
  look: (seen: Seen) => Promise<Seen>,
  answer: (question: string, action: Action, content?: object) => Promise<ToolResult | undefined>,
  cancel: () => void,
  result: (seen: Seen) => ToolResult | Promise<ToolResult>,
];

const aborted = () => new DOMException("cancelled", "AbortError");

/** An error as the protocol has it. */
export const failure = (error: { message: string }): McpError => Object.assign(Error(error.message), error);

/** A tool's result for those who use it. */
export const read = (raw: ToolResult): Result<any> => {
  const text = (raw.content ?? []).flatMap((block) => (block.type === "text" ? block.text : [])).join("\n");
  const data = "structuredContent" in raw ? raw.structuredContent : attempt(() => JSON.parse(text), text);
  return { data, text, isError: !!raw.isError, meta: raw._meta ?? {}, raw };
};

/** The way of the extension, which the host passes on. */
const byTasks = ({ ask }: Line, taskId: string, _meta: object): Way => {
  const about = (method: string, more?: object) => ask("tasks/" + method, { taskId, _meta, ...more });
  return [
    () => about("get"),
    (question, action, content) => about("update", { inputResponses: { [question]: { action, content } } }),
    () => about("cancel"),
    async (seen) => {
      // The answer to the call has neither, even if the task has ended.
      const { error, result } = seen.error || seen.result ? seen : await about("get");
      if (error) throw failure(error);
      return result;
    },
  ];
};

/** The way of ordinary tools, which every host passes on. */
const byTools = ({ ask }: Line, task_id: string, tools: Record<string, string>): Way => {
  const call = (tool: string, more?: object): Promise<ToolResult> =>
    ask("tools/call", { name: tools[tool], arguments: { task_id, ...more } });
  return [
    async ({ mark }) => {
      const answer = await call("status", { wait_seconds: 5, seen: mark });
      const seen = answer._meta?.[Name.Task] as Seen | undefined;
      if (!seen) throw Error(read(answer).text);
      return seen;
    },
    (question, action, answer) => call("answer", { question, action, answer }),
    () => call("cancel"),
    () => call("result"),
  ];
};

/** Follows a task to its end. */
const follow = async (
  { pending }: Line,
  taskId: string,
  [look, reply, , result]: Way,
  seen: Seen,
  tell: Emitter["emit"],
) => {
  const asked = new Set<string>();
  const put = (key: string, message: string, schema: object) => {
    if (asked.has(key)) return;
    asked.add(key);
    const answer = async (action: Action, content?: object) => {
      // Refused, it is asked again.
      if ((await reply(key, action, content).catch(() => ({ isError: true })))?.isError) asked.delete(key);
      wake();
    };
    const question: Question = {
      key,
      message,
      schema,
      answer: (content) => answer("accept", content),
      decline: () => answer("decline"),
    };
    tell("question", question);
  };
  let wake!: () => void;
  let hinted: Promise<void>;
  const hint = () => (hinted = new Promise((resolve) => (wake = resolve)));
  hint();
  let before: string | undefined;
  let failed = 0;
  pending.set(taskId, () => wake());
  for (;;) {
    const { status, statusMessage = seen.message, variables = seen._meta?.[Name.Variables] } = seen;
    const state = { taskId, status, statusMessage, variables };
    const now = JSON.stringify(state);
    if (now !== before) tell("task", state);
    before = now;
    // Completed, failed, cancelled.
    if (/[tl]ed$/.test(status)) break;
    seen.questions?.map(({ question, message, schema }) => put(question, message, schema));
    for (const key in seen.inputRequests) {
      const { message, requestedSchema } = seen.inputRequests[key]!.params;
      put(key, message, requestedSchema);
    }
    // A look at a working task by tools waits by itself, until there is something new: not too often.
    setTimeout(wake, seen.pollIntervalMs ?? (status === "working" && !failed ? 200 : 1000));
    await hinted!;
    hint();
    try {
      seen = await look(seen);
      failed = 0;
    } catch (error) {
      // A host may lose its server for a while.
      if ((error as McpError).code === Code.InvalidParams || ++failed > 4) throw error;
    }
  }
  pending.delete(taskId);
  if (seen.status === "cancelled") throw aborted();
  return result(seen);
};

/** Calls a tool. */
export const callTool = (line: Line, name: string, args: object): Call<any> => {
  const { mcp, ask, notify } = line;
  const { on, emit } = events();
  const id = line.nextId();
  let isCancelled = false;
  let stop: (() => void) | undefined;
  let abort: () => void;
  const run = async () => {
    await mcp.ready;
    if (isCancelled) return {};
    stop = () => notify("notifications/cancelled", { requestId: id });
    const _meta = mcp.capabilities.experimental?.[Name.Tasks]
      ? { "io.modelcontextprotocol/clientCapabilities": { elicitation: {}, extensions: { [Name.Tasks]: {} } } }
      : { "run.pmcp/wait": 0 };
    const params = { name, arguments: args, _meta: { ..._meta, progressToken: id } };
    const answer = await ask("tools/call", params, id, (progress) => emit("progress", progress));
    stop = undefined;
    const handle = answer._meta?.[Name.Task];
    const seen = answer.resultType === "task" ? answer : handle;
    if (!seen?.taskId) return answer;
    const way = seen === answer ? byTasks(line, seen.taskId, _meta) : byTools(line, seen.taskId, seen.tools);
    abort = way[2];
    if (isCancelled) abort();
    return follow(line, seen.taskId, way, seen, emit);
  };
  const promise = new Promise((resolve, reject) => {
    abort = () => reject(aborted());
    run().then((answer) => resolve(read(answer)), reject);
  });
  return Object.assign(promise, {
    on,
    cancel() {
      isCancelled = true;
      stop?.();
      abort();
    },
  }) as Call<any>;
};
