/** A message in a line. */

import type { Message } from "../../../widget-runtime/src/message";
import type { Entry } from "../model/log";

const short = (text: string, most = 160) => {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
};

const textOf = (content: unknown): string =>
  Array.isArray(content) ? content.map((block: any) => (block?.type === "text" ? String(block.text) : `[${block?.type}]`)).join(" ") : "";

/** What of the parameters says which request it is. */
const about = (method: string, params: any): string => {
  if (!params) return "";
  if (method === "ui/initialize") return params.appInfo?.name ?? "";
  if (method === "notifications/progress") return `${params.progress}${params.total === undefined ? "" : ` of ${params.total}`}${params.message ? ` ${params.message}` : ""}`;
  if (method === "ui/notifications/size-changed") return [params.width, params.height].filter((part) => part !== undefined).join(" × ");
  if (method === "ui/notifications/host-context-changed") return Object.entries(params).map(([name, value]) => (typeof value === "object" ? name : `${name} ${value}`)).join(", ");
  if (method === "ui/notifications/tool-result") return textOf(params.content);
  if (method === "ui/notifications/tool-input") return JSON.stringify(params.arguments ?? {});
  if (method === "ui/message") return textOf(params.content);
  if (method === "notifications/message") return typeof params.data === "string" ? params.data : JSON.stringify(params.data ?? null);
  return String(params.name ?? params.uri ?? params.url ?? params.taskId ?? params.mode ?? params.reason ?? "");
};

const result = (of: string | undefined, value: any): string => {
  if (typeof value !== "object" || value === null) return "ok";
  if (value.isError) return `failed: ${textOf(value.content)}`;
  if (value.resultType === "task" || (value.taskId && value.status)) return `task ${value.status}${value.statusMessage ? `, ${value.statusMessage}` : ""}`;
  if (value.resultType === "input_required") return "asks for input";
  if (of === "ui/initialize") return `ok, ${Object.keys(value.hostCapabilities ?? {}).length} capabilities`;
  for (const list of ["tools", "resources", "resourceTemplates", "prompts", "tasks", "contents"]) {
    if (Array.isArray(value[list])) return `${value[list].length} ${value[list].length === 1 ? list.replace(/s$/, "") : list}`;
  }
  if (value.mode) return String(value.mode);
  return textOf(value.content) || "ok";
};

export interface Summary {
  /** The method, or what it is an answer to. */
  method: string;
  text: string;
  kind: "request" | "answer" | "notification" | "error" | "note";
}

export const summary = ({ message, note, of }: Entry): Summary => {
  if (note) return { method: note.kind, text: note.text, kind: note.kind === "view" ? "note" : "error" };
  const { method, id, params, error } = (message ?? {}) as Message;
  if (method !== undefined) return { method, text: short(about(method, params)), kind: id === undefined ? "notification" : "request" };
  if (error) return { method: of ?? "", text: short(`${error.message} (${error.code})`), kind: "error" };
  const text = short(result(of, message?.result));
  return { method: of ?? "", text, kind: message?.result?.isError ? "error" : "answer" };
};
