// A model for hosts: answers their API on loopback, and does what the texts it is shown spell out.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { filled, next } from "./host.mjs";

/** What a model does that answers questions of tools: the call after a text, or after a structure that has it as `next`. */
function answering(shown) {
  const structured = /\{.*\}/s.exec(shown)?.[0];
  try {
    const [call] = JSON.parse(structured).next ?? [];
    if (call) return [call.tool, filled(call.arguments)];
  } catch {
    // A text.
  }
  const call = next(shown);
  return call && [call[0], filled(call[1])];
}

/**
 * Starts a model of one conversation: it makes the call that `first` makes of the user's words, then those that `following` makes of each
 * result, and at last repeats the last result to the user. Chat completions and responses are answered, as streams.
 *
 * `shown` is what the host showed of each result, and `calls` the tools called.
 */
export async function scripted(first, following = answering) {
  const [shown, calls] = [[], []];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      try {
        answer(request.url, JSON.parse(body || "{}"), response);
      } catch (error) {
        console.error(error);
        response.writeHead(500).end(String(error));
      }
    });
  });

  function answer(path, body, response) {
    if (path.endsWith("/models")) return json(response, { object: "list", data: [{ id: "scripted", object: "model" }] });
    const responses = path.endsWith("/responses");
    const results = responses ? outputs(body.input) : outputs(body.messages);
    shown.splice(0, Infinity, ...results);
    const last = results.at(-1);
    // A host that only wants a title offers no tools.
    const tools = offered(body.tools);
    const call = tools.length === 0 ? undefined : last === undefined ? first(asked(body.messages ?? body.input)) : following(last);
    const tool = call && tools.find(({ name }) => name.endsWith(call[0]));
    if (call && !tool) throw new Error(`the host offers no ${call[0]}`);
    if (call) calls[results.length] = call[0];
    const turn = { said: last ?? "A title", tool, id: `call_${results.length}`, arguments: JSON.stringify(call?.[1]) };
    (responses ? respond : complete)(response, turn);
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => (server.closeAllConnections(), server.close());
  return { url: `http://127.0.0.1:${server.address().port}/v1`, shown, calls, close };
}

/** The tools of a request: plain, as functions, or in namespaces. */
function offered(tools = [], namespace) {
  return tools.flatMap((tool) =>
    tool.tools ? offered(tool.tools, tool.name) : { name: tool.name ?? tool.function?.name ?? "", namespace },
  );
}

/** What the host shows of the results of calls, in either API. */
function outputs(items = []) {
  const results = items.filter(({ role, type }) => role === "tool" || type === "function_call_output");
  return results.map(({ content, output }) => plain(content ?? output));
}

/** The user's last words. */
const asked = (items = []) => plain(items.filter(({ role }) => role === "user").at(-1)?.content ?? "");

const plain = (content) => (typeof content === "string" ? content : content.map(({ text }) => text ?? "").join(""));

function json(response, value) {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function stream(response, events) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    if (event.type) response.write(`event: ${event.type}\n`);
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  }
}

/** A turn as chat completions stream it. */
function complete(response, { said, tool, id, arguments: args }) {
  const delta = tool
    ? { tool_calls: [{ index: 0, id, type: "function", function: { name: tool.name, arguments: args } }] }
    : { content: said };
  const chunk = (choice, rest) => ({
    id: "completion",
    object: "chat.completion.chunk",
    created: 0,
    model: "scripted",
    choices: [{ index: 0, finish_reason: null, ...choice }],
    ...rest,
  });
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  stream(response, [
    chunk({ delta: { role: "assistant", ...delta } }),
    chunk({ delta: {}, finish_reason: tool ? "tool_calls" : "stop" }, { usage }),
  ]);
  response.end("data: [DONE]\n\n");
}

/** A turn as responses stream it. */
function respond(response, { said, tool, id, arguments: args }) {
  const { name, namespace } = tool ?? {};
  const item = tool
    ? { type: "function_call", id: `fc_${randomUUID()}`, call_id: id, name, namespace, arguments: args }
    : { type: "message", id: `msg_${randomUUID()}`, role: "assistant", content: [{ type: "output_text", text: said }] };
  const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
  const whole = { id: `resp_${randomUUID()}`, object: "response", model: "scripted", output: [item], usage };
  stream(response, [
    { type: "response.created", response: { ...whole, status: "in_progress", output: [] } },
    { type: "response.output_item.added", output_index: 0, item },
    { type: "response.output_item.done", output_index: 0, item: { ...item, status: "completed" } },
    { type: "response.completed", response: { ...whole, status: "completed" } },
  ]);
  response.end();
}
