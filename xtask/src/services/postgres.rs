//! PostgreSQL: the oldest and the newest version the store is tested with, and the machine's own: one behind PgBouncer, and one
//! that a test may crash.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use super::{Services, listens};
use crate::command::{output, program, run};
use crate::setup;

/// The account servers run as where we are root, whom they refuse.
const ACCOUNT: &str = "postgres";

/// Name and password of the database's superuser.
const USER: &str = "pmcp";
const PASSWORD: &str = "not-a-secret";

pub(crate) fn start(services: &mut Services) -> anyhow::Result<()> {
    let native = |name: &str| setup::postgres(name).join("native");
    let newest = start_server(services, "postgres-newest", &native("newest").join("bin"))?;
    services.export("PMCP_TEST_POSTGRES_URL", url(newest));
    let oldest = start_server(services, "postgres-oldest", &native("oldest").join("bin"))?;
    services.export("PMCP_TEST_POSTGRES_OLDEST_URL", url(oldest));
    let system = system_server()?;
    let pooled = start_server(services, "postgres-pooled", &system)?;
    let port = start_pooler(services, pooled)?;
    services.export("PMCP_TEST_POSTGRES_POOLER_URL", url(port));
    let crashing = start_server(services, "postgres-crashing", &system)?;
    services.export("PMCP_TEST_POSTGRES_CRASHING_URL", url(crashing));
    // For tests that start one of their own, and stop it.
    services.export("PMCP_TEST_POSTGRES_PROGRAMS", system.to_string_lossy());
    Ok(())
}

fn url(port: u16) -> String {
    format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres")
}

/// Makes a database cluster and starts its server.
fn start_server(services: &mut Services, name: &str, programs: &Path) -> anyhow::Result<u16> {
    let directory = own_directory(services, name)?;
    let programs = reachable(&directory, programs)?;
    let (data, password) = (directory.join("data"), directory.join("password"));
    fs::write(&password, PASSWORD)?;
    let mut initdb = as_account(&programs.join("initdb"));
    initdb.arg("--pgdata").arg(&data).arg("--pwfile").arg(&password).args(["--username", USER]);
    output(initdb.args(["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]))?;
    let port = services.port()?;
    let mut server = as_account(&programs.join("postgres"));
    server.arg("-D").arg(&data).arg("-p").arg(port.to_string());
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300"] {
        server.args(["-c", setting]);
    }
    services.spawn(name, &mut server)?;
    let is_ready = system_server()?.join("pg_isready");
    services.wait_until(|| {
        // It listens before it takes connections.
        let ready = Command::new(&is_ready).args(["-q", "-h", "127.0.0.1", "-p"]).arg(port.to_string()).status();
        ready.is_ok_and(|status| status.success())
    })?;
    Ok(port)
}

/// Starts a pooler that lends connections for a transaction.
fn start_pooler(services: &mut Services, server: u16) -> anyhow::Result<u16> {
    let directory = own_directory(services, "pgbouncer")?;
    let port = services.port()?;
    let (settings, users) = (directory.join("pgbouncer.ini"), directory.join("users.txt"));
    fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n"))?;
    let lines = [
        "[databases]".to_owned(),
        format!("* = host=127.0.0.1 port={server}"),
        "[pgbouncer]".to_owned(),
        "listen_addr = 127.0.0.1".to_owned(),
        format!("listen_port = {port}"),
        "unix_socket_dir =".to_owned(),
        "auth_type = plain".to_owned(),
        format!("auth_file = {}", users.display()),
        "pool_mode = transaction".to_owned(),
        "default_pool_size = 40".to_owned(),
        "max_client_conn = 500".to_owned(),
    ];
    fs::write(&settings, lines.join("\n") + "\n")?;
    services.spawn("pgbouncer", as_account(Path::new("/usr/sbin/pgbouncer")).arg(&settings))?;
    services.wait_until(|| listens(port))?;
    Ok(port)
}

/// A directory that belongs to the account, and that it can reach.
fn own_directory(services: &Services, name: &str) -> anyhow::Result<PathBuf> {
    let directory = services.directory(name)?;
    if let Some((user, group)) = account()? {
        if let Some(parent) = directory.parent() {
            fs::set_permissions(parent, Permissions::from_mode(0o711))?;
        }
        chown(&directory, Some(user), Some(group))?;
    }
    Ok(directory)
}

/// The programs where the account can run them: a copy of all that belongs to them if they lie below a closed directory.
fn reachable(directory: &Path, programs: &Path) -> anyhow::Result<PathBuf> {
    let version = as_account(&programs.join("initdb")).arg("--version").output();
    if version.is_ok_and(|version| version.status.success()) {
        return Ok(programs.to_owned());
    }
    let native = programs.parent().context("the programs are in no directory")?;
    let copy = directory.join("native");
    run(program("cp").arg("--recursive").arg(native).arg(&copy))?;
    Ok(copy.join("bin"))
}

/// A program as the account runs it: where we are not root it is ours.
fn as_account(name: &Path) -> Command {
    let mut command = match account() {
        Ok(Some(_)) => {
            let mut command = program("setpriv");
            command.args(["--reuid", ACCOUNT, "--regid", ACCOUNT, "--clear-groups", "--"]).arg(name);
            command
        }
        _ => program(name),
    };
    // Ours may be closed to it.
    command.current_dir("/");
    command
}

/// User and group of the account; none if we are not root.
fn account() -> anyhow::Result<Option<(u32, u32)>> {
    let number =
        |arguments: &[&str]| -> anyhow::Result<u32> { Ok(output(program("id").args(arguments))?.trim().parse()?) };
    if number(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((number(&["-u", ACCOUNT])?, number(&["-g", ACCOUNT])?)))
}

/// The programs of the machine's newest server.
fn system_server() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").context("PostgreSQL is not installed")?;
    let programs = versions.flatten().map(|version| version.path().join("bin"));
    programs.filter(|programs| programs.join("initdb").exists()).max().context("PostgreSQL is not installed")
}
