//! Variables of tasks: what the derive declares, stores and hands out.

use pmcp_tasks::{TaskRouter, TaskStore, prelude::*, task::VariableError, tool::Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use ui_tests::{call, text};

/// Shared with the client while the import runs.
#[derive(TaskVariables, Debug, PartialEq)]
struct ImportState {
    /// Rows so far.
    rows: u64,
    rejected: Vec<String>,
    #[variable(hidden)]
    cursor: Option<String>,
    #[variable(client_writable, rename = "dryRun")]
    dry_run: bool,
    r#type: String,
}

impl Default for ImportState {
    fn default() -> Self {
        Self { rows: 3, rejected: Vec::new(), cursor: None, dry_run: true, r#type: "csv".into() }
    }
}

#[derive(TaskVariables, Default)]
struct Nothing {}

#[derive(Serialize, Deserialize, Default)]
struct Point {
    x: u8,
}

#[derive(TaskVariables, Default)]
struct Placed {
    at: Point,
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

#[test]
fn fields_have_names_flags_and_defaults() {
    let fields = ImportState::fields();
    let told: Vec<(&str, bool, bool, Value)> =
        fields.iter().map(|field| (field.name, field.hidden, field.client_writable, field.default.clone())).collect();
    assert_eq!(
        told,
        [
            ("rows", false, false, json!(3)),
            ("rejected", false, false, json!([])),
            ("cursor", true, false, json!(null)),
            ("dryRun", false, true, json!(true)),
            ("type", false, false, json!("csv")),
        ]
    );
    assert!((fields[0].check)(&json!(7)).is_ok());
    assert_eq!((fields[0].check)(&json!("secret")), Err("a string does not fit".into()));
    assert!(Nothing::fields().is_empty());
    let point = &Placed::fields()[0];
    assert!((point.check)(&json!({ "x": 1 })).is_ok());
    // As serde's derive would read a struct, field by field.
    assert_eq!((point.check)(&json!([1])), Err("a list does not fit".into()));
}

#[test]
fn what_is_not_stored_has_its_default() {
    let read = ImportState::read(object(&json!({ "rows": 9, "dryRun": null, "cursor": "c", "unknown": 1 }))).unwrap();
    assert_eq!(read, ImportState { rows: 9, cursor: Some("c".into()), ..ImportState::default() });
    let written = json!({ "rows": 9, "rejected": [], "cursor": "c", "dryRun": true, "type": "csv" });
    assert_eq!(Value::Object(read.write().unwrap()), written);
    let wrong = ImportState::read(object(&json!({ "dryRun": "yes" }))).unwrap_err();
    assert!(matches!(wrong, VariableError::Type { name, .. } if name == "dryRun"));
}

#[task_tool]
async fn import(task: TaskContext<ImportState>) -> Result<String, ToolError> {
    let variables = task.variables();
    variables.rows.add(4).await?;
    variables.rejected.push("row 1".into()).await?;
    let state = variables
        .update(|state| {
            state.dry_run = false;
            state.cursor = Some(state.rows.to_string());
        })
        .await?;
    assert_eq!(variables.get().await?, state);
    Ok(format!("{} {:?} {:?} {}", state.rows, state.rejected, state.cursor, variables.dry_run.get().await?))
}

type Context = TaskContext<ImportState>;

#[task_tool]
async fn by_alias(#[context] task: &Context) -> Result<u64, ToolError> {
    Ok(task.variables().rows.get().await?)
}

#[task_tool(support = "forbidden")]
async fn ordinary(cx: ToolContext) -> bool {
    cx.owner().is_some()
}

#[tokio::test]
async fn handles_change_the_variables() {
    let router = TaskRouter::builder()
        .tool::<import>()
        .tool::<by_alias>()
        .tool::<ordinary>()
        .build(TaskStore::memory())
        .unwrap();
    let result = call(&router, "import", json!({})).await;
    assert_eq!(text(&result), "7 [\"row 1\"] Some(\"7\") false");
    assert_eq!(text(&call(&router, "by_alias", json!({})).await), "3");
    assert_eq!(text(&call(&router, "ordinary", json!({})).await), "true");
}

#[test]
fn a_tool_declares_the_variables_of_its_context() {
    assert_eq!(<import as Tool<()>>::definition().variables.len(), 5);
    assert_eq!(<by_alias as Tool<()>>::definition().variables.len(), 5);
    assert!(<ordinary as Tool<()>>::definition().variables.is_empty());
}

/// Serialised as a whole by others, too.
#[derive(TaskVariables, Serialize, Deserialize, Default, Debug, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Styled {
    done_rows: u64,
    #[serde(rename = "failed")]
    failed_rows: u64,
    #[serde(skip)]
    #[variable(hidden)]
    api_token: String,
    #[variable(rename = "dry")]
    #[serde(rename = "other")]
    dry_run: bool,
}

#[derive(TaskVariables, Default)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct Loud {
    done_rows: u64,
}

#[test]
fn names_of_serde_are_those_of_variables() {
    let names: Vec<(&str, bool)> = Styled::fields().iter().map(|field| (field.name, field.hidden)).collect();
    assert_eq!(names, [("doneRows", false), ("failed", false), ("apiToken", true), ("dry", false)]);
    assert_eq!(Loud::fields()[0].name, "DONE-ROWS");
    let state = Styled { done_rows: 1, failed_rows: 2, api_token: "secret".into(), dry_run: true };
    let written = state.write().unwrap();
    assert_eq!(
        Value::Object(written.clone()),
        json!({ "doneRows": 1, "failed": 2, "apiToken": "secret", "dry": true })
    );
    assert_eq!(Styled::read(written).unwrap(), state);
}
