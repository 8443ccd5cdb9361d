//! The build of a program.

use std::{path::PathBuf, process::Stdio, sync::Arc};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{
    PackageArgs,
    child::{Child, Ear},
    package::{Program, cargo, find},
};
use crate::{
    error::{Error, Result},
    shell::Shell,
};

/// Finds the program that is meant, and builds it. What cargo says is told as it comes.
///
/// # Errors
/// There is none, it is not clear which, or it does not build.
pub(crate) async fn find_and_build(args: &PackageArgs, shell: &Shell) -> Result<(Program, PathBuf)> {
    let program = find(args).await?;
    shell.status("Building", &format!("{} v{}", program.package, program.version));
    let cargo = shell.clone();
    let hear: Ear = Arc::new(move |line: &str| cargo.pass_on_cargo(line));
    let built = build(&program, Shell::has_colors(), &hear).await;
    // What cargo said has been told, unless nothing is.
    let path = built.map_err(|error| if shell.is_quiet() { error } else { error.lines(Vec::new()) })?;
    Ok((program, path))
}

/// Builds a program, and tells where it is. What cargo says is heard, with colours if they are wanted.
///
/// # Errors
/// It does not build.
pub(crate) async fn build(program: &Program, has_colors: bool, hear: &Ear) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--message-format=json-render-diagnostics", "--color"]);
    command.arg(if has_colors { "always" } else { "never" });
    command.args(["--package", &program.id, if program.is_example { "--example" } else { "--bin" }, &program.name]);
    command.args(program.is_release.then_some("--release"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Child::start(command, hear)?;
    let mut built = None;
    if let Some(messages) = child.output() {
        let mut messages = BufReader::new(messages).lines();
        while let Ok(Some(message)) = messages.next_line().await {
            built = executable(&message, program).or(built);
        }
    }
    let status = child.ended().await?;
    match built {
        Some(path) if status.success() => Ok(path),
        _ => Err(Error::failed(format!("`{}` does not build", program.name)).lines(child.last_lines())),
    }
}

/// The program's file, if a message of cargo tells it.
fn executable(message: &str, program: &Program) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let kind = if program.is_example { "example" } else { "bin" };
    let is_it = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == program.name.as_str()
        && message["target"]["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|of| of == kind));
    is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
}
