//! The budget of bytes: bodies that do not come to their end, calls whose client has gone, answers and states that nobody
//! reads, resources that are followed.

use std::{sync::atomic::Ordering, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode, request::Parts},
};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use pmcp_server::{Authenticator, Challenge, ServeLimits, pmcp_tasks::security::Principal};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tower::ServiceExt as _;

use crate::{
    alone::{alone, assert_growth, resident},
    fixture::{GATE, HELD, STEPS, ask, begin, message, modern, request, routes, send, server},
};

const MIB: usize = 1 << 20;

fn small() -> ServeLimits {
    ServeLimits { buffered: 32 * MIB, ..ServeLimits::default() }
}

#[test]
fn unfinished_bodies_take_no_more_than_the_budget() {
    alone("budget::unfinished_bodies_take_no_more_than_the_budget", async {
        let routes = routes(small());
        let before = resident();
        let mut waiting = Vec::new();
        let mut refused = 0;
        for _ in 0..60 {
            let parts = (0..3).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; MIB])));
            let body = Body::from_stream(stream::iter(parts.collect::<Vec<_>>()).chain(stream::pending()));
            let request = Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
            let mut answer = Box::pin(routes.clone().oneshot(request.body(body).unwrap()));
            let mut answered = answer.as_mut().now_or_never();
            // After each part it lets others have their turn.
            for _ in 0..3 {
                tokio::task::yield_now().await;
                answered = match answered {
                    None => answer.as_mut().now_or_never(),
                    answered => answered,
                };
            }
            match answered {
                Some(answer) => {
                    let answer = answer.unwrap();
                    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
                    assert_eq!(answer.headers()["retry-after"], "1");
                    refused += 1;
                }
                None => waiting.push(answer),
            }
        }
        assert_growth(before, (32 + 16) << 10, "60 bodies that lack their last byte, of 3 MiB each");
        assert_eq!((waiting.len(), refused), (10, 50));
        // What is small gets through all the same, and what has gone gives its bytes back.
        assert_eq!(ask(&routes, None, &modern(1, "tools/list", json!({}))).await.0, StatusCode::OK);
        let large = modern(2, "tools/list", json!({ "padding": "x".repeat(3 * MIB) }));
        assert_eq!(ask(&routes, None, &large).await.0, StatusCode::SERVICE_UNAVAILABLE);
        drop(waiting);
        assert_eq!(ask(&routes, None, &large).await.0, StatusCode::OK);
    });
}

#[test]
fn calls_whose_client_has_gone_take_no_more_than_the_budget() {
    alone("budget::calls_whose_client_has_gone_take_no_more_than_the_budget", async {
        let routes = routes(small());
        let session = begin(&routes).await;
        // The costliest values.
        let items: Vec<_> = (0..4_900).map(|_| json!({ "": 0 })).collect();
        let call = message(2, "tools/call", json!({ "name": "hold", "arguments": { "items": items } }));
        let before = resident();
        let mut refused = 0;
        for begun in 1..=30 {
            let mut call = call.clone();
            call["id"] = (begun + 2).into();
            let held = async || {
                while HELD.load(Ordering::SeqCst) + refused < begun {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                response = send(&routes, Some(&session), &call) => {
                    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
                    refused += 1;
                }
                () = held() => {}
            }
        }
        drop(call);
        eprintln!("{refused} were refused");
        assert_growth(before, (32 + 16) << 10, "30 calls whose client has gone, of 9,800 values each");
        assert!((1..30).contains(&refused), "{refused}");
        GATE.add_permits(30);
        while HELD.load(Ordering::SeqCst) > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(ask(&routes, Some(&session), &message(1000, "ping", json!({}))).await.0, StatusCode::OK);
    });
}

/// A call whose answer has so many bytes.
fn give(id: u32, bytes: usize) -> Value {
    modern(id, "tools/call", json!({ "name": "give", "arguments": { "bytes": bytes } }))
}

#[tokio::test]
async fn a_response_there_is_no_room_for_is_told_as_that() {
    let routes = routes(ServeLimits { buffered: MIB, ..ServeLimits::default() });
    let unread = send(&routes, None, &give(1, 600_000)).await;
    assert_eq!(unread.status(), StatusCode::OK);
    let refused = send(&routes, None, &give(2, 600_000)).await;
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
    );
    let (_, refused) = ask(&routes, None, &give(3, 600_000)).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(3), &json!(-32603)));
    assert_eq!(ask(&routes, None, &give(4, 10_000)).await.0, StatusCode::OK);
    drop(unread);
    assert_eq!(ask(&routes, None, &give(5, 600_000)).await.0, StatusCode::OK);
}

#[test]
fn a_subscription_that_nobody_reads_holds_a_state_and_not_each() {
    alone("budget::a_subscription_that_nobody_reads_holds_a_state_and_not_each", async {
        let routes = routes(ServeLimits::default());
        let create = modern(1, "tools/call", json!({ "name": "change", "arguments": {} }));
        let (_, created) = ask(&routes, None, &create).await;
        let id = created["result"]["taskId"].as_str().unwrap().to_owned();
        let listen = json!({ "notifications": { "taskIds": [id] } });
        let before = resident();
        let mut unread = Vec::new();
        for subscription in 0..20 {
            unread.push(send(&routes, None, &modern(subscription, "subscriptions/listen", listen.clone())).await);
        }
        // Each change is seen before the next one is made.
        for change in 1..=40 {
            GATE.add_permits(1);
            while STEPS.load(Ordering::SeqCst) < change {
                tokio::task::yield_now().await;
            }
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
        }
        assert_growth(before, 40 << 10, "20 streams that nobody reads, with 40 states of 200 KB each");
        // Whoever reads in the end is told the latest state.
        let mut text = String::new();
        let mut body = unread.pop().unwrap().into_body().into_data_stream();
        while !text.contains("\"step\":40") {
            text += std::str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
        }
        let states = text.lines().filter(|line| line.contains("notifications/tasks")).count();
        assert!(states <= 4, "{states}");
    });
}

/// Sockets for which the system keeps little, so that what is not read stays in the server.
fn socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_send_buffer_size(16 << 10).unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket
}

#[tokio::test]
async fn answers_that_connections_do_not_read_are_counted() {
    for accept in ["application/json", "text/event-stream"] {
        let listening = socket();
        listening.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let server = server(ServeLimits { buffered: 4 * MIB, ..ServeLimits::default() });
        let running = server.start_on(listening.listen(64).unwrap()).unwrap();
        // Asks for a large answer, and reads its status alone.
        let ask = async || -> (TcpStream, u16) {
            let mut stream = socket().connect(running.address()).await.unwrap();
            let call = give(1, 600_000).to_string();
            let head = format!(
                "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: {accept}\r\n\
                 MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: give\r\n\
                 Content-Length: {}\r\n\r\n",
                call.len()
            );
            stream.write_all((head + &call).as_bytes()).await.unwrap();
            let mut begin = [0; 12];
            stream.read_exact(&mut begin).await.unwrap();
            (stream, std::str::from_utf8(&begin[9..]).unwrap().parse().unwrap())
        };
        let mut unread = Vec::new();
        let refused = loop {
            match ask().await {
                (stream, 200) => unread.push(stream),
                (_, status) => break status,
            }
            assert!(unread.len() < 7, "{accept}");
        };
        assert_eq!((unread.len(), refused), (6, 503), "{accept}");
        // Who goes makes room.
        unread.pop();
        let answered = async { while ask().await.1 != 200 {} };
        tokio::time::timeout(Duration::from_secs(20), answered).await.unwrap();
    }
}

/// Believes headers: a user, and the client that acts for them.
#[derive(Debug)]
struct Believing;

#[async_trait::async_trait]
impl Authenticator for Believing {
    async fn authenticate(&self, request: &Parts) -> Result<Principal, Challenge> {
        let text = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        Ok(Principal { client: Some(text("x-client")), ..Principal::subject(text("x-user")) })
    }
}

#[tokio::test]
async fn an_owner_with_many_clients_leaves_others_their_part() {
    let server = server(ServeLimits { buffered: 8 * MIB, ..ServeLimits::default() });
    let routes = server.authenticator(Believing).into_router().unwrap().0;
    let ask = async |user: &str, client: usize| {
        let call = give(1, 600_000);
        let request = request(&call).header("x-user", user).header("x-client", client);
        routes.clone().oneshot(request.body(Body::from(call.to_string())).unwrap()).await.unwrap()
    };
    let mut unread = Vec::new();
    for client in 0..20 {
        let response = ask("greedy", client).await;
        if response.status() == StatusCode::OK {
            unread.push(response);
        } else {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
    // Seven eighths of it.
    assert_eq!(unread.len(), 12);
    let other = ask("other", 0).await;
    assert_eq!(other.status(), StatusCode::OK);
    assert_eq!(ask("greedy", 0).await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn followed_resources_are_counted_for_as_long_as_they_are() {
    let routes = routes(ServeLimits { buffered: MIB, ..ServeLimits::default() });
    let (first, second) = (begin(&routes).await, begin(&routes).await);
    let ask = async |session: &str, method: &str, item: usize| {
        let uri = format!("load://item/{item:08000}");
        ask(&routes, Some(session), &message(1, method, json!({ "uri": uri }))).await.1
    };
    let mut followed = 0;
    let refused = loop {
        let answer = ask(&first, "resources/subscribe", followed).await;
        if answer["result"].is_null() {
            break answer;
        }
        followed += 1;
        assert!(followed < 200);
    };
    assert_eq!(refused["error"]["code"], -32603);
    assert!((120..=MIB / 8000).contains(&followed), "{followed}");
    assert_eq!(ask(&second, "resources/subscribe", 0).await["error"]["code"], -32603);
    ask(&first, "resources/unsubscribe", 0).await;
    assert_eq!(ask(&second, "resources/subscribe", 0).await["result"], json!({}));
    assert_eq!(ask(&second, "resources/subscribe", 1).await["error"]["code"], -32603);
    // Those of a session go with it.
    let end = Request::delete("/mcp").header("host", "localhost").header("mcp-session-id", &first);
    let ended = routes.clone().oneshot(end.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let subscribed = async { while ask(&second, "resources/subscribe", 1).await["result"].is_null() {} };
    tokio::time::timeout(Duration::from_secs(20), subscribed).await.unwrap();
}
