//! Ctrl-C: what it cancels, and what ends with us.

use std::{fs, process::Command};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{PMCP, Running, conformance_server, is_there, wait_for_the_end_of};

fn signal(running: &Running, signal: Signal) {
    kill_process(Pid::from_raw(running.id().cast_signed()).unwrap(), signal).unwrap();
}

/// A call that takes an hour, of a server that writes its process id to a file.
fn long_call(folder: &std::path::Path) -> (Running, i32) {
    let file = folder.join("id");
    let script = r#"echo $$ > "$0"; exec "$1""#;
    let mut command = Command::new(PMCP);
    command.args(["inspect", "call", "slow_compute", "seconds=3600", "--", "sh", "-c", script]);
    let running = Running::start(command.arg(&file).arg(conformance_server()));
    running.line("Working");
    let id = fs::read_to_string(file).unwrap().trim().parse().unwrap();
    assert!(is_there(id));
    (running, id)
}

#[test]
fn the_first_ctrl_c_cancels_the_task_and_the_server_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, server) = long_call(folder.path());
    signal(&running, Signal::INT);
    running.line("Cancelled slow_compute");
    assert_eq!(running.code(), Some(130));
    wait_for_the_end_of(server);
}

#[test]
fn a_server_ends_with_us_whatever_ends_us() {
    for last in [Signal::TERM, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let (mut running, server) = long_call(folder.path());
        signal(&running, last);
        assert_eq!(running.code(), Some(130));
        wait_for_the_end_of(server);
    }
}
