//! The times that tasks of killed processes waited for somebody who goes on with them.

use std::{
    collections::HashMap,
    fs::File,
    io::Write as _,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// The life of a process, kept beyond it.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// When it was known to serve, and so to watch the others.
    pub(crate) ready: OnceLock<SystemTime>,
    pub(crate) killed: OnceLock<SystemTime>,
    /// Its lease period.
    pub(crate) lease: Duration,
    pub(crate) log: Mutex<Vec<String>>,
}

/// A task that a process went on with.
struct Recovery {
    task: String,
    fence: u64,
    at: SystemTime,
}

/// The recovery that a line of the log tells of.
fn recovery(line: &str) -> Option<Recovery> {
    let (before, fields) = line.split_once("a task goes on here task=")?;
    let (task, fields) = fields.split_once(' ')?;
    let fence = fields.split_once("fence=")?.1.trim().parse().ok()?;
    Some(Recovery { task: task.to_owned(), fence, at: time_of(before.split_once('Z')?.0)? })
}

/// The time in which the process did not watch, if a line of the log tells of one.
pub(crate) fn absence(line: &str) -> Option<(SystemTime, SystemTime)> {
    let (before, gap) = line.split_once("they are watched anew gap_ms=")?;
    let ended = time_of(before.split_once('Z')?.0)?;
    Some((ended - Duration::from_millis(gap.trim().parse().ok()?), ended))
}

/// `2026-11-26T00:00:33.300368` of a day that is today, or was a moment ago.
fn time_of(text: &str) -> Option<SystemTime> {
    const DAY: u64 = 24 * 60 * 60 * 1_000_000;
    let (hours, rest) = text.split_once('T')?.1.split_once(':')?;
    let (minutes, rest) = rest.split_once(':')?;
    let (seconds, micros) = rest.split_once('.')?;
    let [hours, minutes, seconds, micros] = [hours, minutes, seconds, micros].map(str::parse::<u64>);
    let of_day = ((hours.ok()? * 60 + minutes.ok()?) * 60 + seconds.ok()?) * 1_000_000 + micros.ok()?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()?;
    Some(SystemTime::now() - Duration::from_micros((now % DAY + DAY - of_day) % DAY))
}

/// Times at which this machine stood still: neither process nor disk went on as they do otherwise.
pub(crate) struct Stalls {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(SystemTime, SystemTime)>>,
}

impl Stalls {
    /// Writes to a file and syncs it, again and again, and notes what took longer than `tolerated`.
    pub(crate) fn watch(directory: &Path, tolerated: Duration) -> Self {
        const PAUSE: Duration = Duration::from_millis(20);
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, mut file) = (stop.clone(), File::create(directory.join("stalls")).unwrap());
        let thread = std::thread::spawn(move || {
            let mut stalls = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let (began, clock) = (SystemTime::now(), Instant::now());
                std::thread::park_timeout(PAUSE);
                file.write_all(b".").unwrap();
                file.sync_data().unwrap();
                if clock.elapsed() > PAUSE + tolerated {
                    stalls.push((began, SystemTime::now()));
                }
            }
            stalls
        });
        Self { stop, thread }
    }

    pub(crate) fn end(self) -> Vec<(SystemTime, SystemTime)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap()
    }
}

/// Findings about the recoveries.
#[derive(Debug, Default)]
pub(crate) struct Recoveries {
    pub(crate) count: usize,
    /// Number of times a process did not watch, itself or with the whole machine.
    pub(crate) absences: usize,
    /// The longest time one process had watched after a kill, without standing still, and a task of the killed one waited: in
    /// lease periods of the killed one.
    pub(crate) slowest: f64,
}

impl Recoveries {
    /// `begun`: which process runs a task under a fence, where its log does not tell: as it created it, or as a client's call moved it.
    pub(crate) fn of(
        lives: &[Arc<Life>],
        begun: &HashMap<(String, u64), Arc<Life>>,
        stalls: &[(SystemTime, SystemTime)],
    ) -> Self {
        let recoveries: Vec<_> = lives
            .iter()
            .flat_map(|life| {
                let log = life.log.lock().unwrap();
                log.iter().filter_map(|line| recovery(line)).map(|one| (one, life.clone())).collect::<Vec<_>>()
            })
            .collect();
        let holders: HashMap<_, _> =
            recoveries.iter().map(|(one, life)| ((one.task.as_str(), one.fence), life)).collect();
        let absences: Vec<Vec<_>> = lives
            .iter()
            .map(|life| {
                let log = life.log.lock().unwrap();
                let mut all: Vec<_> =
                    stalls.iter().copied().chain(log.iter().filter_map(|line| absence(line))).collect();
                all.sort();
                all
            })
            .collect();
        let mut found = Self { absences: absences.iter().map(Vec::len).sum(), ..Self::default() };
        for (one, _) in &recoveries {
            let before = one.fence - 1;
            let holder = holders.get(&(one.task.as_str(), before)).copied();
            let holder = holder.or_else(|| begun.get(&(one.task.clone(), before)));
            // It may have lost the task alive, or have been killed between taking it and telling so.
            let Some(holder) = holder else { continue };
            let Some(killed) = holder.killed.get().filter(|killed| **killed <= one.at) else { continue };
            found.count += 1;
            for (life, absences) in lives.iter().zip(&absences) {
                let Some(ready) = life.ready.get() else { continue };
                let until = life.killed.get().copied().unwrap_or(one.at).min(one.at);
                let watched = undisturbed(*killed.max(ready), until, absences);
                found.slowest = found.slowest.max(watched.as_secs_f64() / holder.lease.as_secs_f64());
            }
        }
        found
    }
}

/// The longest time between the two without one of those: who was stopped begins to watch anew.
fn undisturbed(from: SystemTime, until: SystemTime, absences: &[(SystemTime, SystemTime)]) -> Duration {
    let (mut since, mut longest) = (from, Duration::ZERO);
    for (began, ended) in absences.iter().filter(|(began, ended)| *ended > from && *began < until) {
        longest = longest.max(began.duration_since(since).unwrap_or_default());
        since = since.max(*ended);
    }
    longest.max(until.duration_since(since).unwrap_or_default())
}
