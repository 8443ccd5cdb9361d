//! Arguments of tools: how they are described, read, refused and lent. Results: how they go out, with `anyhow` beside the
//! prelude.

use std::path::Path;

use anyhow::Context as _;
use pmcp_tasks::{TaskRouter, TaskStore, prelude::*, tool::Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ui_tests::{call, call_answering, text};

#[derive(Serialize, Deserialize, JsonSchema, Clone)]
struct Row {
    id: u8,
    children: Vec<Row>,
}

/// Imports a file.
///
/// # Errors
/// Never.
#[expect(clippy::too_many_arguments, clippy::ref_option, reason = "one parameter of each kind")]
#[task_tool(title = "Import", support = "optional", ttl = "1h", on_crash = "restart", read_only, open_world = false)]
async fn import(
    /// Path of the file.
    path: &str,
    /// Rows per batch.
    #[arg(default = 1000)]
    batch: u32,
    #[arg(default = "utf-8", rename = "enc")] encoding: String,
    #[arg(default)] tags: Vec<String>,
    rows: &[Row],
    first: Option<Row>,
    note: Option<&str>,
    last: Option<&Row>,
    r#type: &Option<u8>,
) -> String {
    format!(
        "{path} {batch} {encoding} {} {} {} {} {} {:?}",
        tags.len(),
        rows.len(),
        first.is_some(),
        note.unwrap_or("-"),
        last.map_or(0, |row| row.id),
        r#type
    )
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    query: String,
    #[serde(default)]
    limits: Vec<u8>,
    #[serde(default)]
    order: Option<Order>,
}

#[derive(Deserialize, JsonSchema)]
struct Order {
    descending: bool,
}

/// Takes all arguments as one.
#[task_tool]
async fn search(#[args] Search { query, mut limits, order }: Search) -> Result<Vec<u8>, ToolError> {
    if order.is_some_and(|order| order.descending) {
        limits.reverse();
    }
    if query.is_empty() { Err(ToolError::new("nothing to search for")) } else { Ok(limits) }
}

#[derive(Form)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Red,
    Green,
}

#[task_tool]
async fn greet(
    /// As in the passport.
    #[ask("What is your name?")]
    name: &str,
    #[ask("Which colour?")] colour: Colour,
    shout: bool,
) -> String {
    let name = if shout { name.to_uppercase() } else { name.into() };
    format!("{name} likes {}", if matches!(colour, Colour::Red) { "red" } else { "green" })
}

#[task_tool]
async fn nothing() {}

#[task_tool(name = "other.name", args = Renamed)]
async fn renamed(value: u8) -> u8 {
    value
}

#[task_tool]
async fn locate(
    path: &Path,
    #[arg(default = "root")] root: &str,
    #[arg(default = Some("txt"))] kind: Option<&str>,
) -> String {
    format!("{root}/{} {kind:?}", path.display())
}

fn router() -> TaskRouter {
    let builder = TaskRouter::builder()
        .tool::<import>()
        .tool::<search>()
        .tool::<greet>()
        .tool::<nothing>()
        .tool::<renamed>()
        .tool::<locate>();
    builder.build(TaskStore::memory()).expect("the tools fit together")
}

#[test]
fn a_definition_says_what_the_attribute_and_the_docs_say() {
    let definition = <import as Tool<()>>::definition();
    assert_eq!(definition.name, "import");
    assert_eq!(definition.title.as_deref(), Some("Import"));
    assert_eq!(definition.description.as_deref(), Some("Imports a file."));
    assert_eq!(definition.ttl.unwrap().as_secs(), 3600);
    assert_eq!(definition.on_crash, pmcp_tasks::tool::OnCrash::Restart);
    assert_eq!((definition.annotations.read_only, definition.annotations.open_world), (Some(true), Some(false)));
    assert_eq!(definition.annotations.destructive, None);
    assert_eq!(definition.support, pmcp_tasks::tool::TaskSupport::Optional);
    assert_eq!(<renamed as Tool<()>>::definition().name, "other.name");
}

#[test]
fn the_schema_has_names_descriptions_defaults_and_definitions() {
    let row = json!({ "$ref": "#/$defs/Row" });
    let router = router();
    let schema = &router.definition("import").unwrap().input_schema;
    assert_eq!(schema["properties"]["path"], json!({ "type": "string", "description": "Path of the file." }));
    assert_eq!(
        schema["properties"]["batch"],
        json!({ "type": "integer", "minimum": 0, "default": 1000, "description": "Rows per batch." })
    );
    assert_eq!(schema["properties"]["enc"], json!({ "type": "string", "default": "utf-8" }));
    // In its place, as far as it is not recursive.
    assert_eq!(schema["properties"]["rows"]["items"]["properties"]["children"]["items"], row);
    assert_eq!(schema["properties"]["note"], json!({ "type": "string" }));
    assert_eq!(schema["required"], json!(["path", "rows"]));
    assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)));
    assert_eq!(schema["$defs"]["Row"]["properties"]["children"]["items"], row);
    assert!(schema.get("title").is_none() && schema.get("$schema").is_none());
    assert_eq!(
        <nothing as Tool<()>>::definition().input_schema,
        json!({ "type": "object", "properties": {}, "additionalProperties": false })
    );
}

#[tokio::test]
async fn arguments_reach_the_function() {
    let router = router();
    let row = json!({ "id": 7, "children": [] });
    let least = call(&router, "import", json!({ "path": "a.csv", "rows": [] })).await;
    assert_eq!(text(&least), "a.csv 1000 utf-8 0 0 false - 0 None");
    let all = json!({
        "path": "b", "batch": 1, "enc": "x", "tags": ["t"], "rows": [row, row], "first": row, "note": "n", "last": row,
        "type": 3
    });
    assert_eq!(text(&call(&router, "import", all).await), "b 1 x 1 2 true n 7 Some(3)");
    let nulls = json!({ "path": "c", "rows": [], "batch": null, "first": null, "note": null });
    assert_eq!(text(&call(&router, "import", nulls).await), "c 1000 utf-8 0 0 false - 0 None");
    assert_eq!(text(&call(&router, "locate", json!({ "path": "a" })).await), "root/a Some(\"txt\")");
    assert_eq!(call(&router, "other.name", json!({ "value": 4 })).await["structuredContent"], Value::Null);
    assert_eq!(call(&router, "nothing", json!({})).await["content"], json!([]));
}

#[tokio::test]
async fn a_refused_argument_is_named() {
    let router = router();
    let cases = [
        (json!({ "rows": [] }), "argument `path` is missing"),
        (json!({ "path": 1, "rows": [] }), "argument `path`: `1` is not a string"),
        (
            json!({ "path": "", "rows": [{ "id": 1, "children": [{ "id": 900 }] }] }),
            "argument `rows[0].children[0].id`: `900` is not a whole number from 0 to 255",
        ),
        // As serde's derive would read structs, field by field.
        (
            json!({ "path": "", "rows": [{ "id": 1, "children": [[1, []]] }] }),
            "argument `rows[0].children[0]`: a list is not an object",
        ),
        (json!({ "path": "", "rows": [], "first": [1, []] }), "argument `first`: a list is not an object"),
        (json!({ "path": "", "rows": [], "batsh": 1 }), "unknown argument `batsh`; did you mean `batch`?"),
        (json!({ "path": null, "rows": [] }), "argument `path`: `null` is not a string"),
        (
            json!({ "path": "", "rows": [], "zzz": 1 }),
            "unknown argument `zzz`; the tool takes `path`, `batch`, `enc`, `tags`, `rows`, `first`, `note`, `last`, `type`",
        ),
    ];
    for (arguments, message) in cases {
        let result = call(&router, "import", arguments).await;
        assert_eq!((text(&result), &result["isError"]), (message, &json!(true)));
    }
    let none = call(&router, "nothing", json!({ "a": 1 })).await;
    assert_eq!(text(&none), "unknown argument `a`; the tool takes none");
}

#[tokio::test]
async fn one_struct_may_take_the_place_of_the_list() {
    let router = router();
    let found = call(&router, "search", json!({ "query": "q", "limits": [1, 2] })).await;
    assert_eq!(text(&found), "[1,2]");
    let wrong = call(&router, "search", json!({ "query": "q", "limits": [1, "x"] })).await;
    assert_eq!(text(&wrong), "argument `limits[1]`: the text \"x\" is not a whole number from 0 to 255");
    let turned =
        call(&router, "search", json!({ "query": "q", "limits": [1, 2], "order": { "descending": true } })).await;
    assert_eq!(text(&turned), "[2,1]");
    let array = call(&router, "search", json!({ "query": "q", "order": [true] })).await;
    assert_eq!(text(&array), "argument `order`: a list is not an object");
    let missing = call(&router, "search", json!({})).await;
    assert_eq!(text(&missing), "arguments: missing field `query`");
    let failed = call(&router, "search", json!({ "query": "" })).await;
    assert_eq!((text(&failed), &failed["isError"]), ("nothing to search for", &json!(true)));
    let schema = <search as Tool<()>>::definition().input_schema;
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["query"])));
}

#[tokio::test]
async fn questions_are_asked_before_the_call() {
    let definition = <greet as Tool<()>>::definition();
    assert_eq!(definition.input_schema["required"], json!(["shout"]));
    let [name, colour] = definition.questions.as_slice() else { panic!("two questions") };
    assert_eq!((name.name, name.message), ("name", "What is your name?"));
    let asked = json!({ "type": "string", "description": "As in the passport." });
    assert_eq!(name.schema, json!({ "type": "object", "properties": { "name": asked }, "required": ["name"] }));
    assert_eq!(colour.schema["properties"]["colour"]["enum"], json!(["red", "green"]));

    let router = TaskRouter::builder().tool::<greet>().build(TaskStore::memory()).unwrap();
    let answers = json!({ "name": "Ada", "colour": "red" });
    let greeting = call_answering(&router, "greet", json!({ "shout": true }), answers).await;
    assert_eq!(text(&greeting), "ADA likes red");
    let wrong = json!({ "name": "Ada", "colour": 7 });
    let refused = call_answering(&router, "greet", json!({ "shout": true }), wrong).await;
    assert!(text(&refused).starts_with("the answer does not fit the question: `colour`: "), "{refused}");
}

#[test]
fn the_argument_struct_serialises_as_the_tool_reads_it() {
    let args = ImportArgs {
        path: "a".into(),
        batch: 5,
        encoding: "x".into(),
        tags: Vec::new(),
        rows: Vec::new(),
        first: None,
        note: None,
        last: None,
        r#type: Some(1),
    };
    let value = serde_json::to_value(&args).unwrap();
    assert_eq!(value, json!({ "path": "a", "batch": 5, "enc": "x", "tags": [], "rows": [], "type": 1 }));
    let back: ImportArgs = serde_json::from_value(value).unwrap();
    assert_eq!((back.path.as_str(), back.encoding.as_str(), back.r#type), ("a", "x", Some(1)));
    assert_eq!(format!("{:?}", NothingArgs {}), "NothingArgs {}");
    let error = serde_json::from_value::<Renamed>(json!({ "value": "x" })).unwrap_err();
    assert_eq!(error.to_string(), "argument `value`: the text \"x\" is not a whole number from 0 to 255");
}

#[task_tool]
async fn routed(
    #[arg(header = "Region")] region: Option<&str>,
    #[arg(header = "Shard", default = 1)] shard: u8,
) -> String {
    format!("{region:?} {shard}")
}

#[task_tool]
async fn unroutable(#[arg(header = "Share")] share: f64) -> String {
    share.to_string()
}

#[test]
fn an_argument_may_be_repeated_in_a_header() {
    let definition = <routed as Tool<()>>::definition();
    let properties = &definition.input_schema["properties"];
    assert_eq!(properties["region"], json!({ "type": "string", "x-mcp-header": "Region" }));
    assert_eq!(properties["shard"]["x-mcp-header"], "Shard");
    let names: Vec<String> = definition.header_parameters().into_iter().map(|parameter| parameter.name).collect();
    assert_eq!(names, ["Region", "Shard"]);
    let error = TaskRouter::builder().tool::<unroutable>().build(TaskStore::memory()).unwrap_err();
    assert_eq!(error.to_string(), "tool `unroutable`: `share` is no string, integer or boolean, so it has no header");
}

#[tokio::test]
async fn the_function_stays_callable() {
    assert_eq!(renamed(3).await, 3);
    assert_eq!(greet("Ada", Colour::Green, false).await, "Ada likes green");
}

#[task_tool]
async fn blocks(count: u8) -> anyhow::Result<Vec<Content>> {
    let count = count.checked_sub(1).context("nothing is no number")?;
    Ok((0..=count).map(|at| Content::text(at.to_string())).collect())
}

#[task_tool]
async fn perhaps(found: bool) -> Option<ToolResult> {
    found.then(|| ToolResult::text("here"))
}

#[task_tool]
async fn block() -> Content {
    Content::image([1], "image/png")
}

struct Late;

impl From<Late> for ToolError {
    fn from(_: Late) -> Self {
        Self::new("too late")
    }
}

#[task_tool]
async fn failing(kind: &str, task: TaskContext) -> Result<u8, ToolError> {
    let number = || kind.parse::<u8>();
    match kind {
        "text" => Err("a text")?,
        "own" => Err(Late)?,
        "visible" => Ok(number().map_err(ToolError::new)?),
        "anyhow" => Ok(number().context("the line the log has")?),
        _ => task.step("read", || async { number().context("the line the log has") }).await,
    }
}

#[tokio::test]
async fn content_goes_out_as_content() {
    let tools = TaskRouter::builder().tool::<blocks>().tool::<perhaps>().tool::<block>();
    let router = tools.build(TaskStore::memory()).unwrap();
    assert!(router.definitions().all(|tool| tool.output_schema.is_none()));
    let result = call(&router, "blocks", json!({ "count": 2 })).await;
    assert_eq!(result["content"], json!([{ "type": "text", "text": "0" }, { "type": "text", "text": "1" }]));
    assert_eq!(call(&router, "perhaps", json!({ "found": false })).await["content"], json!([]));
    let result = call(&router, "block", json!({})).await;
    assert_eq!(result["content"], json!([{ "type": "image", "data": "AQ==", "mimeType": "image/png" }]));
    for result in [result, call(&router, "perhaps", json!({ "found": true })).await] {
        assert!(result.get("structuredContent").is_none(), "{result}");
    }
}

#[tokio::test]
async fn errors_of_others_are_told_or_kept() {
    let tools = TaskRouter::builder().tool::<blocks>().tool::<failing>();
    let router = tools.build(TaskStore::memory()).unwrap();
    let told = [("text", "a text"), ("own", "too late"), ("visible", "invalid digit found in string")];
    for (kind, said) in told {
        let result = call(&router, "failing", json!({ "kind": kind })).await;
        assert_eq!((&result["isError"], text(&result)), (&json!(true), said));
    }
    let kept = [
        call(&router, "failing", json!({ "kind": "anyhow" })).await,
        call(&router, "failing", json!({ "kind": "step" })).await,
        call(&router, "blocks", json!({ "count": 0 })).await,
    ];
    for result in kept {
        assert!(text(&result).starts_with("internal error (ref "), "{result}");
    }
}
