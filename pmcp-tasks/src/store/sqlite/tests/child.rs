//! What the other processes of a test do: the test binary again, told by its environment.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead as _, BufReader, Lines, Write as _, stderr, stdin},
    process::{Child, ChildStderr, Command, Stdio},
};

use super::*;

const ROLE: &str = "PMCP_TEST_ROLE";
const FILE: &str = "PMCP_TEST_FILE";

/// Opens the file and says what came of it.
pub(super) const OPEN: &str = "open";
/// [`durability::write_on`].
pub(super) const WRITE: &str = "write";
/// [`shared::create_many`].
pub(super) const CREATE: &str = "create";
/// [`shared::write_much`].
pub(super) const HURRY: &str = "hurry";
/// [`damage::create_until_refused`].
pub(super) const DAMAGED: &str = "damaged";
/// [`disk::create_as_told`].
pub(super) const DISK: &str = "disk";
/// [`feed::change_as_told`].
pub(super) const CHANGE: &str = "change";

/// This binary, as it is started to play a role. It speaks on standard error, as the harness does on standard output.
pub(super) fn command(role: &str, file: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", concat!(module_path!(), "::plays_its_role").split_once("::").unwrap().1, "--nocapture"])
        .env(ROLE, role)
        .env(FILE, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// In a process that a test started, plays the role it was given. In any other, there is nothing to do.
#[test]
fn plays_its_role() {
    let (Some(role), Some(file)) = (env::var_os(ROLE), env::var_os(FILE)) else { return };
    let file = PathBuf::from(file);
    block_on(async {
        match role.to_str() {
            Some(OPEN) => say(format!("{:?}", SqliteBackend::open(file).await)),
            Some(WRITE) => durability::write_on(&file).await,
            Some(CREATE) => shared::create_many(&file).await,
            Some(HURRY) => shared::write_much(&file).await,
            #[cfg(target_os = "linux")]
            Some(DAMAGED) => damage::create_until_refused(&file).await,
            #[cfg(target_os = "linux")]
            Some(DISK) => disk::create_as_told(&file).await,
            Some(CHANGE) => feed::change_as_told(&file).await,
            _ => panic!("no role {role:?}"),
        }
    });
}

/// Says a line to the test.
pub(super) fn say(line: impl AsRef<OsStr>) {
    let mut line = line.as_ref().to_str().unwrap().to_owned();
    line.push('\n');
    // In one piece, so that a line is there or not when the process is killed.
    stderr().write_all(line.as_bytes()).unwrap();
}

/// What the test says next; `None` if it is over.
pub(super) fn hear() -> Option<String> {
    let mut line = String::new();
    stdin().read_line(&mut line).unwrap();
    (!line.is_empty()).then(|| line.trim().to_owned())
}

/// Another process. Ends with the test.
pub(super) struct Other {
    process: Child,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Other {
    pub(super) fn start(role: &str, file: &Path) -> Self {
        Self::of(command(role, file))
    }

    pub(super) fn of(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, lines }
    }

    /// What it says next; `None` if it has ended.
    pub(super) fn hear(&mut self) -> Option<String> {
        self.lines.next().map(Result::unwrap)
    }

    pub(super) fn say(&mut self, line: &str) {
        self.process.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Ends it as `kill -9` does.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.kill();
    }
}
