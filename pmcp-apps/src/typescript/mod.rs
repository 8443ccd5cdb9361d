//! TypeScript types of a widget's tools: `mcp.d.ts`, beside the page.
//!
//! They are written from the JSON Schemas of the Rust types, which say what is on the wire. With `// @ts-check`, a field that was renamed in
//! Rust is an error in the widget.

mod names;
mod schema;

use std::fmt::Write as _;

use pmcp_tasks::{
    task::FieldDefinition,
    tool::{ToolDefinition, ToolTypes},
};
use serde_json::Value;

use self::{names::Names, schema::literal};
use crate::WidgetDefinition;

/// The types of the bridge itself.
const BRIDGE: &str = include_str!("../bridge.d.ts");

/// The type of a result that has no schema: a text, of which the bridge reads what is JSON. `text` of the result is the text in any case.
const UNKNOWN: &str = "unknown";

/// The name of the file in the widget's directory.
pub const FILE: &str = "mcp.d.ts";

/// The types of a widget's tools and of the bridge to them, as a file of TypeScript declarations. `tools` are those of the server; the
/// widget's are those that open it, and those that it names in `tools(…)`.
pub fn typescript<'a>(widget: &WidgetDefinition, tools: impl IntoIterator<Item = &'a ToolDefinition>) -> String {
    let uri = widget.uri();
    let (mut names, mut entries, mut own) = (Names::default(), String::new(), Vec::new());
    for tool in tools {
        let opens = tool.ui.resource_uri() == Some(&uri);
        if !opens && !widget.tools.contains(&&*tool.name) {
            continue;
        }
        if opens {
            own.push(literal(&tool.name.as_str().into()));
        }
        let name = schema::key(&tool.name);
        let (arguments, result) = types(tool);
        let arguments = names.of_root(&arguments, "Arguments");
        let result = result.map_or_else(|| UNKNOWN.to_owned(), |result| names.of_root(&result, "Output"));
        let description = schema::doc(tool.description.as_deref(), "  ");
        // Writing to a `String` does not fail.
        let _ = writeln!(entries, "{description}  {name}: {{\n    arguments: {arguments};\n    result: {result};");
        if let Some(variables) = variables(&tool.variables, &mut names) {
            let _ = writeln!(entries, "    variables: {variables};");
        }
        entries.push_str("  };\n");
    }
    let own = if own.is_empty() { "never".to_owned() } else { own.join(" | ") };
    let declared = names.declared();
    format!(
        "// Written by pmcp-apps from the tools of the server: what is changed here is lost.\n\n{}\n\n\
         /** The types of the server's tools. */\ndeclare namespace Rust {{\n{declared}}}\n\n\
         /** The tools of this widget. */\ninterface Tools {{\n{entries}}}\n\n\
         /** The bridge to the host. */\ndeclare const mcp: Mcp<Tools, {own}>;\n",
        BRIDGE.trim_end(),
    )
}

/// The schemas of a tool's arguments and result.
fn types(tool: &ToolDefinition) -> (Value, Option<Value>) {
    match tool.types {
        Some(ToolTypes { arguments, result }) => (arguments(), result()),
        None => (tool.input_schema.clone(), tool.output_schema.clone()),
    }
}

/// The variables of a tool's tasks that clients see.
fn variables(fields: &[FieldDefinition], names: &mut Names) -> Option<String> {
    const INDENT: &str = "      ";
    let mut shown = String::new();
    for field in fields.iter().filter(|field| !field.hidden) {
        let ty = field.schema.map_or_else(|| begun(&field.default), |schema| names.of_root(&schema(), "Variable"));
        let (doc, key) = (schema::doc(field.description, INDENT), schema::key(field.name));
        // Writing to a `String` does not fail.
        let _ = writeln!(shown, "{doc}{INDENT}{key}: {ty};");
    }
    (!shown.is_empty()).then(|| format!("{{\n{shown}    }}"))
}

/// The type of a variable without a schema. Its value in a new task tells how it begins, not all that it may be.
fn begun(default: &Value) -> String {
    let ty = match default {
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "unknown[]",
        Value::Object(_) => "{ [key: string]: unknown }",
        Value::Null => "unknown",
    };
    ty.to_owned()
}

#[cfg(test)]
mod tests;
