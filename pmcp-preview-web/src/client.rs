//! The client as the page has it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::{AbortHandle, abortable};
use http::HeaderMap;
use js_sys::Function;
use pmcp_client::{ClientError, RequestOptions, Version};
use pmcp_preview_client::{Given, Questions, Session, Tasks, check, has_tasks, refusal};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wasm_bindgen::{JsError, JsValue, prelude::wasm_bindgen};

use crate::{fetch::Fetch, runtime::EventLoop, tell::Tell, wishes::Wishes};

/// The time a server may take to tell what it is.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// Progress of one request that waits for a busy page.
const WAITING: usize = 64;

/// A connection of the page to the server. Whatever it takes and gives is JSON as text.
#[wasm_bindgen]
#[derive(Debug)]
pub struct PageClient {
    session: Session,
    questions: Arc<Questions>,
    /// Requests that have no answer yet, by the numbers that the page gave them.
    open: RefCell<BTreeMap<u32, AbortHandle>>,
}

#[wasm_bindgen]
impl PageClient {
    /// Connects, and tells events from then on: messages of the connection, notifications, questions.
    ///
    /// # Errors
    /// The server cannot be reached from a page or does not let this one in; it refuses; or a wish is none.
    pub async fn connect(wishes: String, tell: Function) -> Result<Self, JsError> {
        let wishes: Wishes = serde_json::from_str(&wishes).map_err(told)?;
        let version = Version::parse(&wishes.protocol).ok_or_else(|| told("the version is not known here"))?;
        let tell = Tell::new(tell);
        let questions = Arc::new(Questions::new(Arc::new(tell.clone())));
        let has_tasks = wishes.tasks && wishes.client.tasks && has_tasks(version, &wishes.capabilities);
        let tasks = (has_tasks && version.has_handshake()).then(|| {
            let (tasks, changes) = Tasks::new();
            (Arc::new(tasks), changes)
        });
        let of_tasks = tasks.as_ref().map(|(tasks, _)| OnceLock::from(tasks.clone())).unwrap_or_default();
        let observed = tell.clone();
        let builder = wishes.client.builder(version, wishes.tasks, questions.clone(), Arc::new(of_tasks));
        let builder = builder.request_timeout(HANDSHAKE).observe(move |from, message| observed.wire(from, message));
        let fetch = Arc::new(Fetch { headers: headers(&wishes.headers)? });
        let client = builder.connect_http_over(Arc::new(EventLoop), fetch, &wishes.url).await.map_err(told)?;
        if !version.has_handshake() {
            // The first message would tell only then that the server does not let us in.
            let reply = client.request_with("server/discover", json!({}), RequestOptions::new()).await.map_err(told)?;
            reply.result.map_err(|error| told(ClientError::Rpc(error)))?;
        }
        let session = Session::new(client, version, wishes.capabilities, tasks, Arc::new(tell), || {});
        Ok(Self { session, questions, open: RefCell::default() })
    }

    /// Passes a request on under a number that no open one has, tells its progress, and gives `{"result": …}` or `{"error": …}`.
    pub async fn request(&self, number: u32, method: String, params: String, progress: Function) -> String {
        if let Err(error) = check(&method) {
            return json!({ "error": error }).to_string();
        }
        // What is no JSON has no parameters.
        let params: Value = serde_json::from_str(&params).unwrap_or_default();
        let (sender, mut told) = mpsc::channel::<Value>(WAITING);
        let request = async {
            let _during = (!Session::is_list(&method, &params)).then(|| self.questions.during_request());
            let tell = move |progress| {
                // A page that is busy misses some.
                let _ = sender.try_send(progress);
            };
            self.session.request(&method, params.clone(), tell).await
        };
        let (request, abort) = abortable(request);
        self.open.borrow_mut().insert(number, abort);
        tokio::pin!(request);
        let answer = loop {
            tokio::select! {
                // What came before the answer is told before it.
                biased;
                Some(params) = told.recv() => {
                    // What the page does with it is its own affair.
                    let _ = progress.call1(&JsValue::NULL, &params.to_string().into());
                }
                answer = &mut request => break answer,
            }
        };
        self.open.borrow_mut().remove(&number);
        let answer = match answer {
            Ok(Ok(result)) => json!({ "result": result }),
            Ok(Err(error)) => json!({ "error": refusal(error) }),
            // Whoever aborts it reads no answer.
            Err(_) => json!({}),
        };
        answer.to_string()
    }

    /// Gives a request up.
    pub fn abort(&self, number: u32) {
        if let Some(abort) = self.open.borrow_mut().remove(&number) {
            abort.abort();
        }
    }

    /// Answers a question of the server; false if it is not open.
    pub fn answer(&self, question: u32, action: &str, content: &str) -> bool {
        let given = match action {
            // What is no JSON is nothing.
            "accept" => Given::Accept(serde_json::from_str(content).unwrap_or_default()),
            "decline" => Given::Decline,
            _ => Given::Cancel,
        };
        self.questions.answer(question.into(), given)
    }

    /// Takes leave of the server.
    pub async fn close(&self) {
        // It may be gone.
        let _ = self.session.close().await;
    }
}

fn headers(named: &BTreeMap<String, String>) -> Result<HeaderMap, JsError> {
    let mut headers = HeaderMap::new();
    for (name, value) in named {
        let mut value: http::HeaderValue = value.parse().map_err(told)?;
        value.set_sensitive(true);
        headers.insert(name.parse::<http::HeaderName>().map_err(told)?, value);
    }
    Ok(headers)
}

/// An error as the page is told it.
fn told(error: impl Display) -> JsError {
    JsError::new(&error.to_string())
}
