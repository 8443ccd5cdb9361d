//! Redis: a server, and a cluster of three masters.

use std::path::PathBuf;
use std::process::Stdio;

use super::{Services, listens};
use crate::command::{output, program};

/// Number of masters: the fewest a cluster has.
const MASTERS: usize = 3;

/// Starts the server and the cluster.
pub(super) fn start(services: &mut Services) -> anyhow::Result<()> {
    let port = spawn(services, "redis", &["--appendonly", "yes"])?;
    services.export("PMCP_TEST_REDIS_URL", format!("redis://127.0.0.1:{port}"));
    let mut nodes = Vec::new();
    for n in 1..=MASTERS {
        // The nodes talk to each other on a port of their own, by default 10,000 above: that may be taken.
        let bus = services.port()?.to_string();
        let settings = ["--appendonly", "no", "--cluster-enabled", "yes", "--cluster-port", &bus];
        let port = spawn(services, &format!("redis-cluster-{n}"), &settings)?;
        nodes.push(format!("127.0.0.1:{port}"));
    }
    output(cli().args(["--cluster", "create"]).args(&nodes).args(["--cluster-yes"]))?;
    services.wait_until(|| nodes.iter().all(|node| knows_all_slots(node)))?;
    services.export("PMCP_TEST_REDIS_CLUSTER_URL", format!("redis+cluster://{}", nodes.join(",")));
    Ok(())
}

/// Starts a server with its data in a directory of its own; its port.
fn spawn(services: &mut Services, name: &str, settings: &[&str]) -> anyhow::Result<u16> {
    let port = services.port()?;
    let directory: PathBuf = services.directory(name)?;
    let mut server = program("redis-server");
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--dir"]).arg(directory);
    services.spawn(name, server.args(settings))?;
    services.wait_until(|| listens(port))?;
    Ok(port)
}

fn knows_all_slots(node: &str) -> bool {
    let Some((host, port)) = node.split_once(':') else { return false };
    let mut info = cli();
    let info = info.args(["-h", host, "-p", port, "cluster", "info"]).stderr(Stdio::null()).output();
    info.is_ok_and(|info| String::from_utf8_lossy(&info.stdout).contains("cluster_state:ok"))
}

fn cli() -> std::process::Command {
    program("redis-cli")
}
