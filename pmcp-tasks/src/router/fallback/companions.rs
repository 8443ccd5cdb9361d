//! The tools that clients without tasks go on with: status, result, cancellation, answers.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::{settings::TaskFallback, told::SUGGESTED_WAIT};
use crate::{
    call::CallContext,
    schema::Compiled,
    tool::{TaskSupport, ToolAnnotations, ToolDefinition, ToolUi, Visibility},
};

/// The tools, and how they are set up.
#[derive(Debug)]
pub(in crate::router) struct Companions {
    pub(in crate::router) settings: TaskFallback,
    /// Set if models go on with tasks by them.
    for_models: bool,
    definitions: [ToolDefinition; 4],
    /// The same for clients whose views go on with tasks by them.
    for_views: Option<[ToolDefinition; 4]>,
}

/// Companion tools, by what they do, in the order of their definitions.
#[derive(Clone, Copy)]
pub(in crate::router) enum Companion {
    Status,
    Result,
    Cancel,
    Answer,
}

impl Companions {
    /// The companions, set up like this; `None` if nobody goes on by them.
    ///
    /// # Errors
    /// The name of the one that is taken by another, or by a tool of the server.
    pub(in crate::router) fn new(
        settings: TaskFallback,
        (for_models, for_views): (bool, bool),
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>, String> {
        if !for_models && !for_views {
            return Ok(None);
        }
        let definitions = definitions(&settings);
        for (at, definition) in definitions.iter().enumerate() {
            let is_other = definitions[..at].iter().any(|other| other.name == definition.name);
            if is_other || is_taken(&definition.name) {
                return Err(definition.name.clone());
            }
        }
        let visibility = if for_models { Visibility::Both } else { Visibility::App };
        let for_views = for_views.then(|| {
            let mut definitions = definitions.clone().map(|definition| of_views(definition, visibility));
            definitions[Companion::Status as usize].input_schema["properties"]["seen"] = json!({
                "type": "string",
                "description": "For programs: the `mark` of the task that they had last, to be told as soon as it has another.",
            });
            definitions
        });
        Ok(Some(Self { settings, for_models, definitions, for_views }))
    }

    /// Tells whether this client needs them, and may use them.
    pub(in crate::router) fn serve(&self, cx: &CallContext) -> bool {
        let knows_tasks = cx.revision.has_tasks() && cx.client.tasks;
        let has_callers = self.for_models || (cx.client.ui && self.for_views.is_some());
        has_callers && !knows_tasks && cx.caller.owner().is_some()
    }

    /// The tool as a client that needs them is to see it. `is_for_views` is set if its views may get the tool's task.
    pub(in crate::router) fn as_seen<'a>(
        &self,
        tool: &'a ToolDefinition,
        is_for_views: bool,
    ) -> Cow<'a, ToolDefinition> {
        if !self.settings.covers(tool) && !is_for_views {
            return Cow::Borrowed(tool);
        }
        // A result that names the task does not fit the schema of the tool's own, and clients check; some refuse to call a
        // tool that runs only as a task.
        Cow::Owned(ToolDefinition { output_schema: None, support: TaskSupport::Optional, ..tool.clone() })
    }

    /// The tools themselves, as this client is to see them.
    pub(in crate::router) fn definitions(&self, cx: &CallContext) -> &[ToolDefinition] {
        self.for_views.as_ref().filter(|_| cx.client.ui).unwrap_or(&self.definitions)
    }

    /// Puts arguments into the form that is meant, as those of tools are; what does not fit the schema that is listed, for the
    /// model.
    pub(super) fn read(&self, companion: Companion, arguments: &mut Map<String, Value>) -> Option<String> {
        let definitions = self.for_views.as_ref().unwrap_or(&self.definitions);
        let mistake = match Compiled::new(&definitions[companion as usize].input_schema) {
            Ok(schema) => schema.read_fields(arguments).any()?.of_arguments(),
            Err(reason) => reason,
        };
        Some(format!("{mistake}."))
    }

    /// Tells whether the tool of this name waits for a task.
    pub(in crate::router) fn waits(&self, name: &str) -> bool {
        name == self.settings.status_tool
    }

    /// The companion of this name.
    pub(in crate::router) fn find(&self, name: &str) -> Option<Companion> {
        let TaskFallback { status_tool, result_tool, cancel_tool, answer_tool, .. } = &self.settings;
        let all = [
            (status_tool, Companion::Status),
            (result_tool, Companion::Result),
            (cancel_tool, Companion::Cancel),
            (answer_tool, Companion::Answer),
        ];
        all.into_iter().find(|(known, _)| *known == name).map(|(_, companion)| companion)
    }
}

/// A companion that views call.
fn of_views(definition: ToolDefinition, visibility: Visibility) -> ToolDefinition {
    let ui = ToolUi::visible(visibility);
    let meta = ui.listed(&definition.meta, true).unwrap_or_default();
    ToolDefinition { meta, ui, ..definition }
}

fn definitions(settings: &TaskFallback) -> [ToolDefinition; 4] {
    let TaskFallback { status_tool, result_tool, cancel_tool, answer_tool, .. } = settings;
    let max = settings.max_wait.as_secs();
    let wait = json!({
        "type": "integer",
        "minimum": 0,
        "maximum": max,
        "description": format!("How many seconds to wait for the task to end or to ask. Default {}.", SUGGESTED_WAIT.min(max)),
    });
    let question = json!({ "type": "string", "description": "Which question, if the task asks several." });
    let answer = json!({
        "type": "object",
        "description": "The answer: an object that fits the schema given with the question.",
    });
    let action = json!({
        "type": "string",
        "enum": ["accept", "decline", "cancel"],
        "description": "`decline` if the user does not want to answer. Default `accept`, with `answer`.",
    });
    let reading = ToolAnnotations { read_only: Some(true), open_world: Some(false), ..ToolAnnotations::default() };
    let closed = ToolAnnotations { open_world: Some(false), ..ToolAnnotations::default() };
    [
        ToolDefinition {
            annotations: reading.clone(),
            ..companion(
                status_tool,
                "Waits for a task that another tool of this server started, and tells whether it is still running, needs an \
                 answer, or has ended. Use it when a tool answered with a task id instead of a result."
                    .into(),
                json!({ "wait_seconds": wait }),
            )
        },
        ToolDefinition {
            annotations: reading,
            ..companion(
                result_tool,
                format!("Gives the result of a task that has ended. Call `{status_tool}` before to wait for its end."),
                json!({}),
            )
        },
        ToolDefinition {
            annotations: ToolAnnotations { destructive: Some(true), idempotent: Some(true), ..closed.clone() },
            ..companion(cancel_tool, "Stops a running task for good. Its result is lost.".into(), json!({}))
        },
        ToolDefinition {
            annotations: closed,
            ..companion(
                answer_tool,
                format!(
                    "Answers the question a task waits with; `{status_tool}` tells the question. Answer what the user has \
                     said, and ask the user where you do not know."
                ),
                json!({ "question": question, "answer": answer, "action": action }),
            )
        },
    ]
}

fn companion(name: &str, description: String, more: Value) -> ToolDefinition {
    let id =
        json!({ "type": "string", "description": "The id of the task, from the result of the tool that started it." });
    let mut properties = Map::from_iter([("task_id".to_owned(), id)]);
    if let Value::Object(more) = more {
        properties.extend(more);
    }
    ToolDefinition {
        name: name.to_owned(),
        description: Some(description),
        input_schema: json!({ "type": "object", "properties": properties, "required": ["task_id"] }),
        ..ToolDefinition::default()
    }
}
