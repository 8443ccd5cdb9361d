//! A client's end of a connection to an instance: it answers what it is asked.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use pmcp_tasks::{
    call::{Peer, PeerError},
    protocol::RELATED_TASK,
};
use serde_json::{Value, json};

use crate::sim::Sim;

pub(crate) struct Asked {
    pub(crate) sim: Arc<Sim>,
    pub(crate) name: String,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Asked").field(&self.name).finish()
    }
}

#[async_trait]
impl Peer for Asked {
    fn session(&self) -> &str {
        &self.name
    }

    fn notify(&self, _: &str, _: Value) {}

    async fn request(&self, _: &str, params: Value) -> Result<Value, PeerError> {
        let sim = &self.sim;
        sim.time.sleep(sim.clients.span(10, 1200)).await;
        if sim.clients.chance(150) {
            // Gone to lunch.
            while !sim.is_calm() {
                sim.time.sleep(Duration::from_millis(500)).await;
            }
        }
        let task = params["_meta"][RELATED_TASK]["taskId"].as_str().and_then(|id| id.parse().ok());
        let value = match task {
            Some(id) => sim.ledger.answer(id, params["question"].as_str().unwrap_or_default()),
            None => 0,
        };
        sim.trace.line(|| format!("{} answers {value} to {}", self.name, params["question"]));
        Ok(json!({ "value": value }))
    }

    async fn closed(&self) {
        std::future::pending::<()>().await;
    }
}
