//! Questions of tasks whose clients know none: asked by the call, or answered by the model.

use super::*;

/// A minute of work with a question in its middle.
async fn import(cx: RunContext) -> Result<Answered, ToolError> {
    let cx = cx.task::<Shared>();
    cx.variables().rows.set(30).await?;
    cx.sleep(seconds(30)).await?;
    let Keep { keep } = cx.elicit("Keep the rejected rows?").await?;
    cx.sleep(seconds(30)).await?;
    Ok(ToolResult::text(format!("kept: {keep}")))
}

fn imports(server: &Server) {
    server.world.on("handled", |_, cx| import(cx));
}

#[tokio::test]
async fn a_minute_with_a_question_in_the_middle_by_ordinary_calls() {
    let server = server(None);
    imports(&server);
    for client in ignorant(&server) {
        let client = client.without_elicitation();
        let handle = call_for(&server, &client, "handled", json!({}), 20).await;
        assert_eq!(handle["_meta"]["run.pmcp/task"]["variables"]["rows"], 30);
        assert_eq!(handle["_meta"]["run.pmcp/task"]["variables"].get("secret"), None);
        assert!(text_of(&handle).contains("\"rows\":30"), "{handle}");
        let asked = call_for(&server, &client, "task_status", next(&handle, "task_status"), 10).await;
        assert_eq!(asked["_meta"]["run.pmcp/task"]["status"], "input_required");
        let text = text_of(&asked);
        assert!(text.contains("Keep the rejected rows?") && text.contains("ask the user now"), "{text}");
        let mut answer = next(&asked, "task_answer");
        assert_eq!(answer["answer"], json!({ "keep": "<boolean>" }));

        // A mistake is told while the question is open.
        let wrong = client.call("task_answer", answer.clone()).await.unwrap();
        assert_eq!(wrong["isError"], true);
        assert!(text_of(&wrong).contains("`keep`"), "{wrong}");
        answer["answer"] = json!({ "keep": true });
        let told = client.call("task_answer", answer).await.unwrap();
        assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "working");
        let told = call_for(&server, &client, "task_status", next(&told, "task_status"), 20).await;
        let told = call_for(&server, &client, "task_status", next(&told, "task_status"), 10).await;
        let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
        assert_eq!(text_of(&result), "kept: true");
    }
}

#[tokio::test]
async fn a_question_in_the_call_is_told_at_once_to_a_client_without_forms() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        let answer: Result<Keep, _> = cx.tool().elicit("Keep?").await;
        Ok(ToolResult::text(answer.map_or_else(|error| error.to_string(), |keep| keep.keep.to_string())))
    });
    for client in ignorant(&server) {
        let client = client.without_elicitation();
        let asked = client.call("handled", json!({})).await.unwrap();
        let mut answer = next(&asked, "task_answer");
        answer.as_object_mut().unwrap().remove("answer");
        answer["action"] = "decline".into();
        client.call("task_answer", answer.clone()).await.unwrap();
        let told = client.call("task_status", json!({ "task_id": answer["task_id"] })).await.unwrap();
        let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
        assert_eq!(text_of(&result), "the user declined to answer");
        let late = client.call("task_answer", answer).await.unwrap();
        assert_eq!(late["isError"], true);
    }
}

#[tokio::test]
async fn a_client_with_forms_is_asked_on_the_stream_of_the_call() {
    let server = server(None);
    imports(&server);
    for client in [server.client(Revision::Plain, user_owner("ann")), server.v2025("ann")] {
        let handle = call_for(&server, &client, "handled", json!({}), 20).await;
        client.stream.answers(|_, _| Ok(accept(json!({ "keep": false }))));
        let told = call_for(&server, &client, "task_status", next(&handle, "task_status"), 20).await;
        assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "working");
        assert_eq!(client.stream.requests().len(), 1);
        let told = call_for(&server, &client, "task_status", next(&handle, "task_status"), 20).await;
        let result = client.call("task_result", next(&told, "task_result")).await.unwrap();
        assert_eq!(text_of(&result), "kept: false");
    }
}

#[tokio::test]
async fn a_form_that_is_open_can_be_answered_by_the_model_too() {
    let server = server(None);
    imports(&server);
    let client = server.v2025("ann");
    let handle = call_for(&server, &client, "handled", json!({}), 20).await;
    let told = call_for(&server, &client, "task_status", next(&handle, "task_status"), 20).await;
    assert_eq!(told["_meta"]["run.pmcp/task"]["status"], "input_required");
    assert!(text_of(&told).contains("the user is being asked in a form"), "{told}");
    let mut answer = next(&told, "task_answer");
    answer["answer"]["keep"] = true.into();
    client.call("task_answer", answer).await.unwrap();
    eventually("the end of the form", || client.stream.abandoned() == 1).await;
}

#[tokio::test]
async fn a_modern_client_with_forms_gets_the_question_as_input_required() {
    let server = server(None);
    imports(&server);
    let client = server.v2026("ann").undeclared();
    let handle = call_for(&server, &client, "handled", json!({}), 20).await;
    let mut params = json!({ "name": "task_status", "arguments": next(&handle, "task_status") });
    let asked = call_for(&server, &client, "task_status", params["arguments"].clone(), 10).await;
    assert_eq!(asked["resultType"], "input_required");
    assert_eq!(asked["inputRequests"]["input-1"]["params"]["message"], "Keep the rejected rows?");
    params["requestState"] = asked["requestState"].clone();
    params["inputResponses"] = json!({ "input-1": accept(json!({ "keep": true })) });
    let waiting = client.spawn("tools/call", params);
    settle().await;
    server.advance(seconds(20)).await;
    assert_eq!(waiting.await.unwrap().unwrap()["_meta"]["run.pmcp/task"]["status"], "working");
}

#[tokio::test]
async fn a_modern_call_that_asks_in_time_is_repeated_with_the_answer() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        let Keep { keep } = cx.tool().elicit("Keep?").await?;
        Ok(ToolResult::text(keep.to_string()))
    });
    let client = server.v2026("ann").undeclared();
    let asked = client.call("handled", json!({ "a": 1 })).await.unwrap();
    assert_eq!(asked["resultType"], "input_required");
    let again = |arguments: Value| {
        json!({
            "name": "handled", "arguments": arguments, "requestState": asked["requestState"],
            "inputResponses": { "input-1": accept(json!({ "keep": true })) },
        })
    };
    // Another call, another owner: not theirs.
    assert_eq!(client.err("tools/call", again(json!({ "a": 2 }))).await.code, -32602);
    let eve = server.v2026("eve").undeclared();
    assert_eq!(eve.err("tools/call", again(json!({ "a": 1 }))).await.code, -32602);
    assert_eq!(text_of(&client.ok("tools/call", again(json!({ "a": 1 }))).await), "true");
    assert_eq!(client.err("tools/call", again(json!({ "a": 1 }))).await.code, -32602);
}

#[tokio::test]
async fn a_wrong_answer_is_told_with_what_is_asked() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        let cx = cx.tool();
        let (one, two) = tokio::join!(cx.elicit::<Keep>("One?"), cx.elicit::<Keep>("Two?"));
        Ok(ToolResult::text(format!("{} and {}", one?.keep, two?.keep)))
    });
    let client = server.client(Revision::Plain, user_owner("ann")).without_elicitation();
    let asked = client.call("handled", json!({})).await.unwrap();
    let answer = |fields: Value| {
        let mut answer = next(&asked, "task_answer");
        answer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        answer
    };
    let mut which = answer(json!({ "answer": { "keep": true } }));
    which.as_object_mut().unwrap().remove("question");
    for (arguments, mistake) in [
        (which, "`question` is missing"),
        (answer(json!({ "question": "input-3" })), "does not ask this `question`"),
        (answer(json!({ "answer": "keep" })), "argument `answer`: \"keep\" is not of the type object"),
        (answer(json!({ "answer": null })), "`answer` is missing"),
        (answer(json!({ "answer": [true] })), "argument `answer`: [true] is not of the type object"),
        (answer(json!({ "answer": {} })), "`keep` is missing"),
        (answer(json!({ "answer": { "keep": "yes" } })), "`keep`: \"yes\" is not of the type boolean"),
        (answer(json!({ "answer": { "keep": true, "more": 1 } })), "does not ask for `more`"),
        (answer(json!({ "action": "refuse" })), "argument `action`: \"refuse\" is none of"),
        (answer(json!({ "action": 5, "answer": { "keep": true } })), "argument `action`: 5 is not of the type string"),
        (answer(json!({ "question": 1, "answer": { "keep": true } })), "argument `question`: 1 is not of the type"),
    ] {
        let told = client.call("task_answer", arguments).await.unwrap();
        assert_eq!(told["isError"], true);
        let text = text_of(&told);
        assert!(text.lines().next().unwrap().contains(mistake), "{text}");
        assert!(text.ends_with(&text_of(&asked)), "{text}");
        assert_eq!(told["_meta"]["run.pmcp/task"]["questions"], asked["_meta"]["run.pmcp/task"]["questions"]);
    }

    let told = client.call("task_answer", answer(json!({ "answer": { "keep": true } }))).await.unwrap();
    let text = text_of(&told);
    assert!(
        text.starts_with("The answer was passed on to the task.") && !text.contains("One?") && text.contains("Two?"),
        "{text}"
    );
    let mut other = next(&told, "task_answer");
    other["answer"]["keep"] = false.into();
    let told = client.call("task_answer", other.clone()).await.unwrap();
    client.call("task_status", next(&told, "task_status")).await.unwrap();
    // Too late for an answer: told what to do instead.
    let late = client.call("task_answer", other).await.unwrap();
    assert_eq!(late["isError"], true);
    let result = client.call("task_result", next(&late, "task_result")).await.unwrap();
    assert_eq!(text_of(&result), "true and false");
}

#[tokio::test]
async fn a_modern_retry_whose_answer_does_not_fit_is_asked_again() {
    let misfits = [json!(7), json!({ "action": "perhaps" }), accept(json!({})), accept(json!({ "keep": "yes" }))];
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        let Keep { keep } = cx.tool().elicit("Keep?").await?;
        Ok(ToolResult::text(keep.to_string()))
    });
    let client = server.v2026("ann").undeclared();
    let mut call = json!({ "name": "handled", "arguments": {} });
    let asked = client.ok("tools/call", call.clone()).await;
    call["requestState"] = asked["requestState"].clone();
    for wrong in &misfits {
        call["inputResponses"] = json!({ "input-1": wrong });
        assert_eq!(client.ok("tools/call", call.clone()).await, asked, "{wrong}");
    }
    // What is no map of answers is not asked for again.
    call["inputResponses"] = json!([]);
    assert_eq!(client.err("tools/call", call.clone()).await.code, -32602);
    call["inputResponses"] = json!({ "input-1": accept(json!({ "keep": true })) });
    assert_eq!(text_of(&client.ok("tools/call", call).await), "true");

    imports(&server);
    let handle = call_for(&server, &client, "handled", json!({}), 20).await;
    let mut call = json!({ "name": "task_status", "arguments": next(&handle, "task_status") });
    let asked = call_for(&server, &client, "task_status", call["arguments"].clone(), 10).await;
    call["requestState"] = asked["requestState"].clone();
    for wrong in &misfits {
        call["inputResponses"] = json!({ "input-1": wrong });
        assert_eq!(client.ok("tools/call", call.clone()).await, asked, "{wrong}");
    }
    call["inputResponses"] = json!({ "input-1": accept(json!({ "keep": true })) });
    call["arguments"]["wait_seconds"] = 0.into();
    assert_eq!(client.ok("tools/call", call).await["_meta"]["run.pmcp/task"]["status"], "working");
}

#[tokio::test]
async fn a_page_is_a_link_that_the_model_shows() {
    let server = server(None);
    server.world.on("handled", |_, cx| async move {
        let page = |id: &str| format!("https://notes.example/connect?id={id}");
        let gone = cx.tool().elicit_url("Give access.", page).await;
        Ok(ToolResult::text(gone.map_or_else(|error| error.to_string(), |visit| format!("at {}", visit.id().len()))))
    });
    for client in ignorant(&server) {
        let client = client.without_elicitation();
        for (action, result) in [("accept", "at 22"), ("decline", "the user declined to answer")] {
            let asked = client.call("handled", json!({})).await.unwrap();
            let text = text_of(&asked);
            assert!(text.contains("Give access.") && text.contains("show them the link in full"), "{text}");
            let question = &asked["_meta"]["run.pmcp/task"]["questions"][0];
            assert!(text.contains(question["url"].as_str().unwrap()), "{text}");
            let mut answer = next(&asked, "task_answer");
            assert_eq!(answer["answer"], json!({}));
            if action == "decline" {
                answer.as_object_mut().unwrap().remove("answer");
                answer["action"] = action.into();
            }
            client.call("task_answer", answer.clone()).await.unwrap();
            let told = client.call("task_status", json!({ "task_id": answer["task_id"], "wait_seconds": 5 })).await;
            let ended = client.call("task_result", next(&told.unwrap(), "task_result")).await.unwrap();
            assert_eq!(text_of(&ended), result);
        }
    }
}
