//! Words a model is told of a task: what goes on, and which tool to call next.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::settings::TaskFallback;
use crate::{
    protocol::{RpcError, TASK},
    router::{digest, questions::is_askable, request::RequestCx},
    task::{InputRequest, Task, TaskStatus, canonical},
    tool::ToolResult,
};

/// Time the tool that waits is suggested to wait, in seconds.
pub(super) const SUGGESTED_WAIT: u64 = 20;

/// A call that can follow.
struct Next<'a> {
    tool: &'a str,
    arguments: Value,
    purpose: &'static str,
}

impl Next<'_> {
    /// The call, as text for a model.
    fn text(&self) -> String {
        format!("`{}` with {}", self.tool, self.arguments)
    }
}

/// A result that tells a model of a task.
pub(super) fn told(rq: RequestCx<'_>, task: &Task, names: &TaskFallback) -> Result<ToolResult, RpcError> {
    told_after(rq, "", task, names)
}

/// The same, after a sentence on what a call of a companion did.
pub(super) fn told_after(
    rq: RequestCx<'_>,
    first: &str,
    task: &Task,
    names: &TaskFallback,
) -> Result<ToolResult, RpcError> {
    let tool = task.body.as_ref().map_or("the tool", |body| body.tool.as_str());
    let shown = rq.shown(task)?;
    let (mut text, next) = match status(task) {
        TaskStatus::Working => working(task, tool, names),
        TaskStatus::InputRequired => asking(rq, task, tool, names),
        TaskStatus::Completed => ended(task, tool, names, "has completed", "its result"),
        TaskStatus::Failed => ended(task, tool, names, "has failed", "what went wrong"),
        TaskStatus::Cancelled => {
            let id = task.id();
            let text = format!(
                "`{tool}` (task {id}) was cancelled: it has no result and does not go on. What it had done by then may \
                 remain. No further call is needed for this task."
            );
            (text, Vec::new())
        }
    };
    if !first.is_empty() {
        text.insert_str(0, &format!("{first}\n"));
    }
    if let Some(shown) = shown.as_ref().filter(|shown| !shown.is_empty()) {
        let shown = Value::Object(shown.clone());
        // Writing to a `String` does not fail.
        let _ = write!(text, "\nLast reported state of the task: {shown}");
    }
    let next: Vec<Value> = next
        .iter()
        .map(|next| json!({ "tool": next.tool, "arguments": next.arguments, "purpose": next.purpose }))
        .collect();
    let mut for_programs = for_programs(task, names);
    for_programs.insert("mark".into(), mark(task, shown.as_ref()).into());
    for_programs.extend([
        ("task_id".to_owned(), Value::from(task.id().to_string())),
        ("tool".into(), tool.into()),
        ("next".into(), next.into()),
    ]);
    for_programs.extend(task.message().map(|message| ("message".to_owned(), message.into())));
    for_programs.extend(shown.filter(|shown| !shown.is_empty()).map(|shown| ("variables".to_owned(), shown.into())));
    if !task.inputs().is_empty() {
        let questions: Vec<Value> =
            task.inputs().iter().map(|(key, request)| structured_question(key, request)).collect();
        for_programs.insert("questions".into(), questions.into());
    }
    // Not structured content: some hosts show their model that instead of the text, and the text tells all.
    let meta = Map::from_iter([(TASK.to_owned(), for_programs.into())]);
    Ok(ToolResult { meta, ..ToolResult::text(text) })
}

/// A mark of what is told of a task: another one as soon as a view has something else to show.
pub(super) fn mark(task: &Task, shown: Option<&Map<String, Value>>) -> String {
    // What cannot be written cannot be told, either.
    let [variables, questions] = [canonical(&shown), canonical(task.inputs())].map(Result::unwrap_or_default);
    let message = task.message().unwrap_or_default();
    digest::mark([status(task).as_str().as_bytes(), message.as_bytes(), &variables, &questions])
}

/// A task's state; a result with `isError` is a failure.
fn status(task: &Task) -> TaskStatus {
    if task.is_error() { TaskStatus::Failed } else { task.status() }
}

/// What every result tells programs of its task.
pub(super) fn for_programs(task: &Task, names: &TaskFallback) -> Map<String, Value> {
    let TaskFallback { status_tool, result_tool, cancel_tool, answer_tool, .. } = names;
    let tools = json!({ "status": status_tool, "result": result_tool, "cancel": cancel_tool, "answer": answer_tool });
    Map::from_iter([
        ("taskId".to_owned(), task.id().to_string().into()),
        ("tools".to_owned(), tools),
        ("status".to_owned(), status(task).as_str().into()),
    ])
}

fn waiting<'a>(task: &Task, names: &'a TaskFallback) -> Next<'a> {
    let seconds = SUGGESTED_WAIT.min(names.max_wait.as_secs());
    Next {
        tool: &names.status_tool,
        arguments: json!({ "task_id": task.id().to_string(), "wait_seconds": seconds }),
        purpose: "wait until the task ends, and learn its status",
    }
}

fn fetching<'a>(task: &Task, names: &'a TaskFallback) -> Next<'a> {
    Next {
        tool: &names.result_tool,
        arguments: json!({ "task_id": task.id().to_string() }),
        purpose: "get the result once the task has ended",
    }
}

fn cancelling<'a>(task: &Task, names: &'a TaskFallback) -> Next<'a> {
    Next { tool: &names.cancel_tool, arguments: json!({ "task_id": task.id().to_string() }), purpose: "stop the task" }
}

fn working<'a>(task: &Task, tool: &str, names: &'a TaskFallback) -> (String, Vec<Next<'a>>) {
    let id = task.id();
    let (wait, fetch, cancel) = (waiting(task, names), fetching(task, names), cancelling(task, names));
    let message = task.message().map(|message| format!(" Its last message: \"{message}\".")).unwrap_or_default();
    let text = format!(
        "`{tool}` is still running, as task {id}. This is not its result: there is none yet.{message}\n\
         Next: call {}. It waits until the task ends or asks something, or the time is up; call it again while the task is \
         running. Once it says that the task has completed or failed, call {} to get the result. To stop the task, call {}. Do not \
         call `{tool}` again for this: that would start it a second time.",
        wait.text(),
        fetch.text(),
        cancel.text(),
    );
    (text, vec![wait, fetch, cancel])
}

fn ended<'a>(task: &Task, tool: &str, names: &'a TaskFallback, how: &str, what: &str) -> (String, Vec<Next<'a>>) {
    let fetch = fetching(task, names);
    let text = format!("`{tool}` (task {}) {how}.\nNext: call {} to get {what}.", task.id(), fetch.text());
    (text, vec![fetch])
}

fn asking<'a>(rq: RequestCx<'_>, task: &Task, tool: &str, names: &'a TaskFallback) -> (String, Vec<Next<'a>>) {
    let id = task.id();
    let answers = match task.inputs().len() {
        1 => "an answer".to_owned(),
        several => format!("{several} answers"),
    };
    let mut text = format!("`{tool}` (task {id}) needs {answers} before it can go on.");
    let mut next = Vec::new();
    for (key, request) in task.inputs() {
        let answer = Next {
            tool: &names.answer_tool,
            arguments: json!({ "task_id": id.to_string(), "question": key, "answer": example(request) }),
            purpose: "give the user's answer to the question; replace each \"<…>\", quotes included, by a value that fits",
        };
        let question = structured_question(key, request);
        if request.page().is_some() {
            let _ = write!(
                text,
                "\nQuestion `{key}`: {}\nOnly the user can do what the page asks, in a browser: show them the link in full and unchanged, \
                 with what it is for. Once they say that they have done it, call {}.",
                question["message"].as_str().unwrap_or_default(),
                answer.text(),
            );
            next.push(answer);
            continue;
        }
        // Writing to a `String` does not fail.
        let _ = write!(
            text,
            "\nQuestion `{key}`: {}\nThe answer has to fit this JSON schema: {}\nTo answer, call {}, each \"<…>\" \
             replaced, quotes included, by a value that fits.",
            question["message"].as_str().unwrap_or_default(),
            question["schema"],
            answer.text(),
        );
        next.push(answer);
    }
    let (wait, cancel) = (waiting(task, names), cancelling(task, names));
    if is_askable(rq, task) && rq.cx.revision.asks_by_request() {
        let _ = write!(
            text,
            "\nNext: the user is being asked in a form; call {} to wait for the answer. If the user tells you the answer \
             instead, call `{}` as above.",
            wait.text(),
            names.answer_tool
        );
    } else {
        let _ = write!(
            text,
            "\nNext: if the user has not answered this yet (the original request is no answer to it), ask the user now; then \
             call `{}` as above{}. If the user does not want to answer, call it with \"action\": \"decline\" in place of \"answer\". After that, call {} to wait \
             for the end.",
            names.answer_tool,
            if task.inputs().len() > 1 { ", once for each question" } else { "" },
            wait.text()
        );
    }
    let _ = write!(text, " To stop the task, call {}.", cancel.text());
    next.extend([wait, cancel]);
    (text, next)
}

fn structured_question(key: &str, request: &InputRequest) -> Value {
    let message = request.text();
    if let Some(url) = request.page() {
        // There is nothing to fill in.
        return json!({ "question": key, "message": message, "url": url, "schema": { "type": "object", "properties": {} } });
    }
    match request.params.get("requestedSchema") {
        Some(schema) => json!({ "question": key, "message": message, "schema": schema }),
        // Questions to the model or of the roots, whose answers are results of these methods.
        None => json!({
            "question": key,
            "message": message.unwrap_or_else(|| format!("`{}` {}", request.method, request.params)),
            "schema": { "type": "object", "description": format!("the result of `{}`", request.method) },
        }),
    }
}

/// An answer to fill in.
fn example(request: &InputRequest) -> Value {
    let properties = request.params.pointer("/requestedSchema/properties").and_then(Value::as_object);
    let fields = properties.into_iter().flatten().map(|(name, schema)| {
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or("value");
        (name.clone(), Value::from(format!("<{kind}>")))
    });
    Value::Object(fields.collect())
}
