//! Types as a widget's author reads them.

use pmcp_tasks::{prelude::*, tool::Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;
use crate::fixture::{Board, board};

/// What the board shows.
#[derive(Serialize, JsonSchema)]
struct BoardView {
    /// The pieces, by square.
    pieces: std::collections::BTreeMap<String, Piece>,
    side: Side,
    last: Option<(String, String)>,
    outcome: Outcome,
    tree: Tree,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Piece {
    kind: String,
    /// Ends a comment: */
    #[serde(rename = "is-white")]
    is_white: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is read")]
enum Side {
    White,
    Black,
}

#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is read")]
enum Outcome {
    Open,
    Won { by: Side, plies: u32 },
}

#[derive(Serialize, JsonSchema)]
struct Tree {
    children: Vec<Tree>,
}

#[derive(TaskVariables, Default)]
struct Progress {
    /// Moves that were looked ahead.
    ///
    /// Of both sides.
    depth: u32,
    best: Vec<Piece>,
    first: Option<Piece>,
    cache: Cache,
    #[variable(hidden)]
    nodes: u64,
}

/// A value whose type has no schema.
#[derive(Serialize, Deserialize, Default)]
struct Cache {
    entries: u32,
}

/// Show the board.
#[task_tool(support = "forbidden", widget = Board)]
async fn show_board() -> Result<BoardView, ToolError> {
    Err(ToolError::new("no board"))
}

#[task_tool]
async fn move_piece(
    /// The square it leaves.
    from: String,
    #[arg(default = 1)] times: u32,
    piece: Option<Piece>,
    _task: TaskContext<Progress>,
) -> String {
    let _ = piece;
    format!("{from} {times}")
}

/// Another tool of the server, which no widget names.
#[task_tool]
async fn other() -> u8 {
    0
}

fn definitions() -> Vec<ToolDefinition> {
    vec![
        <show_board as Tool<()>>::definition(),
        <move_piece as Tool<()>>::definition(),
        <other as Tool<()>>::definition(),
    ]
}

/// The part behind the types of the bridge.
fn ours(text: &str) -> &str {
    text.split_once("/** The types of the server's tools. */\n").unwrap().1
}

#[test]
fn types_are_those_of_rust_under_their_names() {
    let text = typescript(&board(), &definitions());
    let expected = r#"declare namespace Rust {
  interface ShowBoardArgs {}
  type Outcome = {
    kind: "open";
  } | {
    by: Side;
    kind: "won";
    plies: number;
  };
  interface Piece {
    /** Ends a comment: *\/ */
    "is-white": boolean;
    kind: string;
  }
  type Side = "white" | "black";
  interface Tree {
    children: Tree[];
  }
  /** What the board shows. */
  interface BoardView {
    last: [string, string] | null;
    outcome: Outcome;
    /** The pieces, by square. */
    pieces: { [key: string]: Piece };
    side: Side;
    tree: Tree;
  }
  interface MovePieceArgs {
    /** The square it leaves. */
    from: string;
    piece?: Piece | null;
    times?: number;
  }
}

/** The tools of this widget. */
interface Tools {
  /** Show the board. */
  show_board: {
    arguments: Rust.ShowBoardArgs;
    result: Rust.BoardView;
  };
  move_piece: {
    arguments: Rust.MovePieceArgs;
    result: unknown;
    variables: {
      /** Moves that were looked ahead. */
      depth: number;
      best: Rust.Piece[];
      first: Rust.Piece | null;
      cache: { [key: string]: unknown };
    };
  };
}

/** The bridge to the host. */
declare const mcp: Mcp<Tools, "show_board">;
"#;
    assert_eq!(ours(&text), expected, "{}", ours(&text));
}

#[test]
fn a_type_is_one_wherever_it_stands() {
    let mut names = Names::default();
    let item = json!({ "type": "object", "properties": { "a": { "type": "string" } } });
    let mut root = item.clone();
    root["title"] = "Item".into();
    let list = json!({ "title": "Array_of_Item", "type": "array", "items": { "$ref": "#/$defs/Item" }, "$defs": { "Item": item } });
    assert_eq!(names.of_root(&list, ""), "Rust.Item[]");
    assert_eq!(names.of_root(&root, ""), "Rust.Item");
}

#[test]
fn two_types_of_one_name_are_two() {
    let mut names = Names::default();
    let root = |field: &str| {
        json!({ "title": "Args", "type": "object", "properties": { "item": { "$ref": "#/$defs/Item" } },
            "$defs": { "Item": { "type": "object", "properties": { field: { "type": "string" } } } } })
    };
    assert_eq!(names.of_root(&root("a"), ""), "Rust.Args");
    assert_eq!(names.of_root(&root("a"), ""), "Rust.Args");
    assert_eq!(names.of_root(&root("b"), ""), "Rust.Args2");
    let declared = names.declared();
    for holds in ["interface Item {", "interface Item2 {", "item?: Item;", "item?: Item2;"] {
        assert_eq!(declared.matches(holds).count(), 1, "{holds} in {declared}");
    }
}

#[test]
fn what_is_not_known_is_unknown() {
    let scope = schema::Scope::default();
    let cases = [
        (json!(true), "unknown"),
        (json!({}), "unknown"),
        (json!(false), "never"),
        (json!({ "not": { "type": "string" } }), "unknown"),
        (json!({ "$ref": "#/$defs/Nowhere" }), "unknown"),
        (json!({ "type": ["string", "null"] }), "string | null"),
        (json!({ "const": 3 }), "3"),
        (json!({ "enum": ["a", 1, null, true] }), "\"a\" | 1 | null | true"),
        (json!({ "enum": [{ "a": 1 }] }), "unknown"),
        (json!({ "type": "array" }), "unknown[]"),
        (json!({ "type": "array", "items": { "type": ["string", "null"] } }), "(string | null)[]"),
        (
            json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": { "type": "integer" } }),
            "[string, ...number[]]",
        ),
        (json!({ "type": "array", "prefixItems": [{ "type": "string" }], "minItems": 1, "maxItems": 1 }), "[string]"),
        (json!({ "type": "object" }), "{ [key: string]: unknown }"),
        (json!({ "type": "object", "additionalProperties": { "type": "integer" } }), "{ [key: string]: number }"),
        (json!({ "type": "object", "additionalProperties": false }), "{}"),
        (json!({ "anyOf": [{ "type": "string" }, {}] }), "unknown"),
        (json!({ "anyOf": [{ "type": "string" }, { "type": "string" }] }), "string"),
        (json!({ "allOf": [{ "enum": ["a", "b"] }, { "type": "string" }] }), "(\"a\" | \"b\") & string"),
        (json!({ "type": "file" }), "unknown"),
        (json!("not a schema"), "unknown"),
    ];
    for (schema, expected) in cases {
        assert_eq!(scope.expression(&schema), expected, "{schema}");
    }
}

#[test]
fn a_widget_that_no_tool_opens_has_no_call_of_its_own() {
    let text = typescript(&board(), &[]);
    assert!(text.ends_with("declare const mcp: Mcp<Tools, never>;\n"), "{text}");
}
