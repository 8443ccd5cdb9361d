//! All that happens, told to the page as its host process tells it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use js_sys::Function;
use pmcp_client::Side;
use pmcp_preview_client::Told;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// Events that wait for a page. A page is told as soon as it does nothing else, so there are few.
const WAITING: usize = 4096;
/// Room among them that is kept for questions, which nobody could answer who has missed them.
const OF_QUESTIONS: usize = 512;

/// The way to a function of the page, which is called with each event as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Tell {
    events: mpsc::Sender<Value>,
    /// Events that found no room, since the last that did.
    missed: Arc<AtomicU64>,
}

impl Tell {
    /// A way to this function, for as long as somebody tells something. Events wait no longer than the page is busy; one that is so for
    /// long is told how many it has missed.
    pub(crate) fn new(function: Function) -> Self {
        let (events, mut told) = mpsc::channel::<Value>(WAITING);
        let missed = Arc::<AtomicU64>::default();
        let uncounted = missed.clone();
        spawn_local(async move {
            while let Some(event) = told.recv().await {
                // What the page does with it is its own affair.
                let _ = function.call1(&JsValue::NULL, &event.to_string().into());
                let count = if told.is_empty() { uncounted.swap(0, Ordering::Relaxed) } else { 0 };
                if count > 0 {
                    let event = json!({ "kind": "missed", "count": count });
                    let _ = function.call1(&JsValue::NULL, &event.to_string().into());
                }
            }
        });
        Self { events, missed }
    }

    /// Tells of a message that went over the connection.
    pub(crate) fn wire(&self, from: Side, message: &Value) {
        let from = if from == Side::Client { "host" } else { "server" };
        self.tell_of(OF_QUESTIONS, json!({ "kind": "wire", "from": from, "message": message }));
    }

    fn tell(&self, event: Value) {
        self.tell_of(0, event);
    }

    /// Tells an event if more than this room is left.
    fn tell_of(&self, room: usize, event: Value) {
        // If there is no page any more, nobody asks how many there were.
        if self.events.capacity() <= room || self.events.try_send(event).is_err() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Told for Tell {
    fn question(&self, id: u64, question: &Value) {
        let mut event = question.clone();
        event["kind"] = "question".into();
        event["id"] = id.into();
        self.tell(event);
    }

    fn answered(&self, id: u64) {
        self.tell(json!({ "kind": "answered", "id": id }));
    }

    fn notification(&self, method: &str, params: &Value) {
        self.tell_of(OF_QUESTIONS, json!({ "kind": "notification", "method": method, "params": params }));
    }
}
