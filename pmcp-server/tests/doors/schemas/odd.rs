//! Tools of odd types, listed as every revision and strict hosts take them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use pmcp_server::pmcp_tasks::{
    TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    prelude::*,
    router::BuildError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Nothing {}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Unit;

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Wrapped(u8);

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Pair(u8, String);

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Inner {
    /// How many.
    #[schemars(range(min = 1, max = 9))]
    count: Option<u16>,
    anything: Value,
    #[serde(default)]
    more: Option<Value>,
    tree: Option<Box<Tree>>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Tree {
    leaf: Option<String>,
    children: Vec<Tree>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Tagged {
    /// Adds it.
    Add {
        amount: u32,
    },
    Say {
        text: Option<String>,
    },
    Stop,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outside {
    Add { amount: u32 },
    Say(String),
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Either {
    Number { number: i64 },
    Text { text: String },
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Size {
    /// It fits a hand.
    Small,
    Large,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Flat {
    name: String,
    #[serde(flatten)]
    kind: Tagged,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

/// Takes one of everything.
#[expect(clippy::too_many_arguments, reason = "one parameter of each type")]
#[task_tool(support = "forbidden")]
async fn everything(
    anything: Value,
    maybe: Option<Value>,
    flag: Option<bool>,
    number: Option<i32>,
    /// Which one.
    size: Option<Size>,
    inner: Option<Inner>,
    inners: Vec<Inner>,
    holes: Vec<Option<u8>>,
    #[arg(default)] pair: (u8, u8),
    triple: (u8, String, Option<Size>),
    pairs: Vec<Pair>,
    array: [f64; 3],
    map: HashMap<String, Option<Inner>>,
    by_number: BTreeMap<u8, Size>,
    set: BTreeSet<String>,
    tagged: Tagged,
    outside: Outside,
    either: Option<Either>,
    flattened: Flat,
    unit: (),
    wrapped: Wrapped,
    tree: Tree,
    letter: char,
    list: Vec<Value>,
    nested: Option<Vec<Option<Tagged>>>,
    outcome: Result<u8, String>,
    big: u128,
    #[arg(header = "Region")] region: Option<String>,
) -> String {
    let _ = (anything, maybe, flag, number, size, inner, inners, holes, pair, triple, pairs, array, map, by_number);
    let _ = (set, tagged, outside, either, flattened, unit, wrapped, tree, letter, list, nested, outcome, big, region);
    String::new()
}

/// Becomes a task, so that the tools to go on with it are listed, too.
#[task_tool(fallback = "handle")]
async fn by_handle() -> String {
    String::new()
}

macro_rules! odd {
    ($($arguments:ident($given:ty), $result:ident($given_back:ty);)*) => {
        $(
            #[task_tool(support = "forbidden")]
            async fn $arguments(#[args] all: $given) -> String {
                let _ = all;
                String::new()
            }

            #[task_tool(support = "forbidden")]
            async fn $result() -> Result<$given_back, ToolError> {
                Err(ToolError::new("only its schema is looked at"))
            }
        )*
    };
}

odd! {
    args_nothing(Nothing), gives_nothing(Nothing);
    args_map(HashMap<String, Option<u8>>), gives_map(HashMap<String, Option<u8>>);
    args_values(serde_json::Map<String, Value>), gives_values(Value);
    args_tagged(Tagged), gives_tagged(Tagged);
    args_outside(Outside), gives_outside(Outside);
    args_either(Either), gives_either(Either);
    args_flat(Flat), gives_flat(Flat);
    args_tree(Tree), gives_tree(Tree);
    args_boxed(Box<Inner>), gives_inner(Inner);
    args_maybe(Option<Inner>), gives_maybe(Option<Inner>);
    args_any(Value), gives_pairs(Vec<(u8, String, Option<u8>)>);
    args_recursive(Box<Tree>), gives_number(f64);
}

odd! {
    no_number(u8), gives_unit(());
    no_text(String), gives_size(Size);
    no_list(Vec<u8>), gives_set(BTreeSet<u8>);
    no_unit(Unit), gives_unit_struct(Unit);
    no_names(Pair), gives_pair(Pair);
    no_choice(Size), gives_wrapped(Wrapped);
}

/// What a strict host says to a schema of arguments.
fn complaints(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for keyword in ["oneOf", "anyOf", "allOf", "not", "enum", "$ref"] {
        if schema.get(keyword).is_some() {
            found.push(format!("`{keyword}` at the root"));
        }
    }
    if schema["type"] != "object" || !schema["properties"].is_object() {
        found.push("no object with properties at the root".into());
    }
    look(schema, "", &mut found, true);
    found
}

fn look(schema: &Value, at: &str, found: &mut Vec<String>, is_given: bool) {
    let Some(fields) = schema.as_object() else {
        found.push(format!("{at}: the schema is {schema}"));
        return;
    };
    if fields.get("type").is_some_and(|kind| !kind.is_string()) {
        found.push(format!("{at}: several types"));
    }
    if (fields.contains_key("prefixItems") || schema["type"] == "array")
        && !fields.get("items").is_some_and(Value::is_object)
    {
        found.push(format!("{at}: no `items`"));
    }
    if fields.contains_key("$ref") && !schema["$ref"].as_str().unwrap().ends_with("Tree") && schema["$ref"] != "#" {
        found.push(format!("{at}: refers to what is not recursive"));
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        let alternatives = property["anyOf"].as_array().into_iter().flatten().chain([property]);
        let is_null = |schema: &Value| {
            schema["type"] == "null" || schema["default"] == json!(null) && schema.get("default").is_some()
        };
        if is_given && !required.contains(&json!(name)) && alternatives.into_iter().any(is_null) {
            found.push(format!("{at}: null, where it may be left out"));
        }
        look(property, &at, found, is_given);
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(inner) =
            fields.get(keyword).filter(|inner| !(keyword == "additionalProperties" && inner.is_boolean()))
        {
            look(inner, &format!("{at}/{keyword}"), found, is_given);
        }
    }
    for keyword in ["prefixItems", "anyOf", "oneOf", "allOf"] {
        for inner in schema[keyword].as_array().into_iter().flatten() {
            look(inner, &format!("{at}/{keyword}"), found, is_given);
        }
    }
    for (name, inner) in schema["$defs"].as_object().into_iter().flatten() {
        look(inner, &format!("$defs/{name}"), found, is_given);
    }
}

fn router() -> TaskRouter {
    let router = TaskRouter::builder()
        .tool::<everything>()
        .tool::<args_nothing>()
        .tool::<gives_nothing>()
        .tool::<args_map>()
        .tool::<gives_map>()
        .tool::<args_values>()
        .tool::<gives_values>()
        .tool::<args_tagged>()
        .tool::<gives_tagged>()
        .tool::<args_outside>()
        .tool::<gives_outside>()
        .tool::<args_either>()
        .tool::<gives_either>()
        .tool::<args_flat>()
        .tool::<gives_flat>()
        .tool::<args_tree>()
        .tool::<gives_tree>()
        .tool::<args_boxed>()
        .tool::<gives_inner>()
        .tool::<args_maybe>()
        .tool::<gives_maybe>()
        .tool::<args_any>()
        .tool::<gives_pairs>()
        .tool::<args_recursive>()
        .tool::<gives_number>()
        .tool::<gives_unit>()
        .tool::<gives_size>()
        .tool::<gives_set>()
        .tool::<gives_unit_struct>()
        .tool::<gives_pair>()
        .tool::<gives_wrapped>()
        .tool::<by_handle>();
    router.build(TaskStore::memory()).unwrap()
}

async fn listed(revision: Revision) -> Value {
    let cx = CallContext::new(revision, Caller::local());
    router().handle("tools/list", &Value::Null, &cx).await.answer().unwrap()
}

#[tokio::test]
async fn no_host_refuses_a_tool_of_odd_types() {
    for revision in [Revision::Plain, Revision::V2025, Revision::V2026] {
        let page = listed(revision).await;
        let mut wrong = Vec::new();
        for tool in page["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap();
            wrong.extend(complaints(&tool["inputSchema"]).into_iter().map(|text| format!("{name}: {text}")));
            if let Some(schema) = tool.get("outputSchema") {
                let mut found = Vec::new();
                look(schema, "", &mut found, false);
                if revision != Revision::V2026 && (schema["type"] != "object" || !schema["properties"].is_object()) {
                    found.push("no object with properties".into());
                }
                wrong.extend(found.into_iter().map(|text| format!("{name} (result): {text}")));
            }
        }
        assert!(wrong.is_empty(), "{}\n{page:#}", wrong.join("\n"));
        // With the four that go on with a task.
        assert_eq!(page["tools"].as_array().unwrap().len(), 31 + 1 + 4);
    }
}

#[test]
fn arguments_without_a_form_are_refused_by_name() {
    fn refusal<T: pmcp_server::pmcp_tasks::tool::Tool<()>>() -> String {
        match TaskRouter::builder().tool::<T>().build(TaskStore::memory()) {
            Err(error @ BuildError::Schema { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
    for (refusal, tool) in [
        (refusal::<no_number>(), "no_number"),
        (refusal::<no_text>(), "no_text"),
        (refusal::<no_list>(), "no_list"),
        (refusal::<no_unit>(), "no_unit"),
        (refusal::<no_names>(), "no_names"),
        (refusal::<no_choice>(), "no_choice"),
    ] {
        assert!(
            refusal.starts_with(&format!("tool `{tool}`: its arguments are no object: they need a struct")),
            "{refusal}"
        );
    }
}

mod needs_mcp_spec_dir {
    use super::*;

    #[tokio::test]
    #[ignore = "needs MCP_SPEC_DIR, the folder of the specification"]
    async fn tools_of_odd_types_fit_the_schema_of_each_revision() {
        for (revision, checked) in
            [(Revision::V2025, spec_check::Revision::V2025), (Revision::V2026, spec_check::Revision::V2026)]
        {
            let mut page = listed(revision).await;
            if revision == Revision::V2026 {
                page["ttlMs"] = 0.into();
                page["cacheScope"] = "public".into();
            }
            spec_check::assert_answer(checked, "tools/list", &json!({}), Ok(&page));
        }
    }
}
