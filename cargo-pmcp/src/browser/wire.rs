//! The Chrome `DevTools` Protocol over two pipes: JSON, and a zero byte behind each message.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::{mpsc, oneshot},
};

/// Bytes of a message: a picture is the largest.
const LARGEST: u64 = 256 << 20;
/// Messages that wait to be written.
const WAITING: usize = 1024;
/// Lines of consoles that are kept, and the characters of one.
const LINES: usize = 200;
const LINE: usize = 600;
/// The time an answer may take.
const PATIENCE: Duration = Duration::from_secs(150);

/// The way to a browser. Clones are the same way.
#[derive(Clone, Debug)]
pub(super) struct Wire(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    writer: mpsc::Sender<Vec<u8>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// Those that wait for an answer; `None` once there are none to come.
    pending: Option<HashMap<u64, oneshot::Sender<Answer>>>,
    /// Errors on the consoles of frames.
    lines: Vec<String>,
    /// The sessions of frames inside of pages.
    frames: Vec<String>,
}

/// The result of a command, or the reason why there is none.
pub(super) type Answer = Result<Value, String>;

impl Wire {
    /// Speaks over these streams for as long as they are there.
    pub(super) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        mut writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let (sender, mut messages) = mpsc::channel::<Vec<u8>>(WAITING);
        let state = State { pending: Some(HashMap::new()), ..State::default() };
        let shared = Arc::new(Shared { writer: sender, state: Mutex::new(state) });
        tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                if writer.write_all(&message).await.is_err() || writer.flush().await.is_err() {
                    return;
                }
            }
        });
        let heard = Arc::downgrade(&shared);
        tokio::spawn(async move {
            let (mut reader, mut message) = (BufReader::new(reader), Vec::new());
            loop {
                message.clear();
                match (&mut reader).take(LARGEST).read_until(0, &mut message).await {
                    Ok(1..) if message.pop() == Some(0) => {}
                    _ => break,
                }
                let Some(shared) = heard.upgrade() else { return };
                if let Ok(message) = serde_json::from_slice(&message) {
                    Self(shared).hear(message);
                }
            }
            // Whoever waits is told by the end of the channel.
            if let Some(shared) = heard.upgrade() {
                shared.state.lock().pending = None;
            }
        });
        Self(shared)
    }

    /// Gives a command to the browser, or to a target by its session.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Answer {
        const GONE: &str = "the browser has ended";
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut state = self.0.state.lock();
            state.last += 1;
            let id = state.last;
            state.pending.as_mut().ok_or(GONE)?.insert(id, answer);
            id
        };
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut message = message.to_string().into_bytes();
        message.push(0);
        self.0.writer.send(message).await.map_err(|_| GONE)?;
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(GONE.to_owned()),
            Err(_) => Err(format!("the browser does not answer `{method}`")),
        }
    }

    /// The errors on consoles of frames since this was asked last.
    pub(super) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut self.0.state.lock().lines)
    }

    fn hear(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let waiting = self.0.state.lock().pending.as_mut().and_then(|pending| pending.remove(&id));
            if let Some(waiting) = waiting {
                let answer = match message["error"]["message"].as_str() {
                    Some(reason) => Err(reason.to_owned()),
                    None => Ok(message["result"].take()),
                };
                // Nobody may wait for it any more.
                let _ = waiting.send(answer);
            }
            return;
        }
        let params = &message["params"];
        if message["method"] == "Target.attachedToTarget" {
            // A page is attached to by whoever opens it.
            if let (Some(session), true) = (params["sessionId"].as_str(), params["targetInfo"]["type"] != "page") {
                self.attach(session.to_owned());
            }
            return;
        }
        let mut state = self.0.state.lock();
        if message["method"] == "Target.detachedFromTarget" {
            state.frames.retain(|frame| params["sessionId"] != frame.as_str());
            return;
        }
        let session = message["sessionId"].as_str().unwrap_or_default();
        // What the page itself has to say is not said by a view.
        if state.lines.len() < LINES
            && state.frames.iter().any(|frame| frame == session)
            && let Some(line) = error_line(message["method"].as_str().unwrap_or_default(), params)
        {
            state.lines.push(line.chars().take(LINE).collect());
        }
    }

    /// Listens to a frame of an origin of its own, which waits for it, and to those inside.
    fn attach(&self, session: String) {
        self.0.state.lock().frames.push(session.clone());
        let wire = self.clone();
        tokio::spawn(async move {
            // A frame that has gone meanwhile needs none of it.
            for (method, params) in [
                ("Runtime.enable", json!({})),
                ("Log.enable", json!({})),
                ("Target.setAutoAttach", attaching()),
                ("Runtime.runIfWaitingForDebugger", json!({})),
            ] {
                let _ = wire.call(Some(&session), method, params).await;
            }
        });
    }
}

/// Has frames wait until somebody listens to them.
pub(super) fn attaching() -> Value {
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true })
}

/// The text of an event, if it is an error on a console. What a policy stops is told by the view itself, with more about it.
fn error_line(event: &str, params: &Value) -> Option<String> {
    match event {
        "Runtime.consoleAPICalled" if params["type"] == "error" || params["type"] == "assert" => {
            let texts = params["args"].as_array()?.iter().map(|argument| match &argument["value"] {
                Value::Null => argument["description"].as_str().unwrap_or("null").to_owned(),
                Value::String(text) => text.clone(),
                value => value.to_string(),
            });
            Some(texts.collect::<Vec<_>>().join(" "))
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            let text = details["exception"]["description"].as_str().or_else(|| details["text"].as_str())?;
            Some(text.lines().next()?.to_owned())
        }
        "Log.entryAdded" => {
            let entry = &params["entry"];
            let url = entry["url"].as_str().unwrap_or_default();
            let is_told = entry["level"] == "error"
                && entry["source"] != "security"
                && !url.ends_with("/favicon.ico")
                && !entry["text"].as_str()?.contains("Content Security Policy");
            is_told.then(|| format!("{} {url}", entry["text"].as_str().unwrap_or_default()).trim().to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A browser that answers each command with what this makes of it.
    fn browser(answer: impl Fn(&Value) -> Vec<Value> + Send + 'static) -> Wire {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let (reader, writer) = tokio::io::split(ours);
        tokio::spawn(async move {
            let (reader, mut writer) = tokio::io::split(theirs);
            let (mut reader, mut message) = (BufReader::new(reader), Vec::new());
            while reader.read_until(0, &mut message).await.is_ok_and(|read| read > 0) {
                message.pop();
                for answer in answer(&serde_json::from_slice(&message).unwrap()) {
                    writer.write_all(format!("{answer}\0").as_bytes()).await.unwrap();
                }
                message.clear();
            }
        });
        Wire::new(reader, writer)
    }

    #[tokio::test]
    async fn an_answer_finds_who_asked_and_an_error_is_one() {
        let wire = browser(|asked| match asked["method"].as_str().unwrap() {
            "good" => vec![json!({ "method": "event" }), json!({ "id": asked["id"], "result": asked["sessionId"] })],
            _ => vec![json!({ "id": asked["id"], "error": { "message": "unknown" } })],
        });
        assert_eq!(wire.call(Some("a"), "good", json!({})).await, Ok(json!("a")));
        assert_eq!(wire.call(None, "bad", json!({})).await, Err("unknown".to_owned()));
    }

    #[tokio::test]
    async fn whoever_waits_for_a_browser_that_ends_is_told() {
        let (ours, theirs) = tokio::io::duplex(64);
        let (reader, writer) = tokio::io::split(ours);
        let wire = Wire::new(reader, writer);
        let (told, ()) = tokio::join!(wire.call(None, "never", json!({})), async { drop(theirs) });
        assert_eq!(told, Err("the browser has ended".to_owned()));
        assert_eq!(wire.call(None, "after", json!({})).await, Err("the browser has ended".to_owned()));
    }

    #[tokio::test]
    async fn a_frame_is_let_go_on_and_its_errors_are_kept() {
        let wire = browser(|asked| {
            let answer = json!({ "id": asked["id"], "result": {} });
            let event = |session: &str| json!({ "method": "Runtime.consoleAPICalled", "sessionId": session, "params": { "type": "error", "args": [{ "value": "no" }, { "value": 7 }] } });
            match asked["method"].as_str().unwrap() {
                "open" => vec![
                    json!({ "method": "Target.attachedToTarget", "params": { "sessionId": "f", "targetInfo": { "type": "iframe" } } }),
                    answer,
                ],
                "Runtime.runIfWaitingForDebugger" => vec![event("f"), event("page"), answer],
                _ => vec![answer],
            }
        });
        wire.call(None, "open", json!({})).await.unwrap();
        let mut lines = Vec::new();
        for _ in 0..200 {
            lines.extend(wire.take_lines());
            if !lines.is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(lines, ["no 7"]);
    }
}
