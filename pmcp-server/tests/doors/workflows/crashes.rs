//! A server whose store dies at any of a run's writes, and another one that goes on.

use std::time::Duration;

use pmcp_tasks::{TaskStore, testing::ManualClock};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Connected, Done, POSTED, Stored, Way, player::*, server};

const LEASE: Duration = Duration::from_secs(4);

/// What was done of a run whose server's store died at this write; `None` if it came to its end before.
async fn dies_at(stored: &Stored, way: Way, write: usize, applied: bool) -> Option<[usize; 4]> {
    let (stored, clock, done, known) = (stored.another(), ManualClock::new(), Done::default(), Known::default());
    let link = stored.link().await;
    link.die_at(write, applied);
    let store = TaskStore::new(link.clone()).with_clock(clock.clone());
    let dying = Connected::new(server(store, &done).lease(LEASE), way).await;
    let playing = tokio::spawn({
        let (client, known) = (dying.client.clone(), known.clone());
        async move { play(&client, &known).await }
    });
    tokio::select! {
        () = link.dead() => playing.abort(),
        () = until_finished(&playing) => return None,
    }
    let other = Connected::new(server(stored.store(&clock).await, &done).lease(LEASE), way).await;
    let standing = while_time_passes(&clock, LEASE / 4, play(&other.client, &known)).await;
    assert_eq!(states(&standing), ["done"; 5], "write {write}, applied: {applied}");
    assert_eq!(standing["steps"][4]["result"], json!(POSTED));
    Some(done.counts())
}

async fn until_finished<T>(playing: &JoinHandle<T>) {
    while !playing.is_finished() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(super) async fn a_server_whose_store_dies_at_any_write_is_gone_on_for(stored: &Stored) {
    /// One for the beginning, one a step.
    const WRITES: usize = 6;
    for way in [Way::Http("2025-11-25"), Way::Http("2026-07-28")] {
        for write in 1..=WRITES {
            for applied in [false, true] {
                let counts = dies_at(stored, way, write, applied).await.expect("there are so many writes");
                // The step whose record was lost is done once more, and no other. A text has no effect.
                let lost: Option<usize> =
                    [None, Some(0), Some(1), None, Some(2), Some(3)][write - 1].filter(|_| !applied);
                let mut expected = [1; 4];
                if let Some(step) = lost {
                    expected[step] = 2;
                }
                assert_eq!(counts, expected, "{way:?}, write {write}, applied: {applied}");
            }
        }
        assert_eq!(dies_at(stored, way, WRITES + 1, true).await, None, "there are no more writes than that");
    }
}
