//! What it costs to build our default crates and the peers: crates in the tree, CPU seconds of a cold build.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use nix::sys::resource::{Usage, UsageWho, getrusage};

use crate::{
    Effort,
    duel::{Factor, Spread},
    table::{Row, Table, Verdict},
};

/// CPU seconds, on the machine this repository was built on: rmcp takes 63 there.
const BUDGET: f64 = 85.0;
/// The most that widgets may add to the build of a default server.
const WIDGETS: f64 = 1.06;

/// A package that only depends on what is measured.
struct Subject {
    name: &'static str,
    directory: PathBuf,
    crates: usize,
    seconds: Vec<f64>,
}

pub(crate) fn measure(effort: Effort, table: &mut Table) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("bench is in the workspace's root")?;
    let path = |name: &str, how: &str| format!("{name} = {{ path = '{}'{how} }}\n", root.join(name).display());
    let ours = Subject::new("ours", &(path("pmcp-tasks", "") + &path("pmcp-server", "")))?;
    let plain = path("pmcp-server", ", default-features = false, features = ['macros', 'sqlite']");
    let plain = Subject::new("ours without widgets", &(path("pmcp-tasks", "") + &plain))?;
    let less = path("pmcp-tasks", ", default-features = false, features = ['macros']");
    let less = Subject::new("ours without SQLite", &(less + &path("pmcp-server", ", default-features = false")))?;
    // What serves the same transports; the HTTP framework that rmcp leaves to its users is left out.
    let rmcp = "rmcp = { version = \"=3.11.0\", features = [\"server\", \"transport-io\", \
                \"transport-streamable-http-server\"] }\n";
    let rmcp = Subject::new("rmcp 3.11.0", rmcp)?;
    let pmcp = "pmcp = { version = \"=2.23.0\", features = [\"macros\", \"streamable-http\"] }\n\
                pmcp-tasks = \"=0.2.0\"\n";
    let pmcp = Subject::new("pmcp 2.23.0 and pmcp-tasks 0.2.0", pmcp)?;
    let mut subjects = [ours, plain, less, rmcp, pmcp];
    for _ in 0..effort.of(3, 1) {
        for subject in &mut subjects {
            let seconds = subject.build()?;
            eprintln!("{}: {seconds:.1} CPU seconds", subject.name);
            subject.seconds.push(seconds);
        }
    }
    let [ours, plain, less, rmcp, pmcp] = &subjects;
    let met = Spread::of(ours.seconds.iter().copied()).median < BUDGET;
    let budget = Verdict::Budget { text: "< 85 CPU s", met };
    let added = Spread::of(ours.seconds.iter().zip(&plain.seconds).map(|(ours, plain)| ours / plain)).median;
    let widgets = Verdict::Budget { text: "≥ 0.94x", met: added <= WIDGETS };
    for (name, ours, peer, verdict) in [
        ("cold build of a default server", ours, rmcp, budget),
        ("the same beside one without widgets", ours, plain, widgets),
        ("the same without SQLite", less, rmcp, Verdict::None),
        ("the same with SQLite", ours, pmcp, Verdict::None),
    ] {
        let rounds = ours.seconds.iter().zip(&peer.seconds);
        table.add(Row {
            name: name.into(),
            ours: ours.to_string(),
            peer: format!("{} {peer}", peer.name),
            ratio: format!("{} of the time", Spread::of(rounds.map(|(ours, peer)| peer / ours)).factors()),
            verdict,
        });
    }
    Ok(())
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spread { median, low, high } = Spread::of(self.seconds.iter().copied());
        write!(f, "{} crates, {} CPU s ({} – {})", self.crates, Factor(median), Factor(low), Factor(high))
    }
}

impl Subject {
    fn new(name: &'static str, dependencies: &str) -> anyhow::Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(env::temp_dir, PathBuf::from);
        let directory = target.join("build-cost").join(name.replace(' ', "-"));
        fs::create_dir_all(directory.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"subject\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
             [dependencies]\n{dependencies}"
        );
        fs::write(directory.join("Cargo.toml"), manifest)?;
        fs::write(directory.join("src/lib.rs"), "")?;
        let mut subject = Self { name, directory, crates: 0, seconds: Vec::new() };
        subject.run("fetch")?;
        let tree = subject.run("tree --edges normal,build --prefix none --no-dedupe --format {p}")?;
        let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (proc-macro)")).collect();
        subject.crates = crates.iter().filter(|line| !line.starts_with("subject ")).count();
        Ok(subject)
    }

    /// Builds from nothing; the CPU seconds of everything that took.
    fn build(&self) -> anyhow::Result<f64> {
        let target = self.directory.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let before = cpu_seconds()?;
        self.run("build --offline")?;
        let seconds = cpu_seconds()? - before;
        fs::remove_dir_all(&target)?;
        Ok(seconds)
    }

    fn run(&self, arguments: &str) -> anyhow::Result<String> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments.split_whitespace()).current_dir(&self.directory);
        command.env("CARGO_TARGET_DIR", self.directory.join("target")).stdin(Stdio::null());
        // Ours are at a path, and cargo would build only them for being built again: nobody's dependency from a registry is.
        command.env("CARGO_INCREMENTAL", "0");
        let output = command.output().with_context(|| format!("could not start cargo {arguments}"))?;
        if !output.status.success() {
            bail!("cargo {arguments} for {}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// User and system time of the processes this one has started and waited for.
fn cpu_seconds() -> anyhow::Result<f64> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| {
        #[expect(clippy::cast_precision_loss, reason = "seconds of a build")]
        let seconds = time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds
    };
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
