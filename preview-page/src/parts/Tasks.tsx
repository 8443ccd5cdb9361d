/** Tasks: where they are, what they ask, and what came of them. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { second, span } from "../model/clock";
import { answer, questions } from "../model/questions";
import { visits } from "../model/pages";
import { fraction, list, tasks, type Task } from "../model/tasks";
import { isReady } from "../model/connection";
import { Empty } from "./controls";
import { Visits } from "./Page";
import { ofHost, Question } from "./Question";
import { Result } from "./Result";
import { Tree } from "./Tree";

const opened = signal<string | undefined>(undefined);

const WORDS: Record<Status, string> = {
  working: "working",
  input_required: "asks",
  completed: "completed",
  failed: "failed",
  cancelled: "cancelled",
};

const times = (task: Task): string => {
  const { createdAt, lastUpdatedAt, ttlMs } = task.view.value;
  if (!createdAt) return "";
  const began = Date.parse(createdAt);
  const until = task.isOver && lastUpdatedAt ? Date.parse(lastUpdatedAt) : second.value;
  const left = ttlMs ? began + ttlMs - second.value : undefined;
  return `${task.isOver ? "took" : "for"} ${span(until - began)}${left === undefined ? "" : left > 0 ? `, kept for ${span(left)}` : ", no longer kept"}`;
};

const Detail = ({ task }: { task: Task }) => {
  const { result, error, taskId, _meta, inputRequests } = task.view.value;
  const variables = _meta?.["run.pmcp/variables"];
  const asked = Object.entries(inputRequests ?? {});
  return (
    <div class="detail">
      {asked.length > 0 && !task.isOver && !task.isOurs.value && (
        <div class="row note"><span>The view is asking this.</span><button type="button" data-testid="answer-here" onClick={() => void (task.isOurs.value = true)}>Answer here</button></div>
      )}
      {task.isOurs.value && !task.isOver && asked.map(([key, { method = "elicitation/create", params }]) => (
        <Question key={key} id={`${taskId}-${key}`} method={method} params={params} onAnswer={(action, content) => task.answer(key, action, content)} />
      ))}
      {task.trouble.value && <p class="error">{task.trouble.value}</p>}
      {error && <p class="error">{error.message} ({error.code})</p>}
      {variables !== undefined && <div class="variables"><h3>Variables</h3><Tree value={variables} open={2} isLive /></div>}
      {result && (
        <div><h3>Result</h3><Result result={result} /></div>
      )}
      <details><summary>History</summary>
        <ol class="history">{task.history.value.map(({ at, status, message }, n) => (
          <li key={n}><time class="figures">{new Date(at).toLocaleTimeString()}</time> {WORDS[status] ?? status}{message && <span class="muted"> {message}</span>}</li>
        ))}</ol>
      </details>
      <p class="muted id">{taskId}</p>
    </div>
  );
};

const Item = ({ task, isOpen }: { task: Task; isOpen: boolean }) => {
  const { status, statusMessage } = task.view.value;
  const part = fraction(statusMessage);
  return (
    <li class={`task ${status}`} data-testid="task" data-status={status}>
      <div class="row">
        <button type="button" class="head" aria-expanded={isOpen} onClick={() => void (opened.value = isOpen ? "" : task.id)}>
          <span class="dot" aria-hidden="true" />
          <span class="name">{task.tool.value ?? "task"}</span>
          <span class="status">{WORDS[status] ?? status}</span>
        </button>
        {!task.isOver && <button type="button" class="quiet" data-testid="cancel-task" onClick={() => void task.cancel().catch((error: Error) => void (task.trouble.value = error.message))}>Cancel</button>}
      </div>
      {!task.isOver && part !== undefined && <progress aria-label={`Progress of ${task.tool.value ?? "the task"}`} value={part} max={1} />}
      <p class="muted">{statusMessage && <span>{statusMessage} · </span>}{times(task)}{task.owner === "view" && " · begun by the view"}</p>
      {isOpen && <Detail task={task} />}
    </li>
  );
};

export const Tasks = () => {
  useEffect(() => void list(), [isReady.value]);
  const all = tasks.value;
  const first = all.find((task) => task.view.value.status === "input_required") ?? all[0];
  const isOpen = (task: Task) => (opened.value === undefined ? task === first : opened.value === task.id) || (task.isOurs.value && task.view.value.inputRequests !== undefined && !task.isOver);
  if (!all.length && !questions.value.length && !visits.value.length) {
    return <Empty title="No tasks yet">A call that takes long becomes a task: its progress, its questions and its variables come here.</Empty>;
  }
  return (
    <>
      {questions.value.map((asked) => ofHost(asked, (action, content) => answer(asked, action, content)))}
      <Visits />
      <ul class="task-list">{all.map((task) => <Item key={task.id} task={task} isOpen={isOpen(task)} />)}</ul>
    </>
  );
};
