//! The tools the tests need, installed under `.tools/` and nowhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::command;

pub(crate) const HELP: &str = "\
Install the tools the tests need into .tools/, unless they are there in the right version.

Usage: cargo xtask setup
";

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

const TOOLS: &[Tool<'_>] = &[Tool { name: NPM, version: PACKAGE_LOCK, install: install_packages }];

/// The conformance suite, and a Node.js new enough to run it.
const NPM: &str = "npm";
const PACKAGE: &str = include_str!("../tools/package.json");
const PACKAGE_LOCK: &str = include_str!("../tools/package-lock.json");
const SUITE: &str = "@modelcontextprotocol/conformance/dist/index.js";
const OLDEST_NODE: u32 = 22;

/// Installs what is missing or has changed.
pub(crate) fn install() -> anyhow::Result<()> {
    TOOLS.iter().try_for_each(|tool| install_tool(tool, &directory()))
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
    fn the_lock_names_no_registry() {
        assert!(!PACKAGE_LOCK.contains("\"resolved\""), "run `npm install --omit-lockfile-registry-resolved`");
    }
}
