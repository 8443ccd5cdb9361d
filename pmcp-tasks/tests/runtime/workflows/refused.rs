//! Requests that a server does not admit: nothing is read for them.

use std::sync::Arc;

use serde_json::json;

use super::deploy::*;
use crate::support::*;

#[tokio::test]
async fn a_server_that_stops_reads_no_run_for_whom_it_refuses() {
    let cluster = Cluster::new();
    let counting = CountingBackend::to(Arc::new(pmcp_tasks::store::MemoryBackend::new()));
    let server =
        Server::on_clock(cluster.clock.clone(), counting.clone(), |router| with_deploy(router.tool::<Restarting>()));
    let client = server.v2026("ann");
    let id = run_id(&client.prompt(api()).await.unwrap());
    server.router.shut_down(seconds(0)).await;
    counting.quiet().await;
    counting.take();
    let run = json!({ "_task_id": id });
    for (method, name, arguments) in [
        ("tools/call", "plain", &run),
        ("tools/call", "workflow_continue", &run),
        ("tools/call", "deploy", &run),
        ("prompts/get", "deploy", &run),
        ("prompts/get", "deploy", &api()),
    ] {
        let error = client.err(method, json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(error.code, -32603, "{method} {name}: {error}");
        counting.quiet().await;
        assert_eq!(counting.take(), "", "{method} {name}");
    }
}
