//! A front end and two workers as children, and a client that submits a batch.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use pmcp_client::Client;
use processes::{Outcome, Role, say};
use serde_json::json;

use crate::primes::{Counted, count};

const TASKS: u32 = 12;

pub(crate) async fn run(store: &str) -> Outcome<()> {
    let front = Role::of_this_program(&["--front", "127.0.0.1:0", "--store", store])?.start("listening on ").await?;
    say(format_args!("the front end serves on {}", front.told()));
    let mut workers = Vec::new();
    for name in ["worker-1", "worker-2"] {
        workers.push(Role::of_this_program(&["--worker", name, "--store", store])?.start(name).await?);
        say(format_args!("{name} works"));
    }

    let client = Client::builder("worker-pool", env!("CARGO_PKG_VERSION")).connect_http(front.told()).await?;
    let results = try_join_all((1..=TASKS).map(|number| {
        let client = client.clone();
        async move {
            let below = number * 10_000;
            let called = client.call_tool("count_primes", json!({ "below": below })).await?;
            let task = called.into_task().ok_or("the call did not become a task")?;
            let result = task.wait().await?;
            let counted: Counted = serde_json::from_value(result.structured.ok_or("no structured content")?)?;
            say(format_args!("  {} counted {} primes below {below}", counted.worker, counted.primes));
            Outcome::Ok((below, counted))
        }
    }))
    .await?;

    let mut shares = BTreeMap::<_, u32>::new();
    for (below, counted) in &results {
        assert_eq!(counted.primes, count(*below));
        *shares.entry(counted.worker.as_str()).or_default() += 1;
    }
    assert_eq!(shares.keys().copied().collect::<Vec<_>>(), ["worker-1", "worker-2"], "both worked, and nobody else");
    assert_eq!(shares.values().sum::<u32>(), TASKS);
    say(format_args!("{TASKS} tasks: {shares:?}"));
    Ok(())
}
