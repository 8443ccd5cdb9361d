//! All that happens, told to the page as its host process tells it.

use js_sys::Function;
use pmcp_client::Side;
use pmcp_preview_client::Told;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;

/// The way to a function of the page, which is called with each event as JSON.
#[derive(Clone, Debug)]
pub(crate) struct Tell(mpsc::UnboundedSender<Value>);

impl Tell {
    /// A way to this function, for as long as somebody tells something. Events wait no longer than the page is busy.
    pub(crate) fn new(function: Function) -> Self {
        let (events, mut told) = mpsc::unbounded_channel::<Value>();
        spawn_local(async move {
            while let Some(event) = told.recv().await {
                // What the page does with it is its own affair.
                let _ = function.call1(&JsValue::NULL, &event.to_string().into());
            }
        });
        Self(events)
    }

    /// Tells of a message that went over the connection.
    pub(crate) fn wire(&self, from: Side, message: &Value) {
        let from = if from == Side::Client { "host" } else { "server" };
        self.tell(json!({ "kind": "wire", "from": from, "message": message }));
    }

    fn tell(&self, event: Value) {
        // There is no page any more.
        let _ = self.0.send(event);
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
        self.tell(json!({ "kind": "notification", "method": method, "params": params }));
    }
}
