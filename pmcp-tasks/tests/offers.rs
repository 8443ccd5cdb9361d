//! What is offered beside tools, through the router and without a server.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use pmcp_tasks::{
    Limits, TaskRouter, TaskStore,
    call::{CallContext, Caller, Revision},
    offer::{Completed, Completion, OfferError, Offers, Prompt, PromptArgument, PromptResult},
    protocol::code,
    router::Handled,
};
use serde_json::{Map, Value, json};

fn offers() -> Offers {
    Offers::builder()
        .prompt(Prompt::new("greet").argument(PromptArgument::required("name")), |arguments, _| async move {
            Ok(PromptResult::user(format!("Greet {}", arguments.text("name"))))
        })
        .prompt(Prompt::new("leave"), |_, _| async { Ok(PromptResult::user("Leave")) })
        .resource("test://text", |_, _| async { Ok("words") })
        .resource_template("test://item/{id}", |request, _| async move { Ok(request.variables["id"].clone()) })
        .complete(|request, _| async move {
            assert_eq!(request.of, Completed::Prompt("greet".into()));
            Ok(vec![format!("{}uca", request.value)])
        })
        .build()
        .unwrap()
}

async fn ask(method: &str, params: Value) -> Handled {
    let limits = Limits { page_size: 1, ..Limits::default() };
    let router = TaskRouter::builder().limits(limits).build(TaskStore::memory()).unwrap();
    let cx = CallContext::new(Revision::V2025, Caller::local());
    offers().handle(&router, method, &params, &cx).await
}

async fn result(method: &str, params: Value) -> Value {
    ask(method, params).await.answer().unwrap()
}

#[tokio::test]
async fn what_is_offered_is_listed_page_by_page() {
    let first = result("prompts/list", json!({})).await;
    assert_eq!((&first["prompts"][0]["name"], &first["nextCursor"]), (&json!("greet"), &json!("1")));
    let second = result("prompts/list", json!({ "cursor": "1" })).await;
    assert_eq!((&second["prompts"][0]["name"], second.get("nextCursor")), (&json!("leave"), None));
    let wrong = ask("prompts/list", json!({ "cursor": "2" })).await.answer().unwrap_err();
    assert_eq!(wrong.code, code::INVALID_PARAMS);
    assert_eq!(result("resources/list", json!({})).await["resources"][0]["uri"], "test://text");
    let templates = result("resources/templates/list", json!({})).await;
    assert_eq!(templates["resourceTemplates"][0]["uriTemplate"], "test://item/{id}");
}

#[tokio::test]
async fn what_is_offered_is_read_rendered_and_completed() {
    let read = result("resources/read", json!({ "uri": "test://item/7" })).await;
    assert_eq!(read["contents"][0]["text"], "7");
    let prompt = result("prompts/get", json!({ "name": "greet", "arguments": { "name": "Luca" } })).await;
    assert_eq!(prompt["messages"][0]["content"]["text"], "Greet Luca");
    let reference = json!({ "type": "ref/prompt", "name": "greet" });
    let argument = json!({ "name": "name", "value": "L" });
    let completed = result("completion/complete", json!({ "ref": reference, "argument": argument })).await;
    assert_eq!(completed["completion"]["values"], json!(["Luca"]));
}

#[tokio::test]
async fn results_carry_what_applications_say_to_each_other() {
    let meta = || Map::from_iter([("com.example/key".to_owned(), 1.into())]);
    let named = Prompt::new("greet").argument(PromptArgument::required("name").title("Name"));
    let offers = Offers::builder()
        .prompt(named, move |_, _| async move { Ok(PromptResult::user("Hello").meta(meta())) })
        .complete(move |_, _| async move { Ok(Completion::from(vec!["Luca"]).meta(meta())) })
        .build()
        .unwrap();
    let router = TaskRouter::builder().build(TaskStore::memory()).unwrap();
    let cx = CallContext::new(Revision::V2025, Caller::local());
    let argument = json!({ "name": "name", "value": "L" });
    for (method, params) in [
        ("prompts/get", json!({ "name": "greet", "arguments": { "name": "Luca" } })),
        ("completion/complete", json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": argument })),
    ] {
        let result = offers.handle(&router, method, &params, &cx).await.answer().unwrap();
        assert_eq!(result["_meta"], json!({ "com.example/key": 1 }), "{method}");
    }
    let listed = offers.handle(&router, "prompts/list", &json!({}), &cx).await.answer().unwrap();
    assert_eq!(listed["prompts"][0]["arguments"][0]["title"], "Name");
}

#[tokio::test]
async fn what_is_not_offered_is_an_error_and_other_methods_are_for_others() {
    for (method, params, expected) in [
        ("prompts/get", json!({ "name": "missing" }), code::INVALID_PARAMS),
        ("prompts/get", json!({ "name": "greet" }), code::INVALID_PARAMS),
        ("resources/read", json!({ "uri": "test://item/7/8" }), code::RESOURCE_NOT_FOUND),
    ] {
        assert_eq!(ask(method, params).await.answer().unwrap_err().code, expected, "{method}");
    }
    assert_eq!(ask("tools/list", json!({})).await, Handled::NotMine);
}

#[test]
fn offers_that_do_not_fit_together_are_errors() {
    let twice = || Offers::builder().resource("a://b", |_, _| async { Ok("") });
    let twice = twice().resource("a://b", |_, _| async { Ok("") }).build().unwrap_err();
    assert_eq!(twice, OfferError::Duplicate { what: "resource", name: "a://b".into() });
    let text = Offers::builder().resource("not a uri", |_, _| async { Ok("") }).build().unwrap_err();
    assert_eq!(text, OfferError::Uri { uri: "not a uri".into() });
    let plain = Offers::builder().resource_template("a://b", |_, _| async { Ok("") }).build().unwrap_err();
    assert!(matches!(plain, OfferError::Template { .. }));
}
