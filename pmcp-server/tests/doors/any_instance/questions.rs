//! Questions of one instance whose answers come to another.

use super::*;

#[tokio::test]
async fn many_open_questions_look_for_their_answers_together() {
    let backend = CountingBackend::to(Arc::new(MemoryBackend::new()));
    let instance = |backend: &CountingBackend| {
        server_with(TaskStore::new(backend.clone())).0.session_keys([key(1)]).lease(Duration::from_secs(3600))
    };
    let (_one, http) = listening(instance(&backend)).await;
    let (_other, elsewhere) = listening(instance(&backend)).await;
    let begun = Legacy::begin(&http).await;
    let mut asking = Vec::new();
    for id in 0..30 {
        let mut calls = begun.send(id, "tools/call", call("ask_first", json!({}))).await;
        let question = next(&mut calls, "elicitation/create").await;
        asking.push((calls, question));
    }
    backend.take();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let looks = backend.take().split(' ').filter(|asked| *asked == "get").count();
    assert!(looks < 10, "{looks} reads for 30 questions");
    let elsewhere = Legacy { http: elsewhere, ..begun.clone() };
    // In another order than they were asked in, and whoever looked first is answered at some time, too.
    asking.reverse();
    asking.rotate_left(7);
    for (n, (calls, question)) in asking.iter_mut().enumerate() {
        elsewhere.answer(question, named(&format!("N{n}"))).await;
        assert_eq!(text(&calls.receive().await), format!("hello N{n}"));
    }
}

#[tokio::test]
async fn where_the_client_listens_it_hears_of_tasks_that_were_created_elsewhere_and_is_asked() {
    let (_directory, store) = shared();
    let (a, b, c) = (Instance::start(&store).await, Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&c.http).await;
    let (listens, posts, answers) = (at(&begun, &a), at(&begun, &b), at(&begun, &c));
    let mut stream = listens.listen().await;
    let work = posts.task(1, "work").await;
    let told = next(&mut stream, "notifications/progress").await;
    assert_eq!((&told["params"]["progressToken"], &told["params"]["progress"]), (&json!("token"), &json!(1)));
    b.probe.open(1);
    let ended = async {
        loop {
            let told = next(&mut stream, "notifications/tasks/status").await;
            if told["params"]["status"] == "completed" {
                return told["params"]["taskId"].clone();
            }
        }
    };
    assert_eq!(within(ended).await, work.as_str());
    // The answer comes to neither the one that asks nor the one that runs.
    let asking = posts.task(2, "ask").await;
    let question = next(&mut stream, "elicitation/create").await;
    assert_eq!(question["params"]["_meta"]["io.modelcontextprotocol/related-task"]["taskId"], asking.as_str());
    answers.answer(&question, named("Ann")).await;
    assert_eq!(text(&result(&answers, &asking).await), "hello Ann");
}

#[tokio::test]
async fn who_waits_for_a_result_is_asked_there_and_may_answer_anywhere() {
    let (_directory, store) = shared();
    let (a, b, c) = (Instance::start(&store).await, Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&a.http).await;
    let task = at(&begun, &b).task(1, "ask").await;
    let mut waits = at(&begun, &a).send("result", "tasks/result", json!({ "taskId": task })).await;
    let question = next(&mut waits, "elicitation/create").await;
    // What does not fit is asked again, wherever it came.
    let spoilt = bad_input_on_purpose();
    at(&begun, &c).answer(&question, json!({ "action": "maybe" })).await;
    drop(spoilt);
    let again = next(&mut waits, "elicitation/create").await;
    assert_ne!(again["id"], question["id"]);
    at(&begun, &b).answer(&again, named("Bob")).await;
    assert_eq!(text(&waits.receive().await), "hello Bob");
}

#[tokio::test]
async fn a_plain_call_gets_the_answer_that_came_to_another_instance() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let (a, b) = (Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&a.http).await;
    for (answer, said) in
        [(json!({ "result": named("Eve") }), "hello Eve"), (json!({ "error": { "code": -1, "message": "no" } }), "")]
    {
        let mut calls = begun.send(1, "tools/call", call("ask_first", json!({}))).await;
        let question = next(&mut calls, "elicitation/create").await;
        let mut message = json!({ "jsonrpc": "2.0", "id": question["id"] });
        message.as_object_mut().unwrap().extend(answer.as_object().unwrap().clone());
        assert_eq!(at(&begun, &b).post(&message).await.status, 202);
        let response = calls.receive().await;
        assert_eq!(response["result"]["isError"] == true, said.is_empty(), "{response}");
        assert!(said.is_empty() || text(&response) == said);
    }
}

#[tokio::test]
async fn without_a_store_they_share_an_answer_to_another_instance_is_told() {
    let _spoilt = bad_input_on_purpose();
    let (a, b) = (Instance::start("memory:").await, Instance::start("memory:").await);
    let begun = Legacy::begin(&a.http).await;
    let mut calls = begun.send(1, "tools/call", call("ask_first", json!({}))).await;
    let question = next(&mut calls, "elicitation/create").await;
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": named("Eve") });
    let told = at(&begun, &b).post(&answer).await.expect_error(421, -32600).await;
    assert!(told["error"]["message"].as_str().unwrap().contains("another instance"), "{told}");
    // Where it belongs it still counts.
    begun.answer(&question, named("Eve")).await;
    assert_eq!(text(&calls.receive().await), "hello Eve");
    // What nobody asked is ignored.
    let nobodys = json!({ "jsonrpc": "2.0", "id": 7, "result": {} });
    assert_eq!(at(&begun, &b).post(&nobodys).await.status, 202);
}

#[tokio::test]
async fn made_up_answers_fill_no_store_and_take_nothing_from_others() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let tokens = BearerTokens::new().with("ann", "a").with("bob", "b");
    let limits = Limits { stored_bytes: 1 << 20, ..Limits::default() };
    let with = |server: Server<App>| server.session_keys([key(1)]).authenticator(tokens).limits(limits);
    let instance = Instance::start_as(&store, with).await;
    let (ann, bob) = (instance.http.with_token("a"), instance.http.with_token("b"));
    // To a question of an instance that there never was; a session costs nothing to begin.
    let made_up = json!({ "jsonrpc": "2.0", "id": 7_u64 << 20 | 1, "result": { "x": "x".repeat(200 << 10) } });
    let mut taken = 0;
    while Legacy::begin(&ann).await.post(&made_up).await.status == 202 {
        taken += 1;
        assert!(taken < 20, "there is no end to it");
    }
    assert!(taken > 1);
    let refused = Legacy::begin(&ann).await.post(&made_up).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "1"));
    // Those of others pass, and tasks have their own room.
    assert_eq!(Legacy::begin(&bob).await.post(&made_up).await.status, 202);
    let session = Legacy::begin(&ann).await;
    let task = session.task(1, "must_be_task").await;
    assert_eq!(text(&result(&session, &task).await), "task");
    // In one session the last one stands, and no more.
    let session = Legacy::begin(&bob).await;
    for n in 0..20 {
        let mut other = made_up.clone();
        other["id"] = (7_u64 << 20 | n).into();
        assert_eq!(session.post(&other).await.status, 202);
    }
    for id in [json!(0), json!(-1), json!(1.5), json!("7340033"), json!(u64::MAX), json!(null), json!("x".repeat(300))]
    {
        let mut other = made_up.clone();
        (other["id"], other["result"]) = (id.clone(), json!({}));
        assert!(session.post(&other).await.status.as_u16() < 500, "{id}");
    }
    assert_eq!(status(&session).await, 200);
}

#[tokio::test]
async fn nobody_answers_what_another_session_is_asked() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let (a, b) = (Instance::start(&store).await, Instance::start(&store).await);
    let (asked, other) = (Legacy::begin(&a.http).await, Legacy::begin(&a.http).await);
    let mut calls = asked.send(1, "tools/call", call("ask_first", json!({}))).await;
    let question = next(&mut calls, "elicitation/create").await;
    // Of the same user, at the instance that asks and at another one.
    for forger in [&other, &at(&other, &b)] {
        let forged = json!({ "jsonrpc": "2.0", "id": question["id"], "result": named("Mallory") });
        assert_eq!(forger.post(&forged).await.status, 202);
    }
    // Longer than it takes an answer that was passed on.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    at(&asked, &b).answer(&question, named("Ann")).await;
    assert_eq!(text(&calls.receive().await), "hello Ann");
    // One that comes again is answered to nothing.
    at(&asked, &b).answer(&question, named("Mallory")).await;
    asked.answer(&question, named("Mallory")).await;
    assert_eq!(status(&asked).await, 200);
}

#[tokio::test]
async fn a_question_survives_the_instance_that_asked_it() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let (mut one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&one.http).await;
    let mut stream = begun.listen().await;
    let task = begun.task(1, "insist").await;
    let question = next(&mut stream, "elicitation/create").await;
    let waits = begun.send("result", "tasks/result", json!({ "taskId": task })).await;
    // Task, question, both streams and the session were there.
    one.kill().await;
    drop((stream, waits));
    let survivor = at(&begun, &other);
    // An answer to the dead one is taken, and lost: it is asked again.
    survivor.answer(&question, named("nobody")).await;
    let mut stream = survivor.listen().await;
    let again = next(&mut stream, "elicitation/create").await;
    survivor.answer(&again, named("Ann")).await;
    assert_eq!(text(&result(&survivor, &task).await), "hello Ann");
}
