//! `inspect` against the server of the official suite: both eras, on standard streams and over HTTP.

mod tasks;

use pmcp_client::{Client, RequestOptions};
use serde_json::json;
use snapbox::{cmd::Command, str};

use crate::support::{PMCP, Running, conformance_server, over_http, pmcp};

/// The four ways to reach a server.
struct Ways {
    _http: Running,
    url: String,
}

impl Ways {
    fn new() -> Self {
        let (http, url) = over_http(&[]);
        Self { _http: http, url }
    }

    /// The same command by each way, with the name of the way.
    fn each(&self, line: &[&str]) -> Vec<(String, Command)> {
        let mut all = Vec::new();
        for protocol in ["2025", "2026"] {
            let inspect =
                || ["--quiet", "inspect"].into_iter().chain(line.iter().copied()).chain(["--protocol", protocol]);
            all.push((format!("{protocol} over HTTP"), pmcp(inspect().chain(["--url", self.url.as_str()]))));
            all.push((format!("{protocol} on lines"), pmcp(inspect().chain(["--", conformance_server()]))));
        }
        all
    }

    /// The standard output of a command, which is the same by each way.
    fn output(&self, line: &[&str]) -> String {
        let outputs = self.each(line).into_iter().map(|(way, command)| {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{line:?} {way}: {}", String::from_utf8_lossy(&output.stderr));
            (way, String::from_utf8(output.stdout).unwrap())
        });
        let outputs: Vec<_> = outputs.collect();
        for (way, output) in &outputs {
            assert_eq!(*output, outputs[0].1, "{line:?} {way}");
        }
        outputs[0].1.clone()
    }
}

#[test]
fn tools_resources_and_prompts_are_listed_and_shown() {
    let ways = Ways::new();
    for (way, tools) in ways.each(&["tools"]) {
        let tools = String::from_utf8(tools.output().unwrap().stdout).unwrap();
        let line = tools.lines().find(|line| line.starts_with("confirm_delete ")).unwrap();
        // A task is what only 2025-11-25 tells of.
        let marks = if way.starts_with("2025") { "task, destructive" } else { "destructive" };
        let words: Vec<_> = line.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
        let told = ["confirm_delete", marks, "Deletes a file that does not exist, if the user agrees."];
        assert_eq!(words, told, "{way}");
    }
    snapbox::assert_data_eq!(
        ways.output(&["resources"]),
        str![[r#"
test://static-text         text/plain        A text that never changes.
test://static-binary       image/png         An image that never changes.
test://watched-resource    text/plain        A text to subscribe to.
test://template/{id}/data  application/json  Data by id.

"#]]
    );
    snapbox::assert_data_eq!(
        ways.output(&["prompts"]),
        str![[r#"
test_simple_prompt                                       One text.
test_prompt_with_arguments          arg1=… arg2=…        One text with two arguments in it.
test_prompt_with_embedded_resource  resourceUri=…        A resource and what to do with it.
test_prompt_with_image                                   An image and what to do with it.
test_input_required_result_prompt                        A text the user is asked for first.
assembly                            path=… [_task_id=…]  Assemble a thing, and write down in a directory what is done.

"#]]
    );
    snapbox::assert_data_eq!(
        ways.output(&["read", "test://static-text"]),
        str!["This is the content of the static text resource."]
    );
    let image = ways.each(&["read", "test://static-binary"]).remove(0).1.output().unwrap().stdout;
    assert!(image.starts_with(b"\x89PNG"), "{image:?}");
    let prompt = ["prompt", "test_prompt_with_arguments", "arg1=one", "arg2=two"];
    snapbox::assert_data_eq!(
        ways.output(&prompt),
        str![[r#"
user: Prompt with arguments: arg1='one', arg2='two'

"#]]
    );
}

#[test]
fn a_tool_is_called_and_followed_to_its_end() {
    let ways = Ways::new();
    for (line, output) in [
        (&["call", "slow_compute", "seconds=0.3", "label=7"][..], "Computed 7 in 0.3 s.\n"),
        (&["call", "slow_compute", "--args", r#"{"seconds": 0}"#], "Computed an answer in 0 s.\n"),
        (&["call", "test_x_mcp_header", "region=grün"], "Looked in grün.\n"),
        (&["call", "test_tool_with_progress"], ""),
        (&["call", "confirm_delete", "filename=x", "--answer", "confirm=yes"], "Deleted x\n"),
        (&["call", "confirm_delete", "filename=x", "--decline"], "Kept x: not confirmed\n"),
        (&["call", "multi_input", "--answer", "name=Ann", "--answer", "confirm=n"], "Ann said no\n"),
        (&["call", "test_streaming_elicitation", "--answer", "name=Ann"], "Hello, Ann!\n"),
        (&["call", "test_tool_with_task", "--answer", "name=Ann"], "Hello, Ann!\n"),
    ] {
        let given = ways.output(line);
        assert!(output.is_empty() && !given.is_empty() || given == output, "{line:?}: {given}");
    }
}

#[test]
fn a_call_that_fails_says_so_and_ends_with_1() {
    let ways = Ways::new();
    for (way, command) in ways.each(&["call", "failing_job"]) {
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{way}: {stderr}");
        assert_eq!(output.stdout, b"This job always fails.\n", "{way}");
        assert!(stderr.contains("error: `failing_job` says that it failed"), "{way}: {stderr}");
    }
    for (way, command) in ways.each(&["call", "protocol_error_job"]) {
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]), "{way}: {stderr}");
        assert!(stderr.contains("This job always ends in a protocol error. (-32000)"), "{way}: {stderr}");
    }
}

#[test]
fn everything_is_there_as_json() {
    let ways = Ways::new();
    for (way, command) in ways.each(&["call", "tally", "n=3", "--json"]) {
        let output = command.output().unwrap().stdout;
        let result: serde_json::Value = serde_json::from_slice(&output).unwrap();
        assert_eq!(result["structuredContent"]["rows"], 3, "{way}: {result}");
    }
    let tool = &ways.each(&["tools", "tally", "--json"]).remove(0).1.output().unwrap().stdout;
    let tool: serde_json::Value = serde_json::from_slice(tool).unwrap();
    assert_eq!(tool["execution"]["taskSupport"], "optional");
}

#[test]
fn a_question_that_nobody_answers_is_dismissed() {
    let call = ["inspect", "call", "confirm_delete", "filename=x", "--", conformance_server()];
    let dismissed = pmcp(call).assert().success().stdout_eq("Kept x: not confirmed\n").get_output().stderr.clone();
    let dismissed = String::from_utf8(dismissed).unwrap();
    for line in [
        "warning: nobody answers `Delete x?`, it is dismissed: pass `--answer confirm=…` or `--decline`\n",
        "   Dismissed Delete x?\n",
    ] {
        assert!(dismissed.contains(line), "{dismissed}");
    }
}

#[test]
fn what_was_meant_is_told() {
    let on = |line: &[&'static str]| {
        pmcp(["--quiet", "inspect"].into_iter().chain(line.iter().copied()).chain(["--", conformance_server()]))
    };
    on(&["call", "slow_computer"]).assert().code(2).stderr_eq(str![[r#"
error: the server has no tool `slow_computer`
help: did you mean `slow_compute`?

"#]]);
    on(&["call", "slow_compute", "second=1"]).assert().code(2).stderr_eq(str![[r#"
error: there is no argument `second`
help: did you mean `seconds`?

"#]]);
    on(&["call", "slow_compute"]).assert().code(2).stderr_eq(str![[r#"
error: `seconds` is missing
help: call it as `cargo pmcp inspect call slow_compute seconds=…`

"#]]);
    on(&["call", "slow_compute", "seconds=long"]).assert().code(2).stderr_eq(str![[r#"
error: `seconds` is no number: `long`
help: lists and objects are written as JSON, such as `key='[1, 2]'`

"#]]);
    on(&["tools", "tallly"]).assert().code(2).stderr_eq(str![[r#"
error: the server has no tool `tallly`
help: did you mean `tally`?

"#]]);
    on(&["read", "test://static-tekst"]).assert().code(1).stderr_eq(str![[r#"
error: the server answered with an error: unknown resource (-32602)
help: did you mean `test://static-text`?

"#]]);
    on(&["prompt", "test_simple_promt"]).assert().code(2).stderr_eq(str![[r#"
error: the server has no prompt `test_simple_promt`
help: did you mean `test_simple_prompt`?

"#]]);
    on(&["prompt", "test_prompt_with_arguments", "arg3=x"]).assert().code(2).stderr_eq(str![[r#"
error: there is no argument `arg3`
help: did you mean `arg2`?

"#]]);
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    pmcp(["inspect", "tools", "--", "/nonexistent/server"]).assert().code(1).stderr_eq(str![[r#"
error: `/nonexistent/server` cannot be started: No such file or directory (os error 2)
help: the command is run without a shell

"#]]);
    pmcp(["inspect", "tools", "--url", "http://127.0.0.1:1/mcp"]).assert().code(1).stderr_eq(str![[r#"
error: `http://127.0.0.1:1/mcp` cannot be reached: the connection failed: client error (Connect): tcp connect error: Connection refused (os error 111)
help: look whether the server runs, and listens there

"#]]);
    pmcp(["inspect", "tools", "--wait", "1", "--url", "http://127.0.0.1:1/mcp"]).assert().code(1).stderr_eq(str![[r#"
     Waiting for http://127.0.0.1:1/mcp to come up (Ctrl-C gives up)
error: `http://127.0.0.1:1/mcp` cannot be reached: the connection failed: client error (Connect): tcp connect error: Connection refused (os error 111)
help: look whether the server runs, and listens there

"#]]);
    #[cfg(unix)]
    pmcp(["inspect", "tools", "--", "sh", "-c", "echo 'no \x1b[2Jstore' >&2; exit 3"]).assert().code(1).stderr_eq(
        str![[r#"
     Started sh -c 'echo '/''no /u{1b}[2Jstore'/'' >&2; exit 3'
           | no /u{1b}[2Jstore
error: `sh` ended with exit code 3
help: a server keeps running, and reads its standard input: look whether this command is one

"#]],
    );
}

#[test]
fn a_server_that_comes_up_within_the_wait_is_called() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut call = std::process::Command::new(PMCP);
    let url = format!("http://{address}/mcp");
    call.args(["inspect", "call", "slow_compute", "seconds=0", "--wait", "60", "--url", &url]);
    let mut call = Running::start(&mut call);
    call.line("Waiting for ");
    let mut server = std::process::Command::new(conformance_server());
    let _server = Running::start(server.args(["--http", &address]));
    assert_eq!(call.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_command_that_is_no_server_is_told_so() {
    let echoed = pmcp(["inspect", "tools", "--", "cat"]).assert().code(1).get_output().stderr.clone();
    let echoed = String::from_utf8(echoed).unwrap();
    assert!(echoed.contains("a command that sends back what it is sent, as `cat` does, is no server"), "{echoed}");
    let mut command = std::process::Command::new(PMCP);
    let silent = Running::start(command.args(["inspect", "tools", "--", "sleep", "30"]));
    silent.line("     Waiting for sleep 30 to answer (Ctrl-C gives up)");
    // One that takes connections, and says nothing.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", mute.local_addr().unwrap());
    let mut command = std::process::Command::new(PMCP);
    let silent = Running::start(command.args(["inspect", "tools", "--url", &url]));
    silent.line(&format!("     Waiting for {url} to answer (Ctrl-C gives up)"));
}

#[test]
fn a_run_of_a_workflow_tells_the_call_that_goes_on_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("path={}", folder.path().display());
    let (_server, url) = over_http(&[]);
    for protocol in ["2025", "2026"] {
        let told = on(&url, protocol, &["prompt", "assembly", &path]).assert().success().get_output().stderr.clone();
        let told = String::from_utf8(told).unwrap();
        let (_, next) = told
            .split_once("        Next cargo pmcp inspect call workflow_continue _task_id=")
            .unwrap_or_else(|| panic!("{told}"));
        let id = next.split(' ').next().unwrap();
        let told = on(&url, protocol, &["task", id]).assert().success().get_output().stderr.clone();
        let told = String::from_utf8(told).unwrap();
        let next =
            format!("Next cargo pmcp inspect call workflow_continue _task_id={id} step=colour result=… --url {url}");
        assert!(told.contains(&next), "{protocol}: {told}");
    }
    // One that ends with the command takes the run along.
    let told = pmcp(["inspect", "prompt", "assembly", &path, "--", conformance_server()]).assert().success();
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(told.contains("warning: this server ends now, and with it what it keeps in memory"), "{told}");
    let missing = on(&url, "2026", &["prompt", "test_prompt_with_arguments", "arg1=one"])
        .assert()
        .code(1)
        .get_output()
        .stderr
        .clone();
    let missing = String::from_utf8(missing).unwrap();
    assert!(
        missing.contains("help: call it as `cargo pmcp inspect prompt test_prompt_with_arguments arg2=…`"),
        "{missing}"
    );
}

#[test]
fn a_command_is_run_without_a_shell() {
    let server = conformance_server();
    let command = ["inspect", "tools", "--", server, "--store", "memory:; touch /tmp/x"];
    let output = pmcp(command).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("memory:; touch /tmp/x"), "{output:?}");
}

#[test]
fn a_token_lets_in() {
    let (_server, url) = over_http(&["--token", "ann=s3cret"]);
    let tools = ["inspect", "tools", "tally", "--url", &url];
    let refused = pmcp(tools).assert().code(1).get_output().stderr.clone();
    let refused = String::from_utf8(refused).unwrap();
    assert!(refused.contains("does not know who calls") && refused.contains("--bearer-env VAR"), "{refused}");
    let bearer = || tools.into_iter().chain(["--bearer-env", "TOKEN"]);
    pmcp(bearer()).env("TOKEN", "s3cret").assert().success();
    let header = tools.into_iter().chain(["--header-env", "authorization=HEADER"]);
    pmcp(header).env("HEADER", "Bearer s3cret").assert().success();
    let wrong = pmcp(bearer()).env("TOKEN", "wr0ng").assert().code(1).get_output().clone();
    assert!(!String::from_utf8_lossy(&wrong.stderr).contains("wr0ng"), "{wrong:?}");
}

/// The command of `inspect` on this server.
fn on(url: &str, protocol: &str, line: &[&str]) -> Command {
    pmcp(["inspect"].into_iter().chain(line.iter().copied()).chain(["--protocol", protocol, "--url", url]))
}
