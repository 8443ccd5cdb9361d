/** Messages of JSON-RPC, and names that both sides know. */

export interface Message {
  jsonrpc: "2.0";
  id?: string | number;
  method?: string;
  params?: any;
  result?: any;
  error?: { code: number; message: string; data?: unknown };
}

/** Numbers of errors. */
export const enum Code {
  Refused = -32000,
  InvalidRequest = -32600,
  UnknownMethod = -32601,
  InvalidParams = -32602,
  Internal = -32603,
}

/** Names of ours and of the protocol. */
export const enum Name {
  Version = "2026-01-26",
  /** The extension of tasks: a host that passes them on announces it among its experimental capabilities. */
  Tasks = "io.modelcontextprotocol/tasks",
  /** In a host's context: the state it keeps for the view, or null. As a notification: the state to keep. */
  State = "run.pmcp/state",
  /** In the metadata of a result: the id under which a view finds its state again. */
  View = "run.pmcp/view",
  /** In the metadata of a result: the task that the call has become, and the tools that stand for the methods of tasks. */
  Task = "run.pmcp/task",
  Variables = "run.pmcp/variables",
}
