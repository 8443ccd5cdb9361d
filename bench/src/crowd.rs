//! Several processes on one service: whether they do more together than one alone, and what of the machine that takes.

use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, ensure};
use measure::Workers;
use nix::{
    sys::resource::{UsageWho, getrusage},
    unistd::{SysconfVar, sysconf},
};

use crate::{
    Effort,
    child::{self, Child},
    duel::{Factor, Spread},
    services::{setting, url},
    stored::{CALLERS, Store},
    table::{Row, Table, Verdict},
};

/// Numbers of processes.
const CROWDS: [usize; 3] = [1, 2, 4];

/// A service and its process.
struct Service {
    name: &'static str,
    url: String,
    process: Process,
}

/// The processes of a service on this machine.
enum Process {
    One(u32),
    /// The server's, which has a child for each connection.
    Parent(u32),
}

/// Work of a crowd.
#[derive(Clone, Copy, Default)]
struct Round {
    /// Tasks a second.
    rate: f64,
    /// Processors that the crowd used.
    crowd: f64,
    /// Processors that the service used.
    service: f64,
}

pub(crate) fn measure(workers: &Workers, effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let redis = setting("PMCP_TEST_REDIS_URL")?;
    let postgres = setting("PMCP_TEST_POSTGRES_URL")?;
    let services = [
        Service {
            name: "Redis",
            url: url("PMCP_TEST_REDIS_URL", "prefix")?,
            process: workers.run(async move { redis_process(&redis).await })?,
        },
        Service {
            name: "PostgreSQL",
            url: url("PMCP_TEST_POSTGRES_URL", "schema")?,
            process: workers.run(async move { postgres_process(&postgres).await })?,
        },
    ];
    for service in &services {
        for (callers, name) in [(1, "one caller each"), (CALLERS, "32 callers each")] {
            let mut rounds: Vec<[Round; 3]> = Vec::new();
            for _ in 0..effort.of(7, 3) {
                let mut round = [Round::default(); 3];
                for (crowd, done) in CROWDS.into_iter().zip(&mut round) {
                    *done = service.round(crowd, callers)?;
                }
                rounds.push(round);
            }
            add_row(table, service.name, name, &rounds);
        }
    }
    Ok(())
}

fn add_row(table: &mut Table, service: &str, name: &str, rounds: &[[Round; 3]]) {
    let median = |of: &dyn Fn(&[Round; 3]) -> f64| Spread::of(rounds.iter().map(of)).median;
    let [one, two, four] = std::array::from_fn(|at| median(&|round| round[at].rate));
    let [twice, fourfold] = [1, 2].map(|at| median(&|round| round[at].rate / round[0].rate));
    table.add(Row {
        name: format!("create + complete of processes on one {service}, {name}"),
        ours: format!("two {two:.0}/s, four {four:.0}/s"),
        peer: format!("one {one:.0}/s"),
        ratio: format!("two {}x, four {}x", Factor(twice), Factor(fourfold)),
        verdict: Verdict::Budget { text: "each more than fewer", met: twice > 1.0 && fourfold > twice },
    });
    let used = |at: usize| {
        let [crowd, service] = [median(&|round| round[at].crowd), median(&|round| round[at].service)].map(Factor);
        format!("{crowd} + {service}")
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    table.note(format!(
        "{service}, {name}: of {processors} processors, one process and the service took {}, two {}, four {}.",
        used(0),
        used(1),
        used(2)
    ));
}

impl Service {
    /// So many processes at once.
    fn round(&self, crowd: usize, callers: usize) -> anyhow::Result<Round> {
        let start = || Child::start("crowd", Path::new(""), &format!("{callers} {}", self.url));
        let mut children = (0..crowd).map(|_| start()).collect::<anyhow::Result<Vec<_>>>()?;
        for child in &mut children {
            ensure!(child.line()? == "ready", "a process does not start");
        }
        let (began, before) = (Instant::now(), self.process.seconds()?);
        for child in &mut children {
            child.go()?;
        }
        let mut round = Round::default();
        for child in &mut children {
            let line = child.line()?;
            let (rate, seconds) = line.split_once(' ').context("a process tells its rate and its time")?;
            round.rate += rate.parse::<f64>()?;
            round.crowd += seconds.parse::<f64>()?;
        }
        let (time, after) = (began.elapsed().as_secs_f64(), self.process.seconds()?);
        round.crowd /= time;
        round.service = (after - before) / time;
        Ok(round)
    }
}

/// Is one of the processes: waits until told, then creates and completes for a round. Tells its rate and the seconds
/// of processors it took.
pub(crate) fn work(argument: &str) -> anyhow::Result<()> {
    let (callers, url) = argument.split_once(' ').context("it is told its callers and its store")?;
    let (callers, url) = (callers.parse()?, url.to_owned());
    let workers = Workers::new(2)?;
    let store = workers.run(async move {
        let store = Store::open(&url).await?;
        // Connects, and prepares what is asked often.
        store.lifecycles(callers, 5).await?;
        Ok(store)
    })?;
    child::tell("ready");
    child::wait()?;
    let before = own_seconds()?;
    let rate = 1e9 / store.lifecycle_of(&workers, callers)?;
    child::tell(&format!("{rate} {}", own_seconds()? - before));
    Ok(())
}

fn own_seconds() -> anyhow::Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    #[expect(clippy::cast_precision_loss, reason = "seconds of a round")]
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

async fn redis_process(url: &str) -> anyhow::Result<Process> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
    let id = info.lines().find_map(|line| line.strip_prefix("process_id:")).context("Redis tells its process")?;
    Ok(Process::One(id.trim().parse()?))
}

async fn postgres_process(url: &str) -> anyhow::Result<Process> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let id: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
    let parent = Stat::of(u32::try_from(id)?)?.context("PostgreSQL runs on this machine")?.parent;
    Ok(Process::Parent(parent))
}

impl Process {
    /// Seconds of processors that it has taken.
    fn seconds(&self) -> anyhow::Result<f64> {
        let ticks = match *self {
            Self::One(id) => Stat::of(id)?.context("the service has ended")?.own,
            Self::Parent(id) => {
                let parent = Stat::of(id)?.context("the service has ended")?;
                let mut ticks = parent.own + parent.of_ended;
                for entry in fs::read_dir("/proc")?.flatten() {
                    let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                    ticks += Stat::of(child)?.filter(|stat| stat.parent == id).map_or(0, |stat| stat.own);
                }
                ticks
            }
        };
        let each = sysconf(SysconfVar::CLK_TCK)?.context("the system counts time in ticks")?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of a service")]
        let seconds = ticks as f64 / each as f64;
        Ok(seconds)
    }
}

/// A process as the system tells of it: times in its ticks.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    of_ended: u64,
}

impl Stat {
    /// None if there is no such process any more.
    fn of(id: u32) -> anyhow::Result<Option<Self>> {
        let Ok(text) = fs::read_to_string(format!("/proc/{id}/stat")) else { return Ok(None) };
        // The name, in parentheses, may hold anything.
        let fields = text.rsplit_once(')').context("the system tells of processes in another form")?.1;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let number = |at: usize| -> anyhow::Result<u64> {
            Ok(fields.get(at).context("the system tells less of processes")?.parse()?)
        };
        let (own, of_ended) = (number(11)? + number(12)?, number(13)? + number(14)?);
        Ok(Some(Self { parent: u32::try_from(number(1)?)?, own, of_ended }))
    }
}
