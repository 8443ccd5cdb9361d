//! The build of a program.

use std::{path::PathBuf, process::Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{
    child::{Child, Ear},
    package::{Program, cargo},
};
use crate::error::{Error, Result};

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
