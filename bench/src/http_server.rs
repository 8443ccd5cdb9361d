//! Servers over HTTP, each in a process of its own: ours is this program once more, rmcp's its own peer, `FastMCP`'s a
//! program in Python.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use measure::{Peer, Workers};
use pmcp_server::{BearerTokens, ServeLimits, Server};
use pmcp_tasks::{TaskContext, TaskStore, TaskVariables, ToolError, task_tool};

use crate::child::{self, Child};

/// How many threads each server has.
const THREADS: usize = 2;

/// Time a program in Python may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_mins(1);

/// Gives back its text in the answer to the call.
#[task_tool(support = "forbidden", name = "echo")]
async fn plain_echo(text: String) -> Result<String, ToolError> {
    Ok(text)
}

/// Gives back its text as the result of a task.
#[task_tool(support = "required", name = "echo_task")]
async fn kept_echo(text: String) -> Result<String, ToolError> {
    Ok(text)
}

/// Never ends.
#[task_tool(support = "required")]
async fn park() -> Result<String, ToolError> {
    std::future::pending().await
}

/// Waits as long as its call, whose text it keeps.
#[task_tool(support = "forbidden")]
async fn wait(text: String) -> Result<String, ToolError> {
    std::future::pending::<()>().await;
    Ok(text)
}

/// Gives back so many bytes.
#[task_tool(support = "required")]
async fn large(bytes: usize) -> Result<String, ToolError> {
    Ok("x".repeat(bytes))
}

/// A large thing that changes.
#[derive(TaskVariables, Default)]
struct Restless {
    text: String,
}

/// Changes a large variable all the time.
#[task_tool(support = "required")]
async fn restless(task: TaskContext<Restless>) -> Result<String, ToolError> {
    for turn in 0_u64.. {
        task.variables().text.set(turn.to_string().repeat(20_000)).await?;
        task.sleep(std::time::Duration::from_millis(20)).await?;
    }
    Ok(String::new())
}

/// The secrets of two owners.
pub(crate) const QUIET: &str = "the quiet one's secret";
pub(crate) const GREEDY: &str = "the greedy one's secret";

/// Serves owners that are told apart: the process of such a server.
pub(crate) fn serve_owners() -> anyhow::Result<()> {
    let workers = Workers::new(THREADS)?;
    let running = workers.run(async {
        let tokens = BearerTokens::new().with("quiet", QUIET).with("greedy", GREEDY);
        let server = Server::new("bench", "1").authenticator(tokens);
        let server = server.tool::<plain_echo>().tool::<kept_echo>().tool::<wait>().tool::<large>().tool::<restless>();
        Ok(server.start((Ipv4Addr::LOCALHOST, 0).into()).await?)
    })?;
    child::tell(&running.address().port().to_string());
    child::wait()
}

/// A request with the secret of its owner.
pub(crate) fn authorized(request: &[u8], secret: &str) -> Vec<u8> {
    let line = request.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    [&request[..line], format!("Authorization: Bearer {secret}\r\n").as_bytes(), &request[line..]].concat()
}

/// What the process of our server does.
pub(crate) fn serve() -> anyhow::Result<()> {
    let workers = Workers::new(THREADS)?;
    let running = workers.run(async {
        // More than are measured, so that none is ended to make room.
        let limits = ServeLimits { sessions: 20_000, subscriptions: 2000, ..ServeLimits::default() };
        let server = Server::new("bench", "1").tool::<plain_echo>().tool::<kept_echo>().tool::<park>();
        Ok(server.serve_limits(limits).start((Ipv4Addr::LOCALHOST, 0).into()).await?)
    })?;
    child::tell(&running.address().port().to_string());
    child::wait()
}

/// Is the process of our server with its tasks in a store.
pub(crate) fn serve_on(url: &str) -> anyhow::Result<()> {
    let (workers, url) = (Workers::new(THREADS)?, url.to_owned());
    let running = workers.run(async move {
        let server = Server::new("bench", "1").tool::<kept_echo>().store(TaskStore::connect(&url).await?);
        Ok(server.start((Ipv4Addr::LOCALHOST, 0).into()).await?)
    })?;
    child::tell(&running.address().port().to_string());
    child::wait()
}

/// A server over HTTP; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    id: u32,
    kept: Kept,
}

#[derive(Debug)]
#[expect(dead_code, reason = "they are kept until they are dropped")]
enum Kept {
    Ours(Child),
    Rmcp(Peer),
    FastMcp(Python),
}

/// A program in Python; it ends when this is dropped.
#[derive(Debug)]
struct Python(std::process::Child);

impl Drop for Python {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub(crate) fn ours() -> anyhow::Result<Self> {
        Self::role("serve-http", "")
    }

    /// Ours, which tells owners apart.
    pub(crate) fn with_owners() -> anyhow::Result<Self> {
        Self::role("serve-owners", "")
    }

    /// Ours, with its tasks in the store at this URL.
    pub(crate) fn ours_on(url: &str) -> anyhow::Result<Self> {
        Self::role("serve-on", url)
    }

    fn role(name: &str, argument: &str) -> anyhow::Result<Self> {
        let mut child = Child::start(name, Path::new(""), argument)?;
        let port = child.line()?.parse().context("our server does not start")?;
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), id: child.id(), kept: Kept::Ours(child) })
    }

    /// rmcp told to answer in JSON where it can: else it opens a stream for each answer.
    pub(crate) fn rmcp() -> anyhow::Result<Self> {
        let mut peer = Peer::start("peer-rmcp", THREADS)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a port")]
        let port = peer.one("serve-http")? as u16;
        Ok(Self { address: (Ipv4Addr::LOCALHOST, port).into(), id: peer.id(), kept: Kept::Rmcp(peer) })
    }

    /// `FastMCP` as this Python has it, with its tasks in Redis under a name, and all else as it is by default.
    pub(crate) fn fastmcp(python: &Path, redis: &str, name: &str) -> anyhow::Result<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/fastmcp/serve.py"));
        command.args([redis, &address.port().to_string(), name]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().context("FastMCP is not installed")?;
        let id = child.id();
        let mut python = Python(child);
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            ensure!(python.0.try_wait()?.is_none() && started.elapsed() < STARTS_WITHIN, "FastMCP does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { address, id, kept: Kept::FastMcp(python) })
    }

    /// Whether a client can listen to tasks here.
    pub(crate) fn listens_to_tasks(&self) -> bool {
        matches!(self.kept, Kept::Ours(_))
    }

    /// The memory of this process that is in use, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        self.status("VmRSS:")
    }

    /// The most memory it ever had in use, in bytes.
    pub(crate) fn peak(&self) -> anyhow::Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the system tells no memory")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0)
    }
}
