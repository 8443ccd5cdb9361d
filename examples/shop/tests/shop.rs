//! The shop over real HTTP, with processes that come and go.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod running;

use pmcp_client::{Client, ClientError, TaskStatus};
use running::{OPERATOR, Running, Shop, URL, consenting, order, payable, undecided, until};
use serde_json::{Value, json};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// The text of a result with `isError`.
fn mistake(result: &pmcp_client::ToolResult) -> &str {
    assert!(result.is_error, "{result:?}");
    result.first_text().unwrap()
}

async fn orders(client: &Client) -> Value {
    let listed = client.call_tool("list_orders", json!({})).await.unwrap().into_result().unwrap();
    listed.structured.unwrap()
}

#[tokio::test]
async fn an_order_is_put_aside_agreed_to_paid_and_sent() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    assert_eq!(running.get("/healthz").await.status, 200);
    let ana = shop.customer(&running, "ana").await;
    let catalogue = ana.read_resource("shop://catalogue").await.unwrap();
    let catalogue: Value = serde_json::from_str(catalogue["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(catalogue[0], json!({ "name": "pears", "cents": 199, "left": 20 }));
    let prompt = ana.get_prompt("choose_present", json!({ "person": "Bo", "goods": "pears" })).await.unwrap();
    assert!(prompt["messages"][1]["content"]["text"].as_str().unwrap().contains("present for Bo"), "{prompt}");

    let task = order(&ana, 2).await;
    let page = payable(&task).await;
    assert_eq!(page, format!("{URL}/shop/orders/{}", task.id()));
    assert!(running.get(&page).await.text.contains("<p>€ 3.98: put aside until they are paid."));
    assert_eq!(running.pears().await, 18);
    assert_eq!(running.pay(task.id(), 398).await, 202);
    assert_eq!(running.pay(task.id(), 398).await, 200);
    let receipt = task.wait().await.unwrap().structured.unwrap();
    let expected = json!({ "goods": "pears", "quantity": 2, "cents": 398, "paid_by": "Ana", "card": "With love" });
    assert_eq!(receipt, expected);
    assert_eq!(task.get().await.unwrap().message.as_deref(), Some("paid, and on its way"));
    assert!(running.get(&page).await.text.contains("paid, and on their way"));
    assert_eq!(orders(&ana).await[0]["state"], "sent");
    assert_eq!(running.pay(task.id(), 398).await, 200);
}

#[tokio::test]
async fn a_customer_has_no_part_in_the_orders_of_another() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let (ana, bo) = (shop.customer(&running, "ana").await, shop.customer(&running, "bo").await);
    let task = order(&ana, 1).await;
    payable(&task).await;
    assert_eq!(orders(&bo).await, json!([]));
    let told = async |id: &str| match bo.task(id).get().await {
        Err(ClientError::Rpc(error)) => (error.code, error.message.replace(id, "")),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(task.id()).await, told(UNKNOWN).await);
    assert!(matches!(bo.task(task.id()).cancel().await, Err(ClientError::Rpc(_))));
    assert_eq!(task.get().await.unwrap().status, TaskStatus::Working);
    // Nor has she with a token that does not let her order.
    let reading = shop.token("ana", "orders:read", &[]);
    let reading = running.connect(consenting().bearer(reading)).await;
    assert!(matches!(reading.task(task.id()).get().await, Err(ClientError::Rpc(_))));
    assert_eq!(orders(&reading).await[0]["id"], task.id());
}

#[tokio::test]
async fn a_customer_s_page_takes_the_tokens_of_mcp_and_has_the_same_orders() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let ana = shop.customer(&running, "ana").await;
    let task = order(&ana, 1).await;
    payable(&task).await;
    let bearer = |subject, scope| format!("Bearer {}", shop.token(subject, scope, &[]));
    let (reading, other) = (bearer("ana", "orders:read"), bearer("bo", "orders:read orders:write"));
    let mine = running.visit("/shop/orders", &[&reading]).await;
    assert_eq!((mine.status, &mine.json()), (200, &orders(&ana).await));
    assert_eq!(mine.headers["cache-control"], "no-store");
    assert_eq!(running.visit("/shop/orders", &[&other]).await.json(), json!([]));
    let useless = running.visit("/shop/orders", &[&bearer("ana", "mail")]).await;
    assert_eq!(
        (useless.status, useless.challenge()),
        (403, "Bearer error=\"insufficient_scope\", scope=\"orders:read\"")
    );
    let forged = format!("Bearer {}", Shop::new().token("ana", "orders:read", &[]));
    let operator = format!("Bearer {OPERATOR}");
    for wrong in [&[][..], &[&*forged], &[&*operator], &["Bearer "], &[&*reading, &*other], &[&*reading, &*reading]] {
        let refused = running.visit("/shop/orders", wrong).await;
        assert_eq!((refused.status, &*refused.text), (401, ""), "{wrong:?}");
    }
}

#[tokio::test]
async fn whoever_has_no_token_or_the_wrong_one_is_told_what_to_do() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let metadata = format!("{URL}/.well-known/oauth-protected-resource/shop/mcp");

    let none = running.ask(None, "tools/list", json!({})).await;
    assert_eq!(none.status, 401);
    assert_eq!(none.challenge(), format!("Bearer scope=\"orders:read\", resource_metadata=\"{metadata}\""));
    let told = running.get(&metadata).await.json();
    assert_eq!(told["resource"], format!("{URL}/shop/mcp"));
    assert_eq!(told["authorization_servers"], json!([format!("{URL}/issuer")]));
    assert_eq!(told["scopes_supported"], json!(["orders:read"]));

    let all = "orders:read orders:write";
    let elsewhere = shop.token("ana", all, &["--audience", "https://other.example.com/mcp"]);
    let stranger = Shop::new().token("ana", all, &[]);
    for wrong in [&*elsewhere, &*stranger, "x"] {
        let refused = running.ask(Some(wrong), "tools/list", json!({})).await;
        assert_eq!((refused.status, &*refused.text), (401, ""));
        assert!(refused.challenge().contains("error=\"invalid_token\""), "{}", refused.challenge());
    }
    let useless = running.ask(Some(&shop.token("ana", "mail", &[])), "tools/list", json!({})).await;
    assert_eq!(useless.status, 403);
    assert!(useless.challenge().contains("error=\"insufficient_scope\", scope=\"orders:read\""));
}

#[tokio::test]
async fn who_may_only_read_is_told_what_ordering_takes() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let reading = shop.token("ana", "orders:read", &[]);
    let tools = running.ask(Some(&reading), "tools/list", json!({})).await.json();
    let names: Vec<_> = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names[..2], ["place_order", "list_orders"]);
    let call = json!({ "name": "place_order", "arguments": { "goods": "pears", "quantity": 1 } });
    let refused = running.ask(Some(&reading), "tools/call", call).await;
    assert_eq!(refused.status, 403);
    let needed = "error=\"insufficient_scope\", scope=\"orders:read orders:write\"";
    assert!(refused.challenge().contains(needed), "{}", refused.challenge());
    // The client asks its user, and comes back with what it got.
    let stepped_up = shop.customer(&running, "ana").await;
    payable(&order(&stepped_up, 1).await).await;
}

#[tokio::test]
async fn an_order_that_waits_for_its_payment_outlives_the_process() {
    let shop = Shop::new();
    // There is nothing to finish.
    let first = shop.open(&["--grace", "3600"]).await;
    let ana = shop.customer(&first, "ana").await;
    let task = order(&ana, 3).await;
    payable(&task).await;
    first.terminate();
    assert!(first.ended().await.success());

    let second = shop.open(&[]).await;
    let ana = shop.customer(&second, "ana").await;
    let task = ana.task(task.id());
    assert_eq!(second.health(200).await["tasks"]["draining"], false);
    assert_eq!(second.pay(task.id(), 597).await, 202);
    assert_eq!(task.wait().await.unwrap().structured.unwrap()["cents"], 597);
    let look = second.operate("GET", &format!("/orders/{}", task.id())).await.json();
    assert_eq!(look["attempt"], 2);
    assert_eq!(look["steps"], json!({ "reserve": { "Made": { "cents": 597 } }, "send": null }));
    assert_eq!(
        look["signals"]["paid"],
        json!({ "payment": format!("payment of {}", task.id()), "cents": 597, "by": "Ana" })
    );
    assert_eq!(second.pears().await, 17);
}

#[tokio::test]
async fn whoever_tells_it_to_end_twice_has_waited_enough() {
    let shop = Shop::new();
    let running = shop.open(&["--grace", "3600"]).await;
    let id = paid_early(&shop, &running).await;
    let database = shop.database();
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ana = shop.customer(&running, "ana").await;
    let task = ana.task(&id);
    let _waiting = tokio::spawn(async move { task.wait().await });
    at_its_database(&running).await;
    running.terminate();
    assert_eq!(running.health(503).await["tasks"]["draining"], true);
    let refused = ana.call_tool("place_order", json!({ "goods": "pears", "quantity": 1 })).await;
    assert!(matches!(&refused, Err(ClientError::Rpc(error)) if error.message.contains("shutting down")), "{refused:?}");
    running.terminate();
    assert!(running.ended().await.success());
}

#[tokio::test]
async fn nobody_else_on_the_machine_reads_its_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    order(&shop.customer(&running, "ana").await, 1).await;
    let mut names = Vec::new();
    for file in shop.files() {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    assert!(
        ["shop.db", "tasks.db", "issuer.key"].iter().all(|name| names.iter().any(|file| file == name)),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_secret_that_is_short_is_none() {
    let shop = Shop::new();
    for name in ["SHOP_PAYMENT_SECRET", "SHOP_OPERATOR_TOKEN", "SHOP_SESSION_KEY"] {
        assert!(shop.role(&[]).set(name, "short").start("listening on ").await.is_err(), "{name}");
    }
    let off = shop.role(&[]).set("SHOP_OPERATOR_TOKEN", " ").start("listening on ").await.unwrap();
    assert_eq!(Running::of(off).operate("GET", "/workers").await.status, 404);
}

#[tokio::test]
async fn a_payment_that_comes_before_the_consent_is_kept_across_a_restart() {
    let shop = Shop::new();
    let first = shop.open(&["--grace", "0"]).await;
    let token = shop.token("ana", "orders:read orders:write", &[]);
    let ana = first.connect(undecided().bearer(&*token)).await;
    let task = order(&ana, 1).await;
    until(&task, |state| state.status == TaskStatus::InputRequired).await;
    assert_eq!(first.pay(task.id(), 199).await, 202);
    first.terminate();
    assert!(first.ended().await.success());

    let second = shop.open(&[]).await;
    let ana = shop.customer(&second, "ana").await;
    let receipt = ana.task(task.id()).wait().await.unwrap().structured.unwrap();
    assert_eq!(receipt["paid_by"], "Ana");
}

#[tokio::test]
async fn a_session_outlives_the_process_for_whoever_began_it() {
    let shop = Shop::new();
    let first = shop.open(&["--grace", "0"]).await;
    let (ana, bo) = (shop.token("ana", "orders:read", &[]), shop.token("bo", "orders:read", &[]));
    let client =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "c", "version": "1" } });
    let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": client });
    let begun = first.say(&ana, None, initialize).await;
    let id = begun.headers.get("mcp-session-id").unwrap().to_str().unwrap();
    first.terminate();
    assert!(first.ended().await.success());

    let second = shop.open(&[]).await;
    let ask = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    assert_eq!(second.say(&ana, Some(id), ask.clone()).await.status, 200);
    assert_eq!(second.say(&bo, Some(id), ask).await.status, 404);
}

#[tokio::test]
async fn an_order_that_nobody_pays_is_given_up_after_a_reminder() {
    let shop = Shop::new();
    let running = shop.open(&["--remind", "0", "--patience", "2"]).await;
    let ana = shop.customer(&running, "ana").await;
    let task = order(&ana, 1).await;
    until(&task, |state| state.variables.as_ref().is_some_and(|all| all["reminded"] == true)).await;
    assert_eq!(running.pears().await, 19);
    assert_eq!(mistake(&task.wait().await.unwrap()), "nobody paid in time: nothing is sent");
    put_back(&running).await;
    assert_eq!(running.pay(task.id(), 199).await, 410);
    assert!(running.get(&format!("/shop/orders/{}", task.id())).await.text.contains("not ordered any more"));
}

#[tokio::test]
async fn what_cannot_be_ordered_is_said_and_puts_nothing_aside() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let ana = shop.customer(&running, "ana").await;
    let told = async |goods: &str, quantity: u32| {
        let wanted = json!({ "goods": goods, "quantity": quantity });
        mistake(&ana.call_and_wait("place_order", wanted).await.unwrap()).to_owned()
    };
    assert_eq!(told("gold", 1).await, "no `gold` are sold: see shop://catalogue");
    assert_eq!(told("quinces", 6).await, "5 quinces are left");
    assert!(told("pears", 11).await.contains("quantity"));
    let no = Client::builder("customer", "1").on_elicit(|_| async { pmcp_client::ElicitAnswer::Decline });
    let no = running.connect(no.bearer(shop.token("ana", "orders:read orders:write", &[]))).await;
    assert_eq!(mistake(&order(&no, 1).await.wait().await.unwrap()), "nothing was ordered");
    put_back(&running).await;
}

#[tokio::test]
async fn payments_are_taken_from_the_provider_alone_and_as_they_are_due() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let ana = shop.customer(&running, "ana").await;
    let task = order(&ana, 1).await;
    payable(&task).await;
    let body = json!({ "order": task.id(), "cents": 199, "by": "Eve" }).to_string();
    for forged in [&[][..], &[("x-shop-signature", "")], &[("x-shop-signature", "bm9uZQ==")]] {
        assert_eq!(running.send("POST", "/shop/payments", forged, &body).await.status, 401);
    }
    assert_eq!(running.pay(task.id(), 198).await, 422);
    assert_eq!(running.pay(UNKNOWN, 199).await, 404);
    assert_eq!(running.pay("../..", 199).await, 404);
    assert_eq!(running.get(&format!("/shop/orders/{UNKNOWN}")).await.status, 404);
    assert_eq!(task.get().await.unwrap().status, TaskStatus::Working);
}

#[tokio::test]
async fn whoever_pays_twice_gets_the_second_payment_back() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let ana = shop.customer(&running, "ana").await;
    let task = order(&ana, 1).await;
    payable(&task).await;
    let mut told = Vec::new();
    for payment in ["one", "one", "two", "one"] {
        told.push(running.pay_as(payment, task.id(), 199).await);
    }
    assert_eq!(told, [202, 200, 409, 200]);
    task.wait().await.unwrap();
    assert_eq!((running.pay_as("two", task.id(), 199).await, running.pay_as("one", task.id(), 199).await), (409, 200));
}

/// An order that is paid before its customer has said a word.
async fn paid_early(shop: &Shop, running: &Running) -> String {
    let token = shop.token("ana", "orders:read orders:write", &[]);
    let task = order(&running.connect(undecided().bearer(token)).await, 1).await;
    until(&task, |state| state.status == TaskStatus::InputRequired).await;
    assert_eq!(running.pay(task.id(), 199).await, 202);
    task.id().to_owned()
}

/// Waits until an order that is paid has found the database locked.
async fn at_its_database(running: &Running) {
    let give_up = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !running.log().contains("waits for the shop's database") {
        assert!(std::time::Instant::now() < give_up);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_order_that_is_paid_is_sent_though_the_database_is_away_for_a_while() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let id = paid_early(&shop, &running).await;
    let database = shop.database();
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let ana = shop.customer(&running, "ana").await;
    let task = ana.task(&id);
    let receipt = tokio::spawn(async move { task.wait().await });
    // Strangers and customers are told nothing of it.
    assert_eq!(running.get(&format!("/shop/orders/{id}")).await.status, 200);
    at_its_database(&running).await;
    let refused = running.pay_as("another", &id, 199).await;
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(refused, 503);
    assert_eq!(receipt.await.unwrap().unwrap().structured.unwrap()["paid_by"], "Ana");
    assert!(running.get(&format!("/shop/orders/{id}")).await.text.contains("paid, and on their way"));
}

#[tokio::test]
async fn an_order_that_ends_paid_and_not_sent_is_left_to_people() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let id = paid_early(&shop, &running).await;
    assert_eq!(running.operate("POST", &format!("/orders/{id}/cancel")).await.status, 204);
    let page = running.get(&format!("/shop/orders/{id}")).await;
    assert!(page.text.contains("paid: somebody of the shop is looking into it"), "{}", page.text);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(running.pears().await, 19);
    assert_eq!(running.pay(&id, 199).await, 200);
    assert!(running.log().contains("somebody has to see to it"));
}

#[tokio::test]
async fn goods_of_a_cancelled_order_are_put_back() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    let ana = shop.customer(&running, "ana").await;
    let (one, other) = (order(&ana, 1).await, order(&ana, 2).await);
    payable(&one).await;
    payable(&other).await;
    assert_eq!(running.pears().await, 17);

    let path = format!("/orders/{}", one.id());
    let token = shop.token("ana", "orders:read orders:write", &[]);
    for stranger in [format!("Bearer {token}"), "Bearer x".into(), String::new()] {
        let headers = [("authorization", &*stranger)];
        assert_eq!(running.send("GET", &format!("/operator{path}"), &headers, "").await.status, 401);
    }
    // Of two tokens a proxy may have checked the other one.
    let known = format!("Bearer {OPERATOR}");
    for several in [[&*known, "Bearer x"], ["Bearer x", &*known], [&*known, &*known]] {
        assert_eq!(running.visit(&format!("/operator{path}"), &several).await.status, 401);
    }
    let look = running.operate("GET", &path).await.json();
    assert_eq!((&look["owner"]["subject"], &look["arguments"]["goods"]), (&json!("ana"), &json!("pears")));
    assert!(look["awaited_signals"]["paid"].is_object(), "{look}");
    assert_eq!(running.operate("GET", "/workers").await.json().as_array().unwrap().len(), 1);
    assert_eq!(running.operate("POST", &format!("{path}/cancel")).await.status, 204);
    assert_eq!(running.pears().await, 18);
    assert_eq!(running.operate("POST", &format!("{path}/cancel")).await.status, 409);
    assert_eq!(running.operate("GET", &format!("/orders/{UNKNOWN}")).await.status, 404);

    other.cancel().await.unwrap();
    put_back(&running).await;
}

/// Asks until the pears are back: those of an order that ended elsewhere are looked for now and then.
async fn put_back(running: &Running) {
    let give_up = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while running.pears().await != 20 {
        assert!(std::time::Instant::now() < give_up);
    }
}

#[tokio::test]
async fn without_its_tasks_it_is_not_healthy() {
    let shop = Shop::new();
    let running = shop.open(&[]).await;
    running.health(200).await;
    shop.remove_tasks();
    let health = running.health(503).await;
    assert_eq!((&health["tasks"]["store"]["reachable"], &health["stock"]), (&json!(false), &json!(true)));
}
