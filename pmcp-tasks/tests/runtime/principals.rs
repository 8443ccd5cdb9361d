//! Who a caller is decides whose tasks it sees: the subject before the client, and each within its issuer.

use std::collections::BTreeSet;

use pmcp_tasks::{
    Limits, RpcError, ToolResult,
    call::{Caller, Revision},
    router::Execution,
    security::Principal,
    task::{Owner, OwnerKind},
};
use serde_json::{Map, json};

use crate::support::*;

fn principal(issuer: &str, subject: Option<&str>, client: Option<&str>) -> Principal {
    Principal {
        issuer: issuer.into(),
        subject: subject.map(str::to_owned),
        client: client.map(str::to_owned),
        scopes: BTreeSet::new(),
        claims: Map::new(),
    }
}

/// A client of whoever an authenticator found.
fn client_of(server: &Server, revision: Revision, principal: &Principal) -> Client {
    let mut client = server.client(revision, principal.owner().unwrap());
    client.cx.caller =
        Caller::Known { owner: principal.owner().unwrap(), principal: Some(principal.clone()), may_list: true };
    client
}

#[test]
fn the_owner_is_the_subject_else_the_client_of_its_issuer() {
    for (principal, owner) in [
        (principal("i", Some("s"), Some("c")), Some((OwnerKind::Subject, "i", "s"))),
        (principal("i", Some("s"), None), Some((OwnerKind::Subject, "i", "s"))),
        (principal("i", None, Some("c")), Some((OwnerKind::Client, "i", "c"))),
        (principal("", Some("s"), Some("s")), Some((OwnerKind::Subject, "", "s"))),
        // A subject without a name is one: it does not become its client.
        (principal("i", Some(""), Some("c")), Some((OwnerKind::Subject, "i", ""))),
        (principal("i", None, None), None),
    ] {
        let expected = owner.map(|(kind, issuer, subject)| Owner::new(kind, issuer, subject));
        assert_eq!(principal.owner(), expected, "{principal:?}");
    }
    assert_eq!(Principal::subject("s").owner(), Some(Owner::new(OwnerKind::Subject, "", "s")));
}

/// Names an authenticator may find, and that would run together if they were joined by any of their characters.
fn names() -> Vec<String> {
    [
        "", "a", ":", "a:", ":a", "a:a", "#", "a#a", "/", "a/a", "\0", "a\0", "\0a", "a\0a", "🦀", "a🦀", "é",
        "e\u{301}", "%3A", "A",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(["x".repeat(4096), "x".repeat(4095), "🦀".repeat(1024)])
    .collect()
}

/// Every way to be somebody with these names: as a subject, and as a client that acts for itself.
fn principals() -> Vec<Principal> {
    let names = names();
    names
        .iter()
        .flat_map(|issuer| names.iter().map(move |name| (issuer, name)))
        .flat_map(|(issuer, name)| [principal(issuer, Some(name), None), principal(issuer, None, Some(name))])
        .collect()
}

#[test]
fn no_two_of_any_names_have_one_key() {
    let principals = principals();
    let keys: std::collections::HashSet<_> = principals.iter().map(|one| one.owner().unwrap().key()).collect();
    assert_eq!(keys.len(), principals.len());
}

#[test]
fn claims_and_the_client_of_a_user_do_not_change_whose_tasks_they_are() {
    let mut other = principal("i", Some("s"), Some("another client"));
    other.claims.insert("scope".into(), json!("tasks"));
    assert_eq!(principal("i", Some("s"), Some("c")).owner().unwrap().key(), other.owner().unwrap().key());
}

fn bytes(error: &RpcError) -> Vec<u8> {
    serde_json::to_vec(error).unwrap()
}

#[tokio::test]
async fn tasks_of_any_names_are_their_owners_alone() {
    let server = Server::with(Limits { tasks_per_owner: 1, ..Limits::default() });
    let _alive = server.world.never_ends("required");
    let names = names();
    // Every name as a subject and as a client of three issuers, one of which has the name of another's client.
    let principals: Vec<_> = names
        .iter()
        .flat_map(|name| ["", "a", "a:"].map(|issuer| (issuer, name)))
        .flat_map(|(issuer, name)| [principal(issuer, Some(name), Some("a")), principal(issuer, None, Some(name))])
        .collect();
    let mut tasks = Vec::new();
    for principal in &principals {
        // A quota of one: each counts its own.
        let id = client_of(&server, Revision::V2026, principal).start("required").await;
        tasks.push(id);
    }
    let unknown = "00000000-0000-4000-8000-000000000000";
    for (n, principal) in principals.iter().enumerate() {
        let (old, new) =
            (client_of(&server, Revision::V2025, principal), client_of(&server, Revision::V2026, principal));
        assert_eq!(old.page(None).await.0, [tasks[n].clone()]);
        assert_eq!(
            (old.status(&tasks[n]).await.as_str(), new.status(&tasks[n]).await.as_str()),
            ("working", "working")
        );
        // The neighbours differ in the kind, the issuer or the name alone.
        let others = [n + 1, n + 2, n + 6].map(|other| &tasks[other % tasks.len()]);
        for other in others {
            for method in ["tasks/get", "tasks/cancel", "tasks/update", "tasks/result"] {
                for client in [&old, &new].into_iter().take(if method == "tasks/result" { 1 } else { 2 }) {
                    let ask = |id: &str| client.request(method, json!({ "taskId": id, "inputResponses": {} }));
                    let (theirs, nobodys) = (ask(other).await.unwrap_err(), ask(unknown).await.unwrap_err());
                    assert_eq!((theirs.code, bytes(&theirs)), (-32602, bytes(&nobodys)), "{method}: {principal:?}");
                }
            }
        }
        let heard = new.listen(&[others[0], &tasks[n], others[2]]).await.unwrap().unwrap();
        assert_eq!(heard.accepted(), [tasks[n].clone()]);
    }
}

#[tokio::test]
async fn a_function_learns_who_calls_as_the_authenticator_found_it() {
    let server = Server::new();
    server.world.on("plain", |_, cx| async move {
        let cx = cx.tool();
        let principal = cx.principal().unwrap();
        assert_eq!(cx.owner(), principal.owner().as_ref());
        Ok(ToolResult::text(format!("{:?}", (&principal.issuer, &principal.subject, &principal.client))))
    });
    for principal in [principal("i", Some("s"), Some("c")), principal("i", None, Some("\0🦀"))] {
        let client = client_of(&server, Revision::V2025, &principal);
        let expected = format!("{:?}", (&principal.issuer, &principal.subject, &principal.client));
        assert_eq!(text_of(&client.call("plain", json!({})).await.unwrap()), expected);
    }
}

/// Has the tool tell who called, and progress.
fn tells_who_called(server: &Server) {
    server.world.on("restarting", |_, cx| async move {
        let cx = cx.tool();
        let principal = cx.principal().unwrap();
        assert!(principal.claims.is_empty() && cx.owner() == principal.owner().as_ref());
        cx.progress(1, 2).await;
        Ok(ToolResult::text(format!("{:?}", (&principal.issuer, &principal.subject, &principal.client))))
    });
}

#[tokio::test]
async fn a_caller_stays_known_when_its_task_is_taken_over() {
    let cluster = Cluster::new();
    let (one, mut who) = (cluster.dead(), principal("i", Some("s"), Some("c")));
    who.claims.insert("secret".into(), json!("claim"));
    let _gate = gated(&one, "restarting", "one", &cluster.log);
    let id = client_of(&one, Revision::V2026, &who).start("restarting").await;
    settle().await;
    let other = cluster.alive();
    tells_who_called(&other);
    cluster.two_periods().await;
    let client = client_of(&other, Revision::V2026, &who);
    let task = client.until(&id, "completed").await;
    assert_eq!(text_of(&task["result"]), format!("{:?}", (&who.issuer, &who.subject, &who.client)));
    assert!(!task.to_string().contains("claim"));
}

#[tokio::test]
async fn a_caller_stays_known_and_hears_progress_when_its_task_was_queued() {
    let cluster = Cluster::new();
    let server = cluster.with(|router| router.execution(Execution::Queued).worker(1));
    tells_who_called(&server);
    let who = principal("i", None, Some("c"));
    let client = client_of(&server, Revision::V2025, &who);
    let params = json!({ "name": "restarting", "task": {}, "_meta": { "progressToken": "p" } });
    let id = id_of(&client.create_with(params).await.unwrap());
    cluster.clock.advance(seconds(1)).await;
    client.until(&id, "completed").await;
    let expected = format!("{:?}", (&who.issuer, &who.subject, &who.client));
    assert_eq!(text_of(&client.result(&id).await.unwrap()), expected);
    let [progress] = &client.session.notified("notifications/progress")[..] else { panic!("no progress") };
    assert_eq!((&progress["progressToken"], &progress["progress"]), (&json!("p"), &json!(1)));
}
