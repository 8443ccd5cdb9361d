//! Redis: the machine's own server, the oldest version the store is tested with, Valkey, and a cluster of three masters.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::{Services, listens};
use crate::command::{output, program};
use crate::setup;

/// Number of masters: the fewest a cluster has.
const MASTERS: usize = 3;

/// Starts the servers and the cluster.
pub(super) fn start(services: &mut Services) -> anyhow::Result<()> {
    let system = Path::new("redis-server");
    let servers = [
        ("redis", system, "PMCP_TEST_REDIS_URL"),
        ("redis-oldest", &setup::redis(setup::OLDEST_REDIS), "PMCP_TEST_REDIS_OLDEST_URL"),
        ("valkey", &setup::redis(setup::VALKEY), "PMCP_TEST_VALKEY_URL"),
    ];
    for (name, server, variable) in servers {
        let port = spawn(services, name, server, &["--appendonly", "yes"])?;
        services.export(variable, format!("redis://127.0.0.1:{port}"));
    }
    let mut nodes = Vec::new();
    for n in 1..=MASTERS {
        // The nodes talk to each other on a port of their own, by default 10,000 above: that may be taken.
        let bus = services.port()?.to_string();
        let settings = ["--appendonly", "no", "--cluster-enabled", "yes", "--cluster-port", &bus];
        let port = spawn(services, &format!("redis-cluster-{n}"), system, &settings)?;
        nodes.push(format!("127.0.0.1:{port}"));
    }
    output(cli().args(["--cluster", "create"]).args(&nodes).args(["--cluster-yes"]))?;
    services.wait_until(|| nodes.iter().all(|node| knows_all_slots(node)))?;
    services.export("PMCP_TEST_REDIS_CLUSTER_URL", format!("redis+cluster://{}", nodes.join(",")));
    Ok(())
}

/// Starts a server with its data in a directory of its own; its port.
fn spawn(services: &mut Services, name: &str, server: &Path, settings: &[&str]) -> anyhow::Result<u16> {
    let port = services.port()?;
    let directory: PathBuf = services.directory(name)?;
    let mut server = program(server);
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
