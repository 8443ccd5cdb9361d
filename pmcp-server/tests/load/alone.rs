//! A process of its own for a test, and what it holds.

use std::{
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Set where a test is alone in its process.
const ALONE: &str = "PMCP_TEST_ALONE";

/// Runs a test in a process of its own, one at a time. The name is its path as `--list` shows it.
pub(crate) fn alone(name: &str, test: impl Future<Output = ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let test = async { tokio::time::timeout(Duration::from_secs(120), test).await.expect("it ends") };
        return runtime.block_on(test);
    }
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]).env(ALONE, "1").stdin(Stdio::null());
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "no test is named {name}: {said}");
}

/// The memory of this process, in KiB.
pub(crate) fn resident() -> usize {
    const PAGE_KIB: usize = 4;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * PAGE_KIB
}

/// Fails if this process has grown by more than this since it was measured.
pub(crate) fn assert_growth(before: usize, most_kib: usize, what: &str) {
    let grown = resident().saturating_sub(before);
    eprintln!("{what}: {grown} KiB");
    assert!(grown <= most_kib, "{what} took {grown} KiB, more than {most_kib}");
}

/// Fails if this process was larger at any time, by more than this, than when it was measured.
pub(crate) fn assert_peak(before: usize, most_kib: usize, what: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
    let grown = peak.saturating_sub(before);
    eprintln!("{what}: {grown} KiB at most");
    assert!(grown <= most_kib, "{what} took {grown} KiB, more than {most_kib}");
}
