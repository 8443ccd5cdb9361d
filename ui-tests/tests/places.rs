//! Where tools may stand: in functions, in modules, and in what `macro_rules!` writes.

use pmcp_tasks::{TaskRouter, TaskStore, prelude::*};
use serde_json::json;
use ui_tests::{call, text};

macro_rules! doubled {
    ($name:ident, $value:ty) => {
        /// Doubles a number.
        #[task_tool]
        async fn $name(
            value: $value,
            more: &[$value],
            other: Option<&$value>,
            #[arg(default = 2)] times: $value,
        ) -> $value {
            value * times + more.iter().sum::<$value>() + other.copied().unwrap_or_default()
        }
    };
}

macro_rules! named {
    ($name:ident, $shown:literal, $doc:literal, $default:literal, $question:literal, $hint:literal) => {
        #[doc = $doc]
        #[task_tool(name = $shown, read_only = $hint)]
        async fn $name(
            #[arg(default = $default, rename = $shown)] word: String,
            #[ask($question)] sure: bool,
        ) -> String {
            format!("{word} {sure}")
        }
    };
}

named!(said, "say", "Says a word.", "hello", "Sure?", true);

doubled!(double_small, u8);
doubled!(double_large, u64);

mod inner {
    use pmcp_tasks::prelude::*;

    #[task_tool(name = "inner")]
    pub(crate) async fn tool(State(seed): State<u8>, cx: &ToolContext) -> std::io::Result<String> {
        Ok(format!("{seed} {}", cx.owner().is_some()))
    }
}

#[tokio::test]
async fn literals_of_a_macro_are_literals() {
    let router = TaskRouter::builder().tool::<said>().build(TaskStore::memory()).unwrap();
    let tool = router.definitions().next().unwrap();
    assert_eq!((tool.name.as_str(), tool.description.as_deref()), ("say", Some("Says a word.")));
    assert_eq!((tool.questions[0].message, tool.annotations.read_only), ("Sure?", Some(true)));
    assert_eq!(tool.input_schema["properties"]["say"]["default"], "hello");
}

#[tokio::test]
async fn tools_stand_anywhere() {
    #[task_tool]
    async fn local(r#fn: u8) -> u8 {
        r#fn
    }

    let router = TaskRouter::builder()
        .state(5_u8)
        .tool::<double_small>()
        .tool::<double_large>()
        .tool::<inner::tool>()
        .tool::<local>()
        .build(TaskStore::memory())
        .unwrap();
    assert_eq!(text(&call(&router, "double_small", json!({ "value": 4, "more": [1], "other": 2 })).await), "11");
    assert_eq!(text(&call(&router, "double_large", json!({ "value": 900, "more": [] })).await), "1800");
    assert_eq!(text(&call(&router, "inner", json!({})).await), "5 true");
    assert_eq!(text(&call(&router, "local", json!({ "fn": 3 })).await), "3");
    let args = DoubleSmallArgs { value: 1, more: Vec::new(), other: None, times: 2 };
    assert_eq!(serde_json::to_value(args).unwrap(), json!({ "value": 1, "more": [], "times": 2 }));
}
