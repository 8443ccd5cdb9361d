//! How a run stands, as one JSON object: for programs, and for models that are shown nothing else.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{By, Course, Resolved, StepDefinition, WorkflowDefinition, course::label};
use crate::{
    task::{InputRequest, Reason, TaskId, WorkflowHead},
    time::Millis,
};

/// The key of this object in `_meta`.
pub(crate) const WORKFLOW: &str = "run.pmcp/workflow";

/// The argument that binds a call to a run.
pub(crate) const TASK_ID: &str = "_task_id";

/// The tool that goes on with a run.
pub(crate) const CONTINUE: &str = "workflow_continue";

/// What is known of a run beside its course.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) id: TaskId,
    pub(crate) expires: Millis,
    /// The arguments it was begun with.
    pub(crate) arguments: Map<String, Value>,
    /// Set once it has ended: what is not running is over then, and has yet to begin before.
    pub(crate) has_ended: bool,
    /// Values of its variables, for mappings.
    pub(crate) variables: Map<String, Value>,
}

/// A call that goes on with a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NextCall {
    pub(crate) tool: String,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) purpose: String,
    /// Schemas of those arguments that the client has yet to give, by their names.
    pub(crate) schemas: Map<String, Value>,
}

/// Size up to which the arguments of a step stand whole whose turn it is, in bytes: the client needs them.
const OPEN: usize = 64 << 10;

/// How a run stands.
pub(crate) struct View<'a> {
    pub(crate) course: &'a Course,
    pub(crate) subject: &'a Subject,
    /// What the server asks while it runs.
    pub(crate) asks: Option<Questions<'a>>,
}

/// Questions of the server that are open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Questions<'a> {
    /// By their keys.
    pub(crate) open: &'a BTreeMap<String, InputRequest>,
    /// Set if the client shows them to its user.
    pub(crate) is_shown: bool,
}

impl View<'_> {
    /// The object, with results of at most so many bytes whole, and the beginning of others.
    pub(crate) fn object(&self, most: usize) -> Value {
        let (definition, head) = (self.course.flow.definition(), &self.course.head);
        let steps = definition.steps.iter().enumerate().map(|(n, step)| self.step(n, step, most)).collect::<Vec<_>>();
        let mut object = json!({
            "taskId": self.subject.id.to_string(),
            "workflow": definition.name,
            "state": state(head, self.subject.has_ended),
            "expiresAt": self.subject.expires.to_string(),
            "arguments": self.subject.arguments,
            "steps": steps,
            "next": self.next().into_iter().map(NextCall::json).collect::<Vec<_>>(),
        });
        if let Some(pause) = &head.pause {
            object["pause"] = serde_json::to_value(pause).unwrap_or_default();
        }
        object
    }

    /// The state of a step.
    pub(crate) fn state_of(&self, step: &StepDefinition) -> &'static str {
        state_of(&self.course.head, step)
    }

    fn step(&self, n: usize, step: &StepDefinition, most: usize) -> Value {
        let state = self.state_of(step);
        let by = if step.by.is_client() { "client" } else { "server" };
        let mut object = Map::from_iter([("name", step.name), ("by", by), ("state", state)].map(text));
        let mut add = |name: &str, value: Value| object.insert(name.to_owned(), value);
        if let Some(title) = step.title {
            add("title", title.into());
        }
        if let Some(tool) = step.by.tool() {
            add("tool", tool.into());
        }
        if state == "done" {
            if let (Some(Some(result)), false) = (self.course.outputs.get(step.name), step.hidden) {
                add("result", cut(result, most));
            }
        } else if state != "skipped" {
            if let Some(guidance) = step.guidance.filter(|_| step.by.is_client()) {
                add("guidance", guidance.into());
            }
            if self.shows_arguments(step) {
                let most = if state == "open" { most.max(OPEN) } else { most };
                match self.course.resolve(n, &self.subject.variables) {
                    Resolved::Ready(arguments) => drop(add("arguments", cut(&arguments, most))),
                    Resolved::Waiting { arguments, needs } => {
                        add("arguments", cut(&arguments.into(), most));
                        add("needs", needs.into());
                    }
                    Resolved::Skipped | Resolved::Refused(_) | Resolved::Mismatch(_) => {}
                }
            }
        }
        object.into()
    }

    /// Tells whether what a step takes may be shown: what a client gets of its own steps, its author has decided; what the server's
    /// tools get may hold what never leaves the server.
    fn shows_arguments(&self, step: &StepDefinition) -> bool {
        let definition = self.course.flow.definition();
        let is_hidden = |name: &str| definition.steps.iter().any(|other| other.name == name && other.hidden);
        match &step.by {
            By::Server => false,
            By::ClientTool(_) | By::ClientOutput => true,
            By::ServerTool(_) => {
                !step.hidden
                    && !step.takes.iter().any(|takes| is_hidden(takes.step))
                    && !definition.variables.iter().any(|variable| variable.hidden)
            }
        }
    }

    /// The calls that go on with the run.
    pub(crate) fn next(&self) -> Vec<NextCall> {
        let (definition, head) = (self.course.flow.definition(), &self.course.head);
        let of = definition.steps.len();
        let id = || Map::from_iter([(TASK_ID.to_owned(), self.subject.id.to_string().into())]);
        let going_on = |name: &str, value: Value, purpose: String| {
            let mut arguments = id();
            arguments.insert(name.to_owned(), value);
            NextCall { tool: CONTINUE.to_owned(), arguments, purpose, schemas: Map::new() }
        };
        if let Some(Questions { open, is_shown }) = self.asks {
            let wait = is_shown.then(|| going_on("wait_seconds", 20.into(), "wait for the answer".to_owned()));
            let answers = open.iter().map(|(key, question)| {
                let purpose = "answer a question of the server".to_owned();
                let mut next = going_on("question", key.as_str().into(), purpose);
                let form = question.params.get("requestedSchema").cloned();
                // A page has nothing to fill in.
                let page = question.page().map(|_| json!({ "type": "object", "properties": {} }));
                let schema = form.or(page).unwrap_or_else(|| json!({}));
                next.arguments.insert("answer".to_owned(), placeholder("the answer", &schema));
                next.schemas.insert("answer".to_owned(), schema);
                next
            });
            return wait.into_iter().chain(answers).collect();
        }
        let Some(pause) = &head.pause else {
            return match &head.running {
                Some(step) => {
                    let at = label(definition.position(step), of, step);
                    vec![going_on("wait_seconds", 20.into(), format!("wait for {at}"))]
                }
                None if self.subject.has_ended => Vec::new(),
                None => vec![going_on("wait_seconds", 20.into(), "wait until it begins".to_owned())],
            };
        };
        let position = definition.position(&pause.step);
        let at = label(position, of, &pause.step);
        let step = position.and_then(|step| Some((step, definition.steps.get(step)?)));
        // What gave too much is still the client's to do.
        match (pause.reason, step) {
            (Reason::Client | Reason::Limit, Some((n, StepDefinition { by: By::ClientTool(tool), .. }))) => {
                let mut arguments = id();
                if let Resolved::Ready(Value::Object(given)) = self.course.resolve(n, &self.subject.variables) {
                    arguments.extend(given);
                }
                let purpose = format!("do {at}");
                vec![NextCall { tool: tool.clone(), arguments, purpose, schemas: Map::new() }]
            }
            (Reason::Client | Reason::Limit, Some((_, step @ StepDefinition { by: By::ClientOutput, .. }))) => {
                let mut next = going_on("step", step.name.into(), format!("give the result of {at}"));
                next.arguments.insert("result".to_owned(), result_of(step));
                next.schemas.extend(step.output_schema.clone().map(|schema| ("result".to_owned(), schema)));
                vec![next]
            }
            _ => vec![going_on("action", "retry".into(), format!("try {at} again"))],
        }
    }
}

/// How a run stands by its head alone: states, and nothing that a step took or gave.
pub(crate) fn outline(definition: &WorkflowDefinition, head: &WorkflowHead, subject: &Subject) -> Value {
    let steps = definition.steps.iter().map(|step| {
        let by = if step.by.is_client() { "client" } else { "server" };
        let mut object = Map::from_iter([("name", step.name), ("by", by), ("state", state_of(head, step))].map(text));
        object.extend(step.by.tool().map(|tool| ("tool".to_owned(), tool.into())));
        object
    });
    let mut object = json!({
        "taskId": subject.id.to_string(),
        "workflow": definition.name,
        "state": state(head, subject.has_ended),
        "expiresAt": subject.expires.to_string(),
        "arguments": subject.arguments,
        "steps": steps.collect::<Vec<_>>(),
    });
    if let Some(pause) = &head.pause {
        object["pause"] = serde_json::to_value(pause).unwrap_or_default();
    }
    object
}

fn state(head: &WorkflowHead, has_ended: bool) -> &'static str {
    match (&head.pause, &head.running) {
        (Some(_), _) => "waiting",
        (None, None) if has_ended => "completed",
        (None, _) => "running",
    }
}

fn state_of(head: &WorkflowHead, step: &StepDefinition) -> &'static str {
    let waits = head.pause.as_ref().filter(|pause| pause.step == step.name);
    if head.done.iter().any(|name| name == step.name) {
        "done"
    } else if head.skipped.iter().any(|name| name == step.name) {
        "skipped"
    } else if head.running.as_deref() == Some(step.name) {
        "running"
    } else {
        match waits.map(|pause| pause.reason) {
            Some(Reason::Client) => "open",
            Some(Reason::Limit) if step.by.is_client() => "open",
            Some(_) => "failed",
            None => "waiting",
        }
    }
}

impl NextCall {
    fn json(self) -> Value {
        let mut json = json!({ "tool": self.tool, "arguments": self.arguments, "purpose": self.purpose });
        if !self.schemas.is_empty() {
            json["schemas"] = self.schemas.into();
        }
        json
    }

    /// The call as a text has it.
    pub(super) fn words(&self) -> String {
        format!("`{}` with {}", self.tool, Value::from(self.arguments.clone()))
    }
}

/// What stands for the result that a client has yet to give.
pub(crate) fn result_of(step: &StepDefinition) -> Value {
    placeholder("the result", step.output_schema.as_ref().unwrap_or(&Value::Null))
}

/// What stands for a value of this schema: of an object its required fields, so that nobody takes it for a text.
fn placeholder(value: &str, schema: &Value) -> Value {
    let mark = |name: &str| Value::from(format!("<{name}>"));
    if schema["type"] != "object" {
        return mark(value);
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let marked = required.map(|name| match schema["properties"][name]["type"].as_str() {
        Some(kind) if kind != "string" => (name.to_owned(), mark(&format!("{name}: {kind}"))),
        _ => (name.to_owned(), mark(name)),
    });
    marked.collect::<Map<_, _>>().into()
}

fn text((name, value): (&str, &str)) -> (String, Value) {
    (name.to_owned(), value.into())
}

/// A value of at most so many bytes as JSON, or what it begins with.
pub(super) fn cut(value: &Value, most: usize) -> Value {
    let json = value.to_string();
    if json.len() <= most {
        return value.clone();
    }
    let begins = crate::protocol::bounds::shortened(&json, most / 2);
    json!({ "cut": true, "bytes": json.len(), "begins": begins })
}
