//! The tool that runs a script: each of its calls is a step of the task.

use pmcp_tasks::prelude::*;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    queries::TOOLS,
    script::{self, Call},
};

/// Calls of a script.
const CALLS: u32 = 100;

/// What the client sees while a script runs.
#[derive(TaskVariables, Default)]
pub(crate) struct Progress {
    /// Calls that are recorded.
    calls: u32,
}

/// Run a script in Rhai, which resembles JavaScript and Rust. Its value is the result. It gets data by `query("stations", #{})` and
/// `query("rentals", #{ station: "…" })`: the name of a tool and its arguments.
#[task_tool(support = "optional", on_crash = "restart", timeout = "2m", read_only)]
pub(crate) async fn run_script(
    /// The script, of at most 16 KiB.
    script: String,
    task: TaskContext<Progress>,
) -> Result<Value, ToolError> {
    if script.len() > script::SIZE {
        return Err(ToolError::new(format!("the script has more than {} bytes", script::SIZE)));
    }
    let (mut calls, ran) = script::begin(script);
    let mut number = 0;
    // Whichever way this function is left: the script ends when it drops `calls`.
    loop {
        let next = tokio::select! {
            next = calls.recv() => next,
            () = task.cancellation().cancelled() => {
                task.check_cancelled()?;
                continue;
            }
        };
        let Some(Call { tool, arguments, reply }) = next else { break };
        number += 1;
        let result = called(&task, number, &tool, arguments).await?;
        // A script that has gone says itself why.
        let _ = reply.send(result);
        task.variables().calls.set(number).await?;
    }
    ran.await.map_err(std::io::Error::other)?.map_err(ToolError::new)
}

/// Makes a call once. Its number is bound to what it was the first time: a script that goes another way after a restart, as under another
/// version of its language, would take the results of other calls for its own.
async fn called(task: &TaskContext<Progress>, number: u32, tool: &str, arguments: Value) -> Result<Value, ToolError> {
    if number > CALLS {
        return Err(ToolError::new(format!("the script makes more than {CALLS} calls")));
    }
    if !TOOLS.contains(&tool) {
        return Err(ToolError::new(format!("there is no tool `{tool}` for scripts: use {}", TOOLS.join(" or "))));
    }
    let digest = digest(tool, &arguments);
    let name = format!("call {number}");
    let recorded = task.step(&name, async || Ok::<_, ToolError>(digest.clone())).await?;
    if recorded != digest {
        return Err(ToolError::new(format!("{name} is another one than before: the script has changed")));
    }
    task.call_named(tool, format!("{name} {digest}"), arguments).await
}

/// The beginning of the digest of a call. Keys of objects are in order.
fn digest(tool: &str, arguments: &Value) -> String {
    let digest = Sha256::digest(format!("{tool} {arguments}"));
    let begins = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    format!("{begins:016x}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pmcp_tasks::testing::TestContext;

    use super::*;
    use crate::script::begin;

    async fn error_of(script: &str, context: &TestContext<Progress>) -> String {
        run_script(script.to_owned(), context.task()).await.unwrap_err().to_string()
    }

    /// Results without tools: how scripts are bound.
    #[tokio::test]
    async fn a_changed_script_is_refused_after_a_restart() {
        let context = TestContext::new().await;
        let station = |name| format!("query(\"rentals\", #{{ station: \"{name}\" }})");
        // No server is here, so that the call itself fails, once it is known which one it is.
        error_of(&station("Harbour"), &context).await;
        let restarted = context.restarted().await;
        let changed = error_of(&station("Town Hall"), &restarted).await;
        assert_eq!(changed, "call 1 is another one than before: the script has changed");
        let same = error_of(&station("Harbour"), &restarted.restarted().await).await;
        assert!(!same.contains("changed"), "{same}");
    }

    #[tokio::test]
    async fn a_script_has_bounds() {
        let deep = format!("{}1{}", "(".repeat(200), ")".repeat(200));
        for (script, told) in [
            ("loop { }", "Too many operations"),
            ("fn f(n) { f(n + 1) } f(0)", "Stack overflow"),
            (&deep, "exceeds"),
            ("let s = \"0123456789\"; loop { s += s; }", "Length of string"),
            ("let a = []; loop { a.push(0); }", "array"),
            ("eval(\"1\")", "eval"),
            ("import \"x\" as x;", "import"),
            ("timestamp()", "timestamp"),
            ("query(\"run_script\", #{})", "there is no tool `run_script` for scripts: use stations or rentals"),
            ("nothing", "nothing"),
        ] {
            let error = error_of(script, &TestContext::new().await).await;
            assert!(error.to_lowercase().contains(&told.to_lowercase()), "{script}: {error}");
        }
        let long = error_of(&" ".repeat(20_000), &TestContext::new().await).await;
        assert_eq!(long, "the script has more than 16384 bytes");
    }

    #[tokio::test]
    async fn a_script_ends_when_nobody_takes_its_calls() {
        let (calls, ran) = begin("let n = 0; while n < 900000 { n += 0; }".to_owned());
        drop(calls);
        let error = tokio::time::timeout(Duration::from_secs(10), ran).await.unwrap().unwrap().unwrap_err();
        assert!(error.contains("terminated"), "{error}");
    }

    #[tokio::test]
    async fn a_failed_call_cannot_be_caught() {
        let script = "try { query(\"nothing\", #{}) } catch { 1 }";
        let error = error_of(script, &TestContext::new().await).await;
        assert!(error.starts_with("there is no tool `nothing`"), "{error}");
    }
}
