//! Servers over HTTP, each in a process of its own: ours is this program once more, rmcp's its own peer.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use anyhow::Context as _;
use measure::{Peer, Workers};
use pmcp_server::{ServeLimits, Server};
use pmcp_tasks::{ToolError, task_tool};

use crate::child::{self, Child};

/// How many threads each server has.
const THREADS: usize = 2;

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
}

impl Process {
    pub(crate) fn ours() -> anyhow::Result<Self> {
        let mut child = Child::start("serve-http", Path::new(""), "")?;
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

    /// Whether a client can listen to tasks here.
    pub(crate) fn listens_to_tasks(&self) -> bool {
        matches!(self.kept, Kept::Ours(_))
    }

    /// The memory of this process that is in use, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the system tells no memory")?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes * 1024.0)
    }
}
