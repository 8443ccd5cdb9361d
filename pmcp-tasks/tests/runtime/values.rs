//! Arguments and answers by the schemas that are published: equal values of another form, and bounds, at every door.

use std::sync::Arc;

use pmcp_tasks::{
    TaskRouter, TaskStore,
    call::{CallContext, Caller, ClientCapabilities, Revision},
    prelude::*,
    router::{Execution, TaskFallback},
    store::MemoryBackend,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::support::{Connection, FakePeer, Server, accept, id_of, text_of};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
struct Order {
    #[schemars(range(min = 1, max = 9))]
    size: u8,
    #[schemars(length(min = 2, max = 4), regex(pattern = "^[a-z]+$"))]
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Kind {
    #[default]
    Plain,
    Counted {
        times: u32,
    },
}

/// Says what it was called with.
#[task_tool(fallback = "handle")]
async fn say(
    number: i64,
    #[arg(default = 7)] count: u8,
    #[arg(default)] list: Vec<i32>,
    order: Option<Order>,
    text: Option<String>,
    any: Option<Value>,
) -> String {
    let any = any.unwrap_or_default();
    format!("{number} {count} {list:?} {} {text:?} {any}", json!(order))
}

/// The same as one object.
#[task_tool(support = "forbidden")]
async fn take(#[args] order: Order) -> String {
    json!(order).to_string()
}

#[derive(Debug, pmcp_tasks::Form)]
struct Wish {
    #[form(range = 1..=3)]
    pieces: u8,
    #[form(length = 2..)]
    name: Option<String>,
    #[form(format = "email")]
    mail: Option<String>,
    size: Option<Size>,
}

#[derive(Debug, pmcp_tasks::Form)]
#[serde(rename_all = "lowercase")]
enum Size {
    /// It fits a hand.
    Small,
    Large,
}

/// Asks on its way.
#[task_tool(fallback = "handle", inline = "0")]
async fn wish(task: TaskContext) -> Result<String, ToolError> {
    let Wish { pieces, name, mail, size } = task.elicit("How many?").await?;
    Ok(format!("{pieces} {name:?} {mail:?} {size:?}"))
}

/// Asks before.
#[task_tool(support = "forbidden")]
async fn ask_first(#[ask("How many?")] wish: Wish, #[ask("Sure?")] times: u8) -> String {
    format!("{} {times}", wish.pieces)
}

#[derive(TaskVariables, Default)]
struct Settings {
    #[variable(client_writable)]
    rows: u32,
}

#[task_tool]
async fn rows(task: TaskContext<Settings>) -> Result<u32, ToolError> {
    Ok(task.variables().rows.get().await?)
}

fn router() -> TaskRouter {
    let fallback = TaskFallback { every_tool: false, ..TaskFallback::default() };
    let router = TaskRouter::builder().tool::<say>().tool::<take>().tool::<wish>().tool::<ask_first>().tool::<rows>();
    router.task_fallback(fallback).build(TaskStore::memory()).unwrap()
}

fn client(revision: Revision) -> CallContext {
    let mut cx = CallContext::new(revision, Caller::local());
    cx.client = ClientCapabilities { elicitation: true, tasks: revision == Revision::V2026, ..cx.client };
    cx
}

async fn call(router: &TaskRouter, cx: &CallContext, tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    router.handle("tools/call", &params, cx).await.answer().unwrap()
}

/// The text a call with these arguments ends with, through every door.
async fn through_every_door(tool: &str, arguments: Value) -> String {
    let router = router();
    let mut texts = Vec::new();
    // Without tasks the first is the fallback's; the last is one plain call.
    for revision in [Revision::Plain, Revision::V2025, Revision::V2026] {
        let cx = client(revision);
        texts.push(text_of(&call(&router, &cx, tool, arguments.clone()).await).to_owned());
    }
    if tool == "say" {
        let cx = client(Revision::V2025);
        let params = json!({ "name": tool, "arguments": arguments, "task": { "ttl": 3_600_000.0 } });
        texts.push(match router.handle("tools/call", &params, &cx).await.answer() {
            Ok(created) => {
                assert_eq!(created["task"]["ttl"], 3_600_000);
                let task = json!({ "taskId": created["task"]["taskId"] });
                text_of(&router.handle("tasks/result", &task, &cx).await.answer().unwrap()).to_owned()
            }
            Err(error) => error.message,
        });
    }
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    texts.swap_remove(0)
}

#[tokio::test]
async fn equal_values_of_another_form_are_what_they_equal() {
    for (arguments, said) in [
        (json!({ "number": 3.0 }), "3 7 [] null None null"),
        (json!({ "number": 3, "count": null, "list": null, "order": null, "any": null }), "3 7 [] null None null"),
        (json!({ "number": 3, "list": "[1, 2.0]" }), "3 7 [1, 2] null None null"),
        (
            json!({ "number": 3, "order": "{\"size\": 2.0, \"kind\": {\"kind\": \"Counted\", \"times\": 4.0}}" }),
            "3 7 [] {\"code\":null,\"kind\":{\"kind\":\"Counted\",\"times\":4},\"size\":2} None null",
        ),
        (json!({ "number": 3, "text": "[1]", "any": "[1]" }), "3 7 [] null Some(\"[1]\") \"[1]\""),
        (json!({ "number": 3, "any": { "n": 3.0, "x": null } }), "3 7 [] null None {\"n\":3.0,\"x\":null}"),
    ] {
        assert_eq!(through_every_door("say", arguments.clone()).await, said, "{arguments}");
    }
    let cx = client(Revision::Plain);
    let none = json!({ "name": "rows", "arguments": null });
    assert_eq!(text_of(&router().handle("tools/call", &none, &cx).await.answer().unwrap()), "0");
}

#[tokio::test]
async fn what_is_not_equal_is_refused_by_name() {
    for (arguments, said) in [
        (json!({ "number": 3.5 }), "argument `number`: `3.5` is not a whole number"),
        (json!({ "number": "3" }), "argument `number`: the text \"3\" is not a whole number"),
        (
            json!({ "number": 1, "list": "[1, 2.5]" }),
            "argument `list[1]`: `2.5` is not a whole number from -2147483648 to 2147483647",
        ),
        (json!({ "number": 1, "list": "1, 2" }), "argument `list`: the text \"1, 2\" is not a list"),
        (json!({ "number": 1, "lost": 1 }), "unknown argument `lost`; did you mean `list`?"),
    ] {
        assert_eq!(through_every_door("say", arguments.clone()).await, said, "{arguments}");
    }
}

#[tokio::test]
async fn published_bounds_hold_at_every_door() {
    for (order, mistake) in [
        (json!({ "size": 0 }), "size`: 0 is less than the minimum, 1"),
        (json!({ "size": 10.0 }), "size`: 10 is more than the maximum, 9"),
        (json!({ "size": 1, "code": "a" }), "code`: it has 1 characters, fewer than 2"),
        (json!({ "size": 1, "code": "A1" }), "code`: \"A1\" does not match the pattern `^[a-z]+$`"),
    ] {
        assert_eq!(through_every_door("take", order.clone()).await, format!("argument `{mistake}"));
        let nested = json!({ "number": 1, "order": order });
        assert_eq!(through_every_door("say", nested).await, format!("argument `order.{mistake}"));
    }
    let listed = router().definition("take").unwrap().input_schema.clone();
    assert_eq!(
        (&listed["properties"]["size"]["minimum"], &listed["properties"]["code"]["minLength"]),
        (&json!(1), &json!(2))
    );
}

/// Answers that do not fit, and what is wrong with them.
fn wrong_answers() -> [(Value, &'static str); 6] {
    [
        (json!({ "pieces": 0 }), "`pieces`: 0 is less than the minimum, 1"),
        (json!({ "pieces": 2.5 }), "`pieces`: 2.5 is not of the type integer"),
        (json!({ "pieces": 2, "name": "x" }), "`name`: it has 1 characters, fewer than 2"),
        (json!({ "pieces": 2, "mail": "x" }), "`mail`: \"x\" is not an email address"),
        (json!({ "pieces": 2, "size": "huge" }), "`size`: \"huge\" is none of \"small\", \"large\""),
        (json!({}), "`pieces` is missing"),
    ]
}

#[tokio::test]
async fn a_wrong_answer_is_asked_once_more_and_an_equal_one_taken() {
    let router = router();
    for (wrong, mistake) in wrong_answers() {
        // 2026-07-28: refused with what is wrong, and open.
        let cx = client(Revision::V2026);
        let created = call(&router, &cx, "wish", json!({})).await;
        let task = created["taskId"].as_str().unwrap();
        let update = |content: Value| json!({ "taskId": task, "inputResponses": { "input-1": accept(content) } });
        let get = json!({ "taskId": task });
        let asked =
            async || router.handle("tasks/get", &get, &cx).await.answer().unwrap()["status"] == "input_required";
        while !asked().await {
            tokio::task::yield_now().await;
        }
        let refused = router.handle("tasks/update", &update(wrong.clone()), &cx).await.answer().unwrap_err();
        assert!(refused.message.contains(mistake), "{refused}");
        assert!(asked().await);
        router.handle("tasks/update", &update(json!({ "pieces": 2.0, "name": null })), &cx).await.answer().unwrap();
        loop {
            let got = router.handle("tasks/get", &get, &cx).await.answer().unwrap();
            if got["status"] == "completed" {
                assert_eq!(text_of(&got["result"]), "2 None None None");
                break;
            }
            tokio::task::yield_now().await;
        }

        // Before: by requests of the server, which asks again.
        let mut cx = client(Revision::V2025);
        let peer = FakePeer::new("stream");
        cx.peer = peer.clone();
        let answers = in_turn(vec![wrong.clone(), json!({ "pieces": 2.0 })]);
        peer.answers(move |_, params| {
            let is_wish = params["requestedSchema"]["properties"].get("pieces").is_some();
            Ok(accept(if is_wish { answers() } else { json!({ "times": 4.0 }) }))
        });
        assert_eq!(text_of(&call(&router, &cx, "ask_first", json!({})).await), "2 4");
        assert_eq!(peer.requests().len(), 3);
    }
}

/// Gives one value after the other, and the last one for ever.
fn in_turn(values: Vec<Value>) -> impl Fn() -> Value + Send + Sync {
    let next = std::sync::atomic::AtomicUsize::new(0);
    move || {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        values[at.min(values.len() - 1)].clone()
    }
}

#[tokio::test]
async fn who_never_answers_right_is_told_so() {
    let router = router();
    for (wrong, mistake) in wrong_answers() {
        let mut cx = client(Revision::V2025);
        let peer = FakePeer::new("stream");
        cx.peer = peer.clone();
        peer.answers(move |_, _| Ok(accept(wrong.clone())));
        let refused = call(&router, &cx, "ask_first", json!({})).await;
        let text = format!("the answer does not fit the question: {mistake}");
        assert_eq!((text_of(&refused), &refused["isError"]), (&*text, &json!(true)));
        assert_eq!(peer.requests().len(), 3);
        let params = json!({ "name": "wish", "task": {} });
        cx.session = Some(peer.clone());
        let created = router.handle("tools/call", &params, &cx).await.answer().unwrap();
        let task = json!({ "taskId": created["task"]["taskId"] });
        let refused = router.handle("tasks/result", &task, &cx).await.answer().unwrap();
        let text = format!("the answer does not fit the question: {mistake}");
        assert_eq!((text_of(&refused), &refused["isError"]), (&*text, &json!(true)));
    }
}

#[tokio::test]
async fn a_model_that_answers_wrong_is_told_what_is_asked() {
    let router = router();
    let mut cx = client(Revision::Plain);
    cx.client.elicitation = false;
    let asked = call(&router, &cx, "wish", json!({})).await;
    let id = text_of(&asked).split("(task ").nth(1).unwrap().split(')').next().unwrap().to_owned();
    for (wrong, mistake) in wrong_answers() {
        let told = call(&router, &cx, "task_answer", json!({ "task_id": id, "answer": wrong })).await;
        let text = text_of(&told);
        assert!(told["isError"] == true && text.contains(mistake) && text.contains("How many?"), "{text}");
    }
    let answer = json!({ "task_id": id, "answer": "{\"pieces\": 2.0, \"size\": \"small\"}" });
    assert_eq!(call(&router, &cx, "task_answer", answer).await["isError"], false);
    call(&router, &cx, "task_status", json!({ "task_id": id })).await;
    let result = call(&router, &cx, "task_result", json!({ "task_id": id })).await;
    assert_eq!(text_of(&result), "2 None None Some(Small)");
}

#[tokio::test]
async fn variables_take_equal_values() {
    let (router, cx) = (router(), client(Revision::V2025));
    let call =
        |rows: Value| json!({ "name": "rows", "arguments": {}, "_meta": { "run.pmcp/variables": { "rows": rows } } });
    let result = router.handle("tools/call", &call(json!(3.0)), &cx).await.answer().unwrap();
    assert_eq!(text_of(&result), "3");
    let error = router.handle("tools/call", &call(json!(3.5)), &cx).await.answer().unwrap_err();
    assert_eq!(error.message, "variable `rows`: a number does not fit");
}

/// A tool as it was, and as it is in the next version of its program.
mod earlier {
    use super::*;

    #[task_tool(support = "required")]
    pub(super) async fn pack(size: u8) -> String {
        size.to_string()
    }
}

mod later {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, JsonSchema)]
    pub(super) struct Size {
        #[schemars(range(min = 1, max = 9))]
        size: u8,
    }

    #[task_tool(support = "required")]
    pub(super) async fn pack(#[args] size: Size) -> String {
        size.size.to_string()
    }
}

#[tokio::test]
async fn a_call_that_was_accepted_goes_on_though_bounds_came_since() {
    let store = Arc::new(MemoryBackend::new());
    let store = || TaskStore::new(Connection::to(&store));
    let front = TaskRouter::builder().tool::<earlier::pack>().execution(Execution::Queued).build(store()).unwrap();
    let client = Server { router: front, ..Server::new() };
    let client = client.v2026("ann");
    let call = json!({ "name": "pack", "arguments": { "size": 12 } });
    let id = id_of(&client.create_with(call.clone()).await.unwrap());
    let worker = TaskRouter::builder().tool::<later::pack>().build(store()).unwrap();
    assert_eq!(worker.run_queued(1).await.unwrap(), 1);
    assert_eq!(text_of(&client.until(&id, "completed").await["result"]), "12");
    // A new one is held to them.
    let worker = Server { router: worker, ..Server::new() };
    let refused = worker.v2026("ann").create_with(call).await;
    assert!(format!("{refused:?}").contains("size"), "{refused:?}");
}
