//! Running other programs: from the workspace root, without input, failing loudly.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::report::Counts;

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The cargo that runs us, with `arguments` split at spaces.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut command = program(std::env::var_os("CARGO").as_deref().unwrap_or(OsStr::new("cargo")));
    command.args(arguments.split_whitespace());
    command
}

/// A program that runs in the workspace root and has nothing to read.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a command with its output passed through.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    announce(command);
    let status = command.status().with_context(|| format!("could not start {}", shown(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs test programs with their output passed through, adding up their `test result:` lines.
pub(crate) fn run_tests(command: &mut Command, counts: &mut Counts) -> anyhow::Result<()> {
    run_counted(command, |line| counts.add_test_line(line))
}

/// Runs test programs with their output passed through, adding up their lines `ok CASE` and `not ok CASE`.
pub(crate) fn run_cases(command: &mut Command, counts: &mut Counts) -> anyhow::Result<()> {
    run_counted(command, |line| counts.add_case_line(line))
}

fn run_counted(command: &mut Command, mut count: impl FnMut(&str)) -> anyhow::Result<()> {
    announce(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("could not start {}", shown(command)))?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.context("could not read the output of the tests")?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            count(&line);
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", shown(command));
    }
    Ok(())
}

/// Waits for a process, but kills it at the limit: then there is no status.
pub(crate) fn end_within(child: &mut Child, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command for what it writes to its standard output.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("could not start {}", shown(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} did not write UTF-8", shown(command)))
}

/// Where cargo builds the workspace.
pub(crate) fn target_directory() -> anyhow::Result<PathBuf> {
    let metadata = output(&mut cargo("metadata --no-deps --format-version 1"))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let directory = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(directory.into())
}

fn announce(command: &Command) {
    println!("$ {}", shown(command));
}

/// The command as a person would type it: the program without its directory, and its arguments.
fn shown(command: &Command) -> String {
    let name = Path::new(command.get_program());
    let name = name.file_name().unwrap_or(name.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_survive_a_failing_test_program() {
        let mut counts = Counts::default();
        let script = "echo 'test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out'; exit 101";
        let error = run_tests(program("sh").args(["-c", script]), &mut counts).unwrap_err();
        assert!(error.to_string().starts_with("sh -c"), "{error}");
        assert_eq!(counts, Counts { passed: 3, failed: 2, skipped: 5, ..Counts::default() });
    }

    #[test]
    fn cases_are_counted_and_what_they_are_made_of_is_not() {
        let mut counts = Counts::default();
        let script = "echo '    ok 1 - part'; echo 'ok 1 - whole'; echo 'not ok 2 - other'; exit 1";
        run_cases(program("sh").args(["-c", script]), &mut counts).unwrap_err();
        assert_eq!(counts, Counts { passed: 1, failed: 1, skipped: 0, failures: vec!["2 - other".to_owned()] });
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        let mut hanging = program("sleep").arg("60").spawn().unwrap();
        assert!(end_within(&mut hanging, Duration::from_millis(50)).unwrap().is_none());
        let mut ending = program("true").spawn().unwrap();
        assert!(end_within(&mut ending, Duration::from_secs(10)).unwrap().unwrap().success());
    }

    #[test]
    fn an_absent_program_is_named() {
        let error = run(&mut program("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "could not start no-such-program");
    }
}
