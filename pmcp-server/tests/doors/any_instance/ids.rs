//! The id of a session: for whom it opens, where, and for how long.

use super::*;

#[tokio::test]
async fn an_id_opens_for_its_caller_and_its_server_under_its_key_alone() {
    let _spoilt = bad_input_on_purpose();
    let tokens = || BearerTokens::new().with("ann", "a").with("bob", "b");
    let instance = async |name: &str, keys: Vec<SessionKey>| {
        let server = Server::new(name, "1").authenticator(tokens()).session_keys(keys);
        let running = server.start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let http = Http::new(running.address());
        (running, http)
    };
    let (_begins, http) = instance("doors", vec![key(1)]).await;
    let ann = Legacy::begin(&http.with_token("a")).await;
    let (_same, same) = instance("doors", vec![key(2), key(1)]).await;
    let (_other, other) = instance("windows", vec![key(1)]).await;
    let (_rotated, rotated) = instance("doors", vec![key(2)]).await;
    let (_alone, alone) = instance("doors", Vec::new()).await;
    let elsewhere = |http: &Http, token| Legacy { http: http.with_token(token), ..ann.clone() };
    let mut unknown = ann.clone();
    unknown.id = "x".repeat(75);
    unknown.http = same.with_token("a");
    let gone = unknown.send("a", "ping", None).await.expect_error(404, -32001).await;
    for refused in [elsewhere(&same, "b"), elsewhere(&other, "a"), elsewhere(&rotated, "a"), elsewhere(&alone, "a")] {
        // Nothing tells why.
        assert_eq!(refused.send("a", "ping", None).await.expect_error(404, -32001).await, gone);
    }
    for spoilt in [&ann.id[1..], &ann.id[..74], &format!("{}A", ann.id), &ann.id.to_lowercase(), &"A".repeat(16 << 10)]
    {
        let spoilt = Legacy { id: spoilt.to_owned(), ..unknown.clone() };
        assert_eq!(spoilt.send("a", "ping", None).await.expect_error(404, -32001).await, gone);
    }
    assert_eq!(status(&elsewhere(&same, "a")).await, 200);
    // One that was begun under the new key is known wherever that is.
    let newer = Legacy::begin(&same.with_token("a")).await;
    assert_eq!(status(&Legacy { http: rotated.with_token("a"), ..newer.clone() }).await, 200);
    assert_eq!(status(&Legacy { http: http.with_token("a"), ..newer }).await, 404);
}

#[tokio::test]
async fn an_ended_session_is_over_at_once_where_it_was_and_where_it_had_a_stream() {
    let _spoilt = bad_input_on_purpose();
    let (_directory, store) = shared();
    let (one, other) = (Instance::start(&store).await, Instance::start(&store).await);
    let begun = Legacy::begin(&one.http).await;
    let task = begun.task(1, "must_be_task").await;
    assert_eq!(text(&result(&begun, &task).await), "task");
    let mut stream = at(&begun, &other).listen().await;
    assert_eq!(begun.end().await.status, 204);
    assert_eq!(status(&begun).await, 404);
    while stream.next().await.is_some() {}
    assert_eq!(status(&at(&begun, &other)).await, 404);
}

#[tokio::test]
async fn an_ended_session_ends_wherever_it_is_known_and_stays_ended() {
    let _spoilt = bad_input_on_purpose();
    let (backend, clock) = (CountingBackend::to(Arc::new(MemoryBackend::new())), ManualClock::new());
    let instance = async || {
        let store = TaskStore::new(backend.clone()).with_clock(clock.clone());
        let limits = ServeLimits { session_lifetime: Duration::from_secs(600), ..ServeLimits::default() };
        let server = server_with(store).0.session_keys([key(1)]).serve_limits(limits);
        listening(server.lease(Duration::from_secs(3600))).await
    };
    let ((_one, http), (_other, elsewhere)) = (instance().await, instance().await);
    let (ends, stays) = (Legacy::begin(&http).await, Legacy::begin(&http).await);
    let there = |legacy: &Legacy, http: &Http| Legacy { http: http.clone(), ..legacy.clone() };
    assert_eq!((status(&there(&ends, &elsewhere)).await, status(&there(&stays, &elsewhere)).await), (200, 200));
    assert_eq!(ends.end().await.status, 204);
    let is_gone = async |legacy: &Legacy| {
        within(async {
            while status(legacy).await != 404 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    };
    clock.advance(Duration::from_secs(30)).await;
    is_gone(&there(&ends, &elsewhere)).await;
    // One that takes the place of another looks when the first session comes.
    let (_third, third) = instance().await;
    assert_eq!(status(&there(&stays, &third)).await, 200);
    is_gone(&there(&ends, &third)).await;
    // And in the next span, until its id opens no more.
    clock.advance(Duration::from_secs(500)).await;
    let (_fourth, fourth) = instance().await;
    assert_eq!(status(&there(&stays, &fourth)).await, 200);
    is_gone(&there(&ends, &fourth)).await;
    for http in [&http, &elsewhere, &third, &fourth] {
        assert_eq!((status(&there(&stays, http)).await, status(&there(&ends, http)).await), (200, 404));
    }
}

#[tokio::test]
async fn strangers_crowd_out_neither_the_ends_of_sessions_nor_changes_of_lists() {
    let _spoilt = bad_input_on_purpose();
    let (backend, clock) = (CountingBackend::to(Arc::new(MemoryBackend::new())), ManualClock::new());
    let instance = async |changes: &ListChanges| {
        let store = TaskStore::new(backend.clone()).with_clock(clock.clone());
        let limits = Limits { stored_bytes: 1 << 20, ..Limits::default() };
        let server = server_with(store).0.session_keys([key(1)]).limits(limits).list_changes(changes);
        // Not on loopback, where everybody is the local user: who they are nobody knows.
        let running = server.lease(Duration::from_secs(3600)).start(([0, 0, 0, 0], 0).into()).await.unwrap();
        let http = Http::new(([127, 0, 0, 1], running.address().port()).into());
        (running, http)
    };
    let (here, there) = (ListChanges::new(), ListChanges::new());
    let ((_one, http), (_other, elsewhere)) = (instance(&here).await, instance(&there).await);
    let made_up = json!({ "jsonrpc": "2.0", "id": 7_u64 << 20 | 1, "result": { "x": "x".repeat(200 << 10) } });
    while Legacy::begin(&http).await.post(&made_up).await.status == 202 {}
    let ends = Legacy::begin(&http).await;
    let at_the_other = Legacy { http: elsewhere.clone(), ..ends.clone() };
    let listens = Legacy::begin(&elsewhere).await;
    let mut stream = listens.listen().await;
    assert_eq!(status(&at_the_other).await, 200);
    let passes = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            clock.advance(Duration::from_secs(1)).await;
        }
    };
    let told = async {
        here.changed(List::Tools);
        next(&mut stream, "notifications/tools/list_changed").await;
        assert_eq!(ends.end().await.status, 204);
        while status(&at_the_other).await != 404 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = within(told) => {}
        () = passes => {}
    }
}

#[tokio::test]
async fn a_flood_of_ids_that_open_takes_no_more_places_than_there_are() {
    let limits = ServeLimits { sessions: 4, ..ServeLimits::default() };
    let (_many, http) = listening(server_with(TaskStore::memory()).0.session_keys([key(1)])).await;
    let (_few, few) = listening(server_with(TaskStore::memory()).0.session_keys([key(1)]).serve_limits(limits)).await;
    let mut flood = Vec::new();
    for _ in 0..40 {
        flood.push(Legacy { http: few.clone(), ..Legacy::begin(&http).await });
    }
    let listens = flood.pop().unwrap();
    let mut stream = listens.listen().await;
    for _ in 0..2 {
        for session in &flood {
            assert_eq!(status(session).await, 200);
        }
    }
    // Who was listening was not displaced.
    listens.task(1, "ask").await;
    next(&mut stream, "elicitation/create").await;
}

#[tokio::test]
async fn instances_whose_clocks_differ_take_each_others_sessions() {
    const MINUTE: Duration = Duration::from_secs(60);
    let _spoilt = bad_input_on_purpose();
    let limits = ServeLimits { session_lifetime: 10 * MINUTE, ..ServeLimits::default() };
    let backend = CountingBackend::to(Arc::new(MemoryBackend::new()));
    let instance = async |clock: &ManualClock| {
        let store = TaskStore::new(backend.clone()).with_clock(clock.clone());
        let server = server_with(store).0.session_keys([key(1)]).serve_limits(limits.clone());
        listening(server.lease(60 * MINUTE)).await
    };
    let (behind, ahead) = (ManualClock::new(), ManualClock::new());
    ahead.advance(MINUTE).await;
    let ((_one, slow), (_other, fast)) = (instance(&behind).await, instance(&ahead).await);
    let (earlier, later) = (Legacy::begin(&slow).await, Legacy::begin(&fast).await);
    let everywhere = async || {
        let mut found = Vec::new();
        for (session, http) in [(&earlier, &slow), (&earlier, &fast), (&later, &slow), (&later, &fast)] {
            found.push(status(&Legacy { http: http.clone(), ..session.clone() }).await);
        }
        found
    };
    assert_eq!(everywhere().await, [200; 4]);
    for clock in [&behind, &ahead] {
        clock.advance(9 * MINUTE).await;
    }
    // Each goes by its own clock: the one that is ahead gives an id up by as much earlier.
    assert_eq!(everywhere().await, [200, 404, 200, 200]);
    ahead.advance(MINUTE).await;
    behind.advance(MINUTE).await;
    assert_eq!(everywhere().await, [404, 404, 200, 404]);
}
