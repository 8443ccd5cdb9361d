//! The shop as a process, and everybody who has to do with it: customers, the payment provider, operators.

use std::{
    fs,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use pmcp_client::{Client, ClientBuilder, ElicitAnswer, TaskHandle, TaskState, transport_for};
use processes::{Child, Place, Role};
use ring::hmac;
use serde_json::{Value, json};

/// The URL that others have of the shop, whichever port a process of it has.
pub(crate) const URL: &str = "http://shop.test";

/// The token of operators.
pub(crate) const OPERATOR: &str = "known-to-operators";

const SECRET: &str = "known-to-the-provider";
const SESSIONS: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// Time a test waits on a machine that does much else; only a failing one waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer over HTTP.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// The value of `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> &str {
        self.headers.get("www-authenticate").unwrap().to_str().unwrap()
    }
}

/// The data of a shop, which outlive its processes.
pub(crate) struct Shop(Place);

impl Shop {
    pub(crate) fn new() -> Self {
        Self(Place::sqlite().unwrap())
    }

    /// Its files.
    pub(crate) fn files(&self) -> Vec<fs::DirEntry> {
        fs::read_dir(self.0.path()).unwrap().map(Result::unwrap).collect()
    }

    /// Its database, to be locked.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.0.path().join("shop.db")).unwrap()
    }

    /// The file of its tasks.
    pub(crate) fn remove_tasks(&self) {
        for end in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.0.path().join(format!("tasks.db{end}")));
        }
    }

    /// Starts a process that serves it.
    pub(crate) async fn open(&self, more: &[&str]) -> Running {
        Running::of(self.role(more).start("listening on ").await.unwrap())
    }

    /// The process that serves it, about to be started.
    pub(crate) fn role(&self, more: &[&str]) -> Role {
        let directory = self.0.path().to_str().unwrap();
        let arguments = [&["--http", "127.0.0.1:0", "--url", URL, "--dir", directory], more].concat();
        Role::of(env!("CARGO_BIN_EXE_shop"), &arguments)
            .set("SHOP_PAYMENT_SECRET", SECRET)
            .set("SHOP_OPERATOR_TOKEN", OPERATOR)
            .set("SHOP_SESSION_KEY", SESSIONS)
    }

    /// A token by the command line.
    pub(crate) fn token(&self, subject: &str, scope: &str, more: &[&str]) -> String {
        let directory = self.0.path().to_str().unwrap();
        let told = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["token", "--url", URL, "--dir", directory, "--subject", subject, "--scope", scope])
            .args(more)
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        String::from_utf8(told.stdout).unwrap().trim().to_owned()
    }

    /// A client of this customer.
    pub(crate) async fn customer(&self, running: &Running, subject: &str) -> Client {
        let token = self.token(subject, "orders:read orders:write", &[]);
        running.connect(consenting().bearer(token)).await
    }
}

/// A client whose user says yes.
pub(crate) fn consenting() -> ClientBuilder {
    let yes = |_| async { ElicitAnswer::Accept(json!({ "order": true, "card": "With love" })) };
    Client::builder("customer", "1").on_elicit(yes)
}

/// A client whose user has yet to say something.
pub(crate) fn undecided() -> ClientBuilder {
    Client::builder("customer", "1").on_elicit(|_| std::future::pending())
}

/// A process that serves a shop.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn of(child: Child) -> Self {
        Self { child }
    }

    /// The URL of a path, as it is reached here.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{}", self.child.told(), path.strip_prefix(URL).unwrap_or(path))
    }

    pub(crate) async fn connect(&self, client: ClientBuilder) -> Client {
        client.connect_http(&self.at("/shop/mcp")).await.unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let url = self.at(path);
        let mut request = Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let response = transport_for(&url).unwrap().send(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: head.status.as_u16(), headers: head.headers, text }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    /// A request of MCP 2026-07-28 with this token, or none.
    pub(crate) async fn ask(&self, token: Option<&str>, method: &str, params: Value) -> Reply {
        let name = params["name"].as_str().unwrap_or_default().to_owned();
        let mut params = params;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "customer", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", method),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        if !name.is_empty() {
            headers.push(("mcp-name", &name));
        }
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        self.send("POST", "/shop/mcp", &headers, &body.to_string()).await
    }

    /// A request of MCP 2025-11-25 with this token, in a session unless it begins one.
    pub(crate) async fn say(&self, token: &str, session: Option<&str>, message: Value) -> Reply {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("authorization", &*bearer),
        ];
        headers.extend(
            session.into_iter().flat_map(|id| [("mcp-session-id", id), ("mcp-protocol-version", "2025-11-25")]),
        );
        self.send("POST", "/shop/mcp", &headers, &message.to_string()).await
    }

    /// The provider tells of the payment of an order.
    pub(crate) async fn pay(&self, order: &str, cents: u32) -> u16 {
        self.pay_as(&format!("payment of {order}"), order, cents).await
    }

    /// The provider tells of a payment that has this id.
    pub(crate) async fn pay_as(&self, payment: &str, order: &str, cents: u32) -> u16 {
        let body = json!({ "payment": payment, "order": order, "cents": cents, "by": "Ana" }).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, body.as_bytes()));
        self.send("POST", "/shop/payments", &[("x-shop-signature", &signature)], &body).await.status
    }

    /// A request of an operator.
    pub(crate) async fn operate(&self, method: &str, path: &str) -> Reply {
        let bearer = format!("Bearer {OPERATOR}");
        self.send(method, &format!("/operator{path}"), &[("authorization", &bearer)], "").await
    }

    /// A request of a customer's page with these values of `Authorization`.
    pub(crate) async fn visit(&self, path: &str, authorizations: &[&str]) -> Reply {
        let headers: Vec<_> = authorizations.iter().map(|value| ("authorization", *value)).collect();
        self.send("GET", path, &headers, "").await
    }

    /// Everything it has told on standard error since.
    pub(crate) fn log(&self) -> String {
        self.child.log().join("\n")
    }

    /// How many pears the catalogue has.
    pub(crate) async fn pears(&self) -> u32 {
        let page = self.get("/shop").await.text;
        let row = page.split("<tr>").find(|row| row.contains("pears")).unwrap();
        row.rsplit("<td>").next().unwrap().split(' ').next().unwrap().parse().unwrap()
    }

    /// Asks for its health until the answer is this.
    pub(crate) async fn health(&self, status: u16) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let reply = self.get("/healthz").await;
            if reply.status == status {
                return reply.json();
            }
            assert!(Instant::now() < give_up, "{}", reply.text);
        }
    }

    /// Tells it to end.
    pub(crate) fn terminate(&self) {
        self.child.terminate().unwrap();
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        self.child.ended().await.unwrap()
    }
}

/// Orders pears.
pub(crate) async fn order(client: &Client, quantity: u32) -> TaskHandle {
    let called = client.call_tool("place_order", json!({ "goods": "pears", "quantity": quantity })).await.unwrap();
    called.into_task().unwrap()
}

/// Follows a task until it is as wanted. What it asks is answered meanwhile.
pub(crate) async fn until(task: &TaskHandle, wanted: impl Fn(&TaskState) -> bool + Send + Sync) -> TaskState {
    let mut changes = task.changes();
    let seen = async {
        loop {
            let state = changes.next().await.unwrap().unwrap();
            if wanted(&state) {
                return state;
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap()
}

/// Follows a task until it waits for its payment; returns the page of the order.
pub(crate) async fn payable(task: &TaskHandle) -> String {
    let page = |state: &TaskState| state.variables.as_ref().and_then(|all| all["page"].as_str().map(str::to_owned));
    let state = until(task, |state| page(state).is_some_and(|page| !page.is_empty())).await;
    page(&state).unwrap()
}
