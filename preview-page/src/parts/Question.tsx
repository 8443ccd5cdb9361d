/** A question of the server, as a form or a page: accepted, declined or dismissed. */

import { useState } from "preact/hooks";

import { Form } from "../form/Form";
import { filled } from "../model/arguments";
import type { Action, Asked, Schema } from "../wire/types";
import { Page } from "./Page";
import { Tree } from "./Tree";

interface QuestionProps {
  id: string;
  method: string;
  params: any;
  onAnswer: (action: Action, content?: unknown) => void | Promise<void>;
}

const textOf = (content: any): string =>
  Array.isArray(content) ? content.map(textOf).join("\n") : typeof content?.text === "string" ? content.text : `[${content?.type ?? "?"}]`;

/** A text as a model would write it. */
const Sampling = ({ id, params, onAnswer }: Omit<QuestionProps, "method">) => {
  const [text, setText] = useState("");
  const send = () => onAnswer("accept", { role: "assistant", model: "typed-by-hand", stopReason: "endTurn", content: { type: "text", text } });
  return (
    <>
      {params.systemPrompt && <p class="muted">{params.systemPrompt}</p>}
      {(params.messages ?? []).map((message: any, at: number) => <p key={at} class="text"><span class="label">{message.role}</span> {textOf(message.content)}</p>)}
      <textarea aria-label="The model’s words" id={`${id}-text`} rows={4} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <Answers isReady={text !== ""} onAccept={send} onAnswer={onAnswer} />
    </>
  );
};

/** Directories that the server may know of. */
const Roots = ({ id, onAnswer }: Omit<QuestionProps, "method">) => {
  const [text, setText] = useState("file:///");
  const send = () => onAnswer("accept", { roots: text.split("\n").map((line) => line.trim()).filter(Boolean).map((uri) => ({ uri })) });
  return (
    <>
      <label for={`${id}-roots`}>Roots, one a line</label>
      <textarea id={`${id}-roots`} rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <Answers isReady onAccept={send} onAnswer={onAnswer} />
    </>
  );
};

const Elicitation = ({ id, params, onAnswer }: Omit<QuestionProps, "method">) => {
  const schema: Schema = params.requestedSchema ?? { type: "object", properties: {} };
  const [value, setValue] = useState<object>(() => filled(schema));
  const [mistakes, setMistakes] = useState(0);
  const required: string[] = schema.required ?? [];
  // A box that nobody ticked says no.
  const given = { ...Object.fromEntries(required.filter((name) => schema.properties?.[name]?.type === "boolean").map((name) => [name, false])), ...value };
  const isWhole = required.every((name) => name in given) && mistakes === 0;
  const send = () => isWhole && onAnswer("accept", given);
  return (
    <>
      <Form id={id} schema={schema} value={value} onChange={setValue} onErrors={setMistakes} onSubmit={send} />
      <Answers isReady={isWhole} onAccept={send} onAnswer={onAnswer} />
    </>
  );
};

const Answers = ({ isReady, onAccept, onAnswer }: { isReady: boolean; onAccept: () => void; onAnswer: QuestionProps["onAnswer"] }) => (
  <div class="row answers">
    <button type="button" class="primary" data-testid="accept" disabled={!isReady} onClick={onAccept}>Accept</button>
    <button type="button" data-testid="decline" onClick={() => void onAnswer("decline")}>Decline</button>
    <button type="button" data-testid="dismiss" onClick={() => void onAnswer("cancel")}>Dismiss</button>
  </div>
);

const TITLES: Record<string, string> = {
  "elicitation/create": "The server asks",
  "sampling/createMessage": "The server asks a model",
  "roots/list": "The server asks for roots",
};

export const Question = ({ id, method, params, onAnswer }: QuestionProps) => {
  const isPage = method === "elicitation/create" && params?.mode === "url";
  const Part = isPage ? Page : method === "sampling/createMessage" ? Sampling : method === "roots/list" ? Roots : Elicitation;
  const [trouble, setTrouble] = useState<string | undefined>();
  const answer = async (action: Action, content?: unknown) => {
    try {
      setTrouble(undefined);
      await onAnswer(action, content);
    } catch (error) {
      setTrouble((error as Error).message);
    }
  };
  return (
    <section class="question" aria-label={TITLES[method] ?? "Question"} data-testid="question">
      <h3>{TITLES[method] ?? method}</h3>
      {params?.message && <p class="asked">{params.message}</p>}
      <Part id={`q-${id.replace(/\W/g, "-")}`} params={params ?? {}} onAnswer={answer} />
      {trouble && <p class="error" role="alert">{trouble}</p>}
      {method === "sampling/createMessage" && <details><summary>The whole request</summary><Tree value={params} open={1} /></details>}
    </section>
  );
};

export const ofHost = (asked: Asked, onAnswer: QuestionProps["onAnswer"]) => (
  <Question key={asked.id} id={String(asked.id)} method={asked.method} params={asked.params} onAnswer={onAnswer} />
);
