//! What running functions do.

use super::{bench::Bench, tasks::Name};
use crate::support::*;

pub(super) async fn steps(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        for step in ["fetch", "store"] {
            let work = bench.inside(move |task| async move {
                task.step(step, async || Ok::<_, pmcp_tasks::ToolError>(step.to_owned())).await
            });
            assert_eq!(bench.costs("record", 1, work).await, step);
        }
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn variables(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        bench.costs("merge", 1, bench.inside(|task| async move { Ok(task.variables().rows.set(1).await?) })).await;
        let rows = bench.inside(|task| async move { Ok(task.variables().rows.get().await?) });
        assert_eq!(bench.costs("get", 0, rows).await, 1);
        let rows = bench.inside(|task| async move { Ok(task.variables().rows.add(1).await?) });
        assert_eq!(bench.costs("get merge", 1, rows).await, 2);
        let push = bench.inside(|task| async move { Ok(task.variables().notes.push("x".into()).await?) });
        bench.costs("get merge", 1, push).await;
        let rows = bench.inside(|task| async move { Ok(task.variables().rows.update(|rows| rows * 5).await?) });
        assert_eq!(bench.costs("get merge", 1, rows).await, 10);
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn several_variables(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        let update = bench.inside(|task| async move {
            let change = |all: &mut Shared| (all.rows, all.status, all.limit) = (7, "seven".into(), Some(7));
            Ok(task.variables().update(change).await?)
        });
        assert_eq!(bench.costs("get merge", 1, update).await.rows, 7);
        // What changes nothing writes nothing.
        let update = bench.inside(|task| async move { Ok(task.variables().update(|all| all.rows = 7).await?) });
        bench.costs("get", 0, update).await;
        let all = bench.inside(|task| async move { Ok(task.variables().read().await?) });
        assert_eq!(bench.costs("get", 0, all).await.status, "seven");
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn progress(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        let tell = |done: u32| {
            bench.inside(move |task| async move {
                task.progress(done, 100).await;
                Ok(())
            })
        };
        bench.costs("put", 1, tell(1)).await;
        // At most once a poll interval; the last one, when that is over.
        bench.costs("", 0, tell(2)).await;
        bench.costs("", 0, tell(3)).await;
        let interval = bench.server.router.limits().poll_interval;
        bench.costs("put", 1, bench.clock.advance(interval)).await;
        bench.clock.advance(interval).await;
        bench.costs("put", 1, tell(4)).await;
        client.cancel(&id).await.unwrap();
    }
}

pub(super) async fn message(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        for _ in 0..2 {
            let message = bench.inside(|task| async move { Ok(task.status_message("half").await?) });
            bench.costs("put", 1, message).await;
        }
        client.cancel(&id).await.unwrap();
    }
}

/// Two questions of one moment are one write.
pub(super) async fn question(bench: Bench) {
    for client in bench.clients() {
        let id = client.start("counted").await;
        let ask = async {
            drop(bench.begin(|task| async move {
                let (one, two) = tokio::join!(task.elicit::<Name>("One?"), task.elicit::<Name>("Two?"));
                Ok((one?.name, two?.name))
            }));
        };
        bench.costs("put", 1, ask).await;
        assert_eq!(client.get(&id).await["status"], "input_required");
        client.cancel(&id).await.unwrap();
    }
}
