//! What a process prints beside its messages: the test binary again, as a server on its standard streams.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, Stdio},
};

use pmcp_server::{Server, Transport};
use pmcp_tasks::prelude::*;
use serde_json::{Value, json};

use crate::support::{call, initialize, request, text};

const ROLE: &str = "PMCP_TEST_ROLE";

/// Prints lines, and the beginning of one; so does a process it starts.
#[task_tool(support = "forbidden")]
#[expect(clippy::print_stdout, reason = "as what people forget does")]
async fn chatty() -> Result<String, ToolError> {
    println!("a whole line");
    Command::new("echo").arg("a line of a child").status()?;
    print!("half a line");
    std::io::stdout().flush()?;
    Ok("quiet".into())
}

/// In a process that the test started, serves. In any other, there is nothing to do.
#[test]
fn plays_its_role() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(Server::new("chatty", "1").tool::<chatty>().serve(Transport::Stdio)).unwrap();
}

#[test]
fn what_a_process_prints_never_comes_between_its_messages() {
    // Terse, since the harness else begins a line of its own, which is before the server's time.
    let mut server = Command::new(env::current_exe().unwrap())
        .args(["--exact", "standard_output::plays_its_role", "--nocapture", "--quiet"])
        .env(ROLE, "chatty")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = server.stdin.take().unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    writeln!(stdin, "{}", initialize("2025-11-25", json!({}))).unwrap();
    let first = lines.find(|line| line.starts_with('{')).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap()["id"], 0);
    for id in 1..=3 {
        writeln!(stdin, "{}", request(id, "tools/call", call("chatty", json!({})))).unwrap();
        let message: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
        assert_eq!((text(&message), &message["id"]), ("quiet", &json!(id)));
    }
    drop(stdin);
    assert_eq!(lines.next(), None);
    let mut stderr = String::new();
    server.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert!(server.wait().unwrap().success());
    for printed in ["a whole line\na line of a child\nhalf a line", "half a linea whole line"] {
        assert!(stderr.contains(printed), "{stderr}");
    }
}
