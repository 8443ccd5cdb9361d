//! Leases of processes that stand still, and of stores that do.

use super::*;

pub(crate) async fn a_worker_that_stalled_changes_nothing_and_goes_on(place: Place) {
    let (stalled, other) = (start(&place, LEASE).await, start(&place, LEASE).await);
    let path = place.path().join("lines.txt");
    let task = create(&stalled.client(), "append_lines", json!({ "path": path, "n": 2, "delay_ms": 1500 })).await;
    let seen_by_other = other.client().task(task.id());
    stop_outside_a_transaction(&stalled, &other).await;
    let ended_there = ended(&seen_by_other).await;
    assert_eq!((ended_there.status, attempt(&ended_there)), (TaskStatus::Completed, 2));
    let written = lines(&path);
    assert_eq!(written, ["line-1", "line-2"]);

    stalled.signal("CONT");
    let mut seen_by_stalled = stalled.client().task(task.id()).get().await.unwrap();
    assert_eq!(seen_by_stalled, ended_there);
    let again = create(&stalled.client(), "append_lines", json!({ "path": path, "n": 1, "delay_ms": 500 })).await;
    let again = ended(&again).await;
    assert_eq!((again.status, attempt(&again)), (TaskStatus::Completed, 1), "{:?}", stalled.log());
    assert_eq!(lines(&path), ["line-1", "line-2", "line-1"], "{:?}", stalled.log());
    seen_by_stalled = stalled.client().task(task.id()).get().await.unwrap();
    assert_eq!(seen_by_stalled, ended_there);
    assert_eq!(seen_by_other.get().await.unwrap(), ended_there);
    assert!(stalled.log().iter().any(|line| line.contains("stops its tasks")), "{:?}", stalled.log());
    let absent = stalled.log().iter().find_map(|line| recoveries::absence(line));
    let (left, back) = absent.unwrap_or_else(|| panic!("it does not tell that it did not watch: {:?}", stalled.log()));
    assert!(back.duration_since(left).unwrap() > Duration::from_millis(500));
}

/// Stops a process, not inside a transaction, which would keep the other from the file.
async fn stop_outside_a_transaction(process: &Process, other: &Process) {
    loop {
        process.signal("STOP");
        let client = other.client();
        let probe = client.call_tool("tally", json!({ "n": 1 }));
        if tokio::time::timeout(Duration::from_secs(2), probe).await.is_ok() {
            return;
        }
        process.signal("CONT");
        sleep(Duration::from_millis(37)).await;
    }
}

pub(crate) async fn what_a_worker_acknowledges_after_its_burial_goes_on_elsewhere(place: Place) {
    const TASKS: usize = 10;
    for end in ["KILL", "TERM"] {
        let (buried, other) = (start(&place, LEASE).await, start(&place, LEASE).await);
        stop_outside_a_transaction(&buried, &other).await;
        sleep(Duration::from_millis(LEASE * 5 / 2)).await;
        // They lie in its sockets when it goes on.
        let calls: Vec<_> = (0..TASKS)
            .map(|n| {
                let (client, path) = (buried.client(), place.path().join(format!("{end}-{n}.txt")));
                let arguments = json!({ "path": path, "n": 10, "delay_ms": 50 });
                tokio::spawn(async move { create(&client, "append_lines", arguments).await.id().to_owned() })
            })
            .collect();
        sleep(Duration::from_millis(100)).await;
        buried.signal("CONT");
        let mut ids = Vec::new();
        for call in calls {
            ids.push(call.await.unwrap());
        }
        buried.signal(end);
        drop(buried);
        for (n, id) in ids.iter().enumerate() {
            let state = ended(&other.client().task(id.clone())).await;
            assert_eq!(state.status, TaskStatus::Completed, "{state:?}");
            check_lines(&place.path().join(format!("{end}-{n}.txt")), 10, attempt(&state));
        }
    }
}

pub(crate) async fn a_worker_with_a_long_lease_is_not_buried_by_one_with_a_short_one(place: Place) {
    let (long, short) = (start(&place, 10 * LEASE).await, start(&place, LEASE / 2).await);
    let task = create(&long.client(), "slow_compute", json!({ "seconds": 4 })).await;
    let state = ended(&short.client().task(task.id())).await;
    assert_eq!(state.status, TaskStatus::Completed, "{state:?}\n{:?}", short.log());
    assert!(short.log().iter().all(|line| !line.contains("a worker died")), "{:?}", short.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_for_two_leases_is_no_takeover() {
    let place = Place::sqlite().unwrap();
    let processes = [start(&place, LEASE).await, start(&place, LEASE).await];
    let mut tasks = Vec::new();
    for process in &processes {
        tasks.push(create(&process.client(), "slow_compute", json!({ "seconds": 1 })).await);
        tasks.push(create(&process.client(), "slow_compute", json!({ "seconds": 4 })).await);
    }
    // As a process does that is stopped inside a transaction.
    let lock = std::fs::File::options().write(true).open(place.path().join("tasks.db-lock")).unwrap();
    lock.lock().unwrap();
    sleep(Duration::from_millis(LEASE * 5 / 2)).await;
    lock.unlock().unwrap();
    for task in &tasks {
        let state = ended(task).await;
        assert_eq!(state.status, TaskStatus::Completed, "{state:?}\n{:?}", processes[0].log());
    }
    for process in &processes {
        assert!(
            process.log().iter().all(|line| !line.contains("died") && !line.contains("for dead")),
            "{:?}",
            process.log()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_locked_keeps_no_process_from_ending() {
    let place = Place::sqlite().unwrap();
    let mut process = start(&place, LEASE).await;
    create(&process.client(), "slow_compute", json!({ "seconds": 60 })).await;
    let lock = std::fs::File::options().write(true).open(place.path().join("tasks.db-lock")).unwrap();
    lock.lock().unwrap();
    process.signal("TERM");
    assert_eq!(process.exit_code().await, Some(0));
}
