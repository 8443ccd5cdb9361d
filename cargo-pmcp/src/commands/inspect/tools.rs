//! `cargo pmcp inspect tools`.

use clap::Args;
use pmcp_client::{TaskSupport, ToolInfo};
use serde_json::Value;

use super::{Common, client, unknown};
use crate::{
    error::Result,
    output::{self, string, table},
    shell::{Shell, write_text},
    text::{first_line, line, plain},
};

/// List the tools, or show one.
#[derive(Args, Debug)]
pub(crate) struct Tools {
    /// The tool to show.
    name: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Tools {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let mut server = self.common.connect(client(), shell).await?;
        let tools = match server.client.list_tools().await {
            Ok(tools) => tools,
            Err(error) => return Err(server.explain(error).await),
        };
        server.close().await;
        match (&self.name, self.common.json) {
            (None, true) => output::json(&tools.into_iter().map(|tool| tool.raw).collect()),
            (None, false) => write_text(&list(&tools)),
            (Some(name), is_json) => match tools.iter().find(|tool| tool.name == *name) {
                Some(tool) if is_json => output::json(&tool.raw),
                Some(tool) => write_text(&shown(tool)),
                None => Err(unknown("tool", name, tools.iter().map(|tool| tool.name.as_str()))),
            },
        }
    }
}

fn list(tools: &[ToolInfo]) -> String {
    let rows: Vec<_> = tools
        .iter()
        .map(|tool| {
            [line(&tool.name), marks(tool).join(", "), first_line(tool.description.as_deref().unwrap_or_default())]
        })
        .collect();
    table(&rows)
}

/// The ways in which a tool is more than a function.
fn marks(tool: &ToolInfo) -> Vec<&'static str> {
    let is_set = |pointer: &str| tool.raw.pointer(pointer).is_some_and(|value| *value == true);
    let visible = tool.raw.pointer("/_meta/ui/visibility").and_then(Value::as_array);
    let has_widget = tool.raw.pointer("/_meta/ui/resourceUri").is_some();
    [
        (has_widget, "widget"),
        (visible.is_some_and(|who| !who.iter().any(|who| who == "model")), "for views only"),
        (tool.task_support == TaskSupport::Optional, "task"),
        (tool.task_support == TaskSupport::Required, "always a task"),
        (is_set("/annotations/readOnlyHint"), "reads only"),
        (is_set("/annotations/destructiveHint") && !is_set("/annotations/readOnlyHint"), "destructive"),
    ]
    .into_iter()
    .filter_map(|(is_so, mark)| is_so.then_some(mark))
    .collect()
}

fn shown(tool: &ToolInfo) -> String {
    let mut text = line(&tool.name);
    let marks = marks(tool).join(", ");
    if !marks.is_empty() {
        text = format!("{text} ({marks})");
    }
    if let Some(description) = &tool.description {
        text = format!("{text}\n\n{}", plain(description.trim()));
    }
    let arguments = fields(&tool.input_schema);
    if !arguments.is_empty() {
        text = format!("{text}\n\narguments\n{arguments}");
    }
    let result = tool.raw.get("outputSchema").map(fields).filter(|fields| !fields.is_empty());
    if let Some(result) = result {
        text = format!("{}\n\nresult\n{result}", text.trim_end());
    }
    text
}

/// The fields of an object: name, type, description.
fn fields(schema: &Value) -> String {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rows: Vec<_> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, field)| {
            let needed = match (required.contains(&name.as_str()), field.get("default")) {
                (true, _) => "required".to_owned(),
                (false, Some(default)) => line(&format!("default {default}")),
                (false, None) => String::new(),
            };
            [format!("  {}", line(name)), kind(field, schema), needed, line(string(field, "description"))]
        })
        .collect();
    table(&rows)
}

/// The type of a field, at first sight.
fn kind(field: &Value, schema: &Value) -> String {
    let definition = field["$ref"].as_str().and_then(|path| schema.pointer(path.strip_prefix('#')?));
    let field = definition.unwrap_or(field);
    let one_of =
        field["enum"].as_array().map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | "));
    line(&match (&field["type"], one_of) {
        (_, Some(values)) if values.len() < 60 => values,
        (Value::String(kind), _) => kind.clone(),
        (Value::Array(kinds), _) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    })
}
