//! Tasks and tools as 2025-11-25 writes them, and tools as the versions before do.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{MODEL_IMMEDIATE_RESPONSE, TaskSupport, TaskView, ToolAnnotations, ToolResult, ToolView, VARIABLES};

/// `Task` (schema, "Task").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "fields are called as on the wire")]
struct Task<'a> {
    task_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'a str>,
    created_at: &'a str,
    last_updated_at: &'a str,
    ttl: Option<u64>,
    poll_interval: u64,
}

/// The state this revision gives a task: a result with `isError` is a failure ("Task Status").
pub(crate) fn status(task: &TaskView<'_>) -> &'static str {
    if task.is_error { "failed" } else { task.status.as_str() }
}

fn flat(task: &TaskView<'_>) -> Value {
    json!(Task {
        task_id: &task.id,
        status: status(task),
        status_message: task.message,
        created_at: &task.created,
        last_updated_at: &task.updated,
        ttl: Some(task.ttl),
        poll_interval: task.poll_interval,
    })
}

/// The flat task of lists, `tasks/get`, `tasks/cancel` and notifications.
pub(crate) fn task(task: &TaskView<'_>, variables: Option<Map<String, Value>>) -> Value {
    let mut value = flat(task);
    if let (Some(variables), Some(fields)) = (variables, value.as_object_mut()) {
        fields.insert("_meta".into(), json!({ VARIABLES: variables }));
    }
    value
}

/// `CreateTaskResult`, with a text for the model.
pub(crate) fn created(task: &TaskView<'_>, variables: Option<Map<String, Value>>, text: String) -> Value {
    let mut meta = Map::from_iter([(MODEL_IMMEDIATE_RESPONSE.to_owned(), Value::from(text))]);
    meta.extend(variables.map(|variables| (VARIABLES.to_owned(), variables.into())));
    json!({ "task": flat(task), "_meta": meta })
}

/// `CallToolResult`: structured content is an object or absent.
pub(crate) fn tool_result(result: &ToolResult) -> Value {
    let mut value = json!({ "content": result.content, "isError": result.is_error });
    if let Some(fields) = value.as_object_mut() {
        if let Some(structured @ Value::Object(_)) = &result.structured {
            fields.insert("structuredContent".into(), structured.clone());
        }
        if !result.meta.is_empty() {
            fields.insert("_meta".into(), result.meta.clone().into());
        }
    }
    value
}

/// `Tool`.
pub(crate) fn tool(tool: &ToolView<'_>) -> Value {
    let mut value = plain_tool(tool);
    if let Some(fields) = value.as_object_mut() {
        fields.extend(icons(tool));
        if tool.support != TaskSupport::Forbidden {
            fields.insert("execution".into(), json!({ "taskSupport": tool.support }));
        }
    }
    value
}

/// `Tool` of the versions before tasks, and icons.
pub(crate) fn plain_tool(tool: &ToolView<'_>) -> Value {
    let mut fields = describe(tool);
    if let Some(schema) = tool.output_schema
        && schema.get("type").is_some_and(|kind| kind == "object")
    {
        fields.insert("outputSchema".into(), schema.clone());
    }
    fields.into()
}

/// The parameters of a form as the versions before 2025-11-25 write them: there is no other mode, titles of choices stand in
/// `enumNames`, only booleans have defaults, and nobody chooses several.
///
/// # Errors
/// A field cannot be shown; a sentence that names it.
pub(crate) fn plain_form(params: &Value) -> Result<Value, String> {
    /// Keywords a field may have (schema of 2025-06-18, `PrimitiveSchemaDefinition`).
    const KEYWORDS: [&str; 10] =
        ["type", "title", "description", "minLength", "maxLength", "format", "minimum", "maximum", "enum", "enumNames"];
    let mut params = params.clone();
    if let Some(fields) = params.as_object_mut() {
        fields.remove("mode");
    }
    let properties = params.pointer_mut("/requestedSchema/properties").and_then(Value::as_object_mut);
    for (name, field) in properties.into_iter().flatten() {
        let Some(field) = field.as_object_mut() else { continue };
        if field.get("type").is_some_and(|kind| kind == "array") {
            return Err(format!(
                "`{name}` is a choice of several, which no client of a version before 2025-11-25 can be asked for"
            ));
        }
        if let Some(Value::Array(options)) = field.remove("oneOf") {
            let all =
                |keyword: &str| options.iter().filter_map(|option| option.get(keyword).cloned()).collect::<Vec<_>>();
            field.insert("enum".into(), all("const").into());
            field.insert("enumNames".into(), all("title").into());
        }
        let is_boolean = field.get("type").is_some_and(|kind| kind == "boolean");
        field.retain(|keyword, _| KEYWORDS.contains(&keyword.as_str()) || (is_boolean && keyword == "default"));
    }
    Ok(params)
}

/// The field with the pictures of a tool, if it has some.
pub(crate) fn icons(tool: &ToolView<'_>) -> Option<(String, Value)> {
    (!tool.icons.is_empty()).then(|| ("icons".to_owned(), json!(tool.icons)))
}

/// Renders what every revision says of a tool.
pub(crate) fn describe(tool: &ToolView<'_>) -> Map<String, Value> {
    let mut fields =
        Map::from_iter([("name".into(), Value::from(tool.name)), ("inputSchema".into(), tool.input_schema.clone())]);
    fields.extend(tool.title.map(|title| ("title".into(), title.into())));
    fields.extend(tool.description.map(|description| ("description".into(), description.into())));
    if *tool.annotations != ToolAnnotations::default() {
        fields.insert("annotations".into(), json!(tool.annotations));
    }
    if !tool.meta.is_empty() {
        fields.insert("_meta".into(), tool.meta.clone().into());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_earlier_versions_know_it() {
        let form = |fields: Value| json!({ "mode": "form", "message": "Which?", "requestedSchema": { "type": "object", "properties": fields, "required": ["a"] } });
        let newest = form(json!({
            "a": { "type": "string", "title": "A", "oneOf": [{ "const": "s", "title": "Small" }, { "const": "l", "title": "Large" }], "default": "s" },
            "b": { "type": "string", "enum": ["x", "y"], "description": "Which." },
            "c": { "type": "integer", "minimum": 1, "default": 2 },
            "d": { "type": "boolean", "default": true },
            "e": { "type": "string", "minLength": 2, "format": "email" },
        }));
        let mut plain = form(json!({
            "a": { "type": "string", "title": "A", "enum": ["s", "l"], "enumNames": ["Small", "Large"] },
            "b": { "type": "string", "enum": ["x", "y"], "description": "Which." },
            "c": { "type": "integer", "minimum": 1 },
            "d": { "type": "boolean", "default": true },
            "e": { "type": "string", "minLength": 2, "format": "email" },
        }));
        plain.as_object_mut().map(|fields| fields.remove("mode"));
        assert_eq!(plain_form(&newest), Ok(plain));
        let several = form(json!({ "a": { "type": "array", "items": { "type": "string", "enum": ["x"] } } }));
        assert_eq!(
            plain_form(&several),
            Err("`a` is a choice of several, which no client of a version before 2025-11-25 can be asked for".into())
        );
    }
}
