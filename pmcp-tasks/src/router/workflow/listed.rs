//! Tools that begin runs and go on with them, as they are listed.

use serde_json::{Value, json};

use crate::{
    offer::{Prompt, PromptArgument},
    tool::{TaskSupport, ToolDefinition},
    workflow::{CONTINUE, TASK_ID, WorkflowDefinition},
};

/// The prompt that begins a workflow, or goes on with a run of it.
pub(super) fn prompt(definition: &WorkflowDefinition) -> Prompt {
    let mut prompt = Prompt::new(&definition.name)
        .icons(definition.icons.iter().cloned())
        .meta(definition.meta.clone())
        .scopes(&definition.scopes);
    if let Some(title) = &definition.title {
        prompt = prompt.title(title);
    }
    if let Some(description) = &definition.description {
        prompt = prompt.description(description);
    }
    for argument in definition.prompt_arguments() {
        prompt = prompt.argument(argument);
    }
    prompt.argument(PromptArgument::optional(TASK_ID).description(RUN))
}

/// Words about the argument that names a run where one may be begun.
const RUN: &str = "A run to go on with, or `new` to begin one in any case.";

/// The tool that begins a workflow.
///
/// # Errors
/// Its arguments have no form that clients take.
pub(super) fn start_tool(definition: &WorkflowDefinition) -> Result<ToolDefinition, String> {
    let description = definition.description.as_deref().or(definition.title.as_deref()).unwrap_or_default();
    let mut tool = ToolDefinition {
        name: definition.name.clone(),
        title: definition.title.clone(),
        description: Some(format!(
            "{description}\n\nBegins this workflow on the server, which does every step it can; the result says what is left to do."
        )),
        support: TaskSupport::Forbidden,
        input_schema: definition.arguments.clone(),
        icons: definition.icons.clone(),
        meta: definition.meta.clone(),
        ..ToolDefinition::default()
    };
    tool.publish()?;
    add_task_id(&mut tool, RUN);
    Ok(tool)
}

/// The tool that goes on with a run.
pub(super) fn continue_tool() -> ToolDefinition {
    let input_schema = json!({
        "type": "object",
        "properties": {
            TASK_ID: { "type": "string", "description": "The run, as it was given." },
            "wait_seconds": {
                "type": "integer", "minimum": 0, "maximum": 50,
                "description": "How long to wait while the server works: 20 seconds if it is left out.",
            },
            "action": {
                "type": "string", "enum": ["continue", "retry", "finish", "cancel"],
                "description": "`retry` tries a step again that failed; `finish` ends a run in which only your steps remain; `cancel` stops it \
                                for good. `continue`, if it is left out, only tells how the run stands.",
            },
            "step": { "type": "string", "description": "The step whose `result` you give." },
            "result": { "description": "What the step gives, as its schema says." },
            "question": { "type": "string", "description": "The key of a question of the server that you answer." },
            "answer": { "type": "object", "description": "The answer's fields." },
            "decline": { "type": "boolean", "description": "The user does not want to answer the question." },
            "show": { "type": "string", "description": "A step whose whole result is to be shown." },
        },
        "required": [TASK_ID],
    });
    ToolDefinition {
        name: CONTINUE.to_owned(),
        title: Some("Go on with a workflow".to_owned()),
        description: Some(
            "Goes on with a workflow that has begun on the server, or tells how it stands and what is to be done next."
                .to_owned(),
        ),
        support: TaskSupport::Forbidden,
        input_schema,
        ..ToolDefinition::default()
    }
}

/// Adds the argument that binds a call to a run to the schema of a tool that is a step.
pub(in crate::router) fn bindable(definition: &mut ToolDefinition) {
    add_task_id(definition, "The run of a workflow that this call is a step of, if it is one.");
    // What follows from the call, for hosts that show their model structured content alone.
    if let Some(Value::Object(properties)) =
        definition.output_schema.as_mut().and_then(|schema| schema.get_mut("properties"))
    {
        properties.insert("_workflow".to_owned(), json!({ "type": "object" }));
    }
}

fn add_task_id(definition: &mut ToolDefinition, about: &str) {
    let argument = json!({ "type": "string", "description": about });
    if let Some(Value::Object(properties)) = definition.input_schema.get_mut("properties") {
        properties.insert(TASK_ID.to_owned(), argument);
    } else if let Some(schema) = definition.input_schema.as_object_mut() {
        schema.insert("properties".to_owned(), json!({ TASK_ID: argument }));
    }
}
