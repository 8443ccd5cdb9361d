//! Every message between clients and a server, as it passed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use spec_check::{Emitted, Sender, Tap};

/// A message that passed.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    /// Ids are unique in a channel: a pair of streams, or one HTTP exchange.
    channel: usize,
    sender: Sender,
    message: Value,
}

/// What passed, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<Passed>>>);

impl Record {
    /// What writes it.
    pub(crate) fn tap(&self) -> Tap {
        let passed = self.0.clone();
        Tap::new(move |channel, sender, message| passed.lock().unwrap().push(Passed { channel, sender, message }))
    }

    /// What the server has sent so far.
    pub(crate) fn emitted(&self) -> Vec<Emitted> {
        let passages = self.0.lock().unwrap();
        let mut requests = HashMap::new();
        let mut emitted = Vec::new();
        for Passed { channel, sender, message } in passages.iter() {
            let key = (*channel, message["id"].to_string());
            if *sender == Sender::Client {
                if message["method"].is_string() && message.get("id").is_some() {
                    requests.insert(key, message.clone());
                }
                continue;
            }
            let answers = message.get("result").is_some() || message.get("error").is_some();
            let request = answers.then(|| requests.get(&key).cloned()).flatten();
            emitted.push(Emitted { request, message: message.clone() });
        }
        emitted
    }
}
