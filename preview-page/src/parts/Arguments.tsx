/** What the chosen tool is called with, as a form or as JSON, and the call. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

import { Form } from "../form/Form";
import { isReady } from "../model/connection";
import { region } from "../model/layout";
import { input, isForModel, setInput, tool } from "../model/tools";
import { call, turn } from "../model/turn";
import { Empty, Segments } from "./controls";
import { Prose } from "./Prose";

const isJson = signal(false);

/** Errors of the form, which keep the call from being made with the key alone. */
const errors = signal(0);

export const callNow = () => {
  if (!tool.value || !isReady.value) return;
  region.value = "stage";
  call(tool.value, input.value);
};

const Json = () => {
  const [text, setText] = useState(() => JSON.stringify(input.value, null, 2));
  const [trouble, setTrouble] = useState<string | undefined>();
  const change = (value: string) => {
    setText(value);
    try {
      const parsed: unknown = JSON.parse(value);
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw Error("arguments are an object");
      setInput(parsed);
      setTrouble(undefined);
      errors.value = 0;
    } catch (error) {
      setTrouble((error as Error).message);
      errors.value = 1;
    }
  };
  return (
    <div class="json">
      <textarea
        aria-label="Arguments as JSON" data-testid="json" spellcheck={false} rows={Math.min(16, Math.max(4, text.split("\n").length))}
        value={text} aria-invalid={trouble !== undefined} onInput={(event) => change(event.currentTarget.value)}
      />
      {trouble && <p class="error" role="alert">{trouble}</p>}
    </div>
  );
};

export const Arguments = () => {
  const now = tool.value;
  useEffect(() => void (errors.value = 0), [now?.name]);
  if (!now) return null;
  const isBusy = turn.value?.isUnderWay && turn.value.tool.name === now.name;
  const hasArguments = Object.keys(now.inputSchema?.properties ?? {}).length > 0 || now.inputSchema?.additionalProperties === true;
  return (
    <section class="arguments" aria-label="Arguments">
      <div class="about">
        <h2>{now.title ?? now.annotations?.title ?? now.name}</h2>
        {now.description && <p class="muted"><Prose text={now.description} /></p>}
        {!isForModel(now) && <p class="note">The model does not see this tool; views call it.</p>}
      </div>
      {hasArguments || isJson.value ? (
        <>
          {isJson.value ? <Json key={now.name} /> : <Form key={now.name} id="arguments" schema={now.inputSchema ?? {}} value={input.value} onChange={setInput} onErrors={(count) => void (errors.value = count)} onSubmit={callNow} />}
        </>
      ) : <Empty title="It takes no arguments" />}
      <div class="row call">
        <Segments label="Arguments as" testid="arguments-as" value={isJson.value ? "json" : "form"} options={[["form", "Form"], ["json", "JSON"]]} onChange={(value) => void (isJson.value = value === "json")} />
        {isBusy
          ? <button type="button" class="primary stop" onClick={() => turn.value?.cancel()} data-testid="cancel">Cancel</button>
          : <button type="button" class="primary" onClick={callNow} disabled={!isReady.value} data-testid="call" title="Call the tool (Enter)">Call<kbd aria-hidden="true">↵</kbd></button>}
      </div>
      {errors.value > 0 && <p class="note" role="status">{isJson.value ? "The JSON is called as it was before this mistake." : "The arguments do not fit the schema; the call is made all the same, to see what the server says."}</p>}
    </section>
  );
};
