//! `preview`: the package is built, served, watched and stopped.

#![cfg(unix)]

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use crate::support::{PMCP, Running, SERVER, conformance_server, over_http, package, wait_for_the_end_of};

/// The answer of the host to a request with this key.
fn get(page: &str, path: &str, key: &str) -> String {
    ask(page, "GET", path, key, "")
}

fn ask(page: &str, method: &str, path: &str, key: &str, body: &str) -> String {
    let host = page.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The page and key in the line that tells them.
fn page_of(line: &str) -> (String, String) {
    let url = line.split_whitespace().nth(1).unwrap();
    let (page, key) = url.split_once("#key=").unwrap();
    (page.split('?').next().unwrap().to_owned(), key.to_owned())
}

fn process_of(line: &str) -> i32 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_package_is_built_served_watched_and_stopped() {
    let (_folder, root) = package();
    fs::create_dir(root.join("widgets")).unwrap();
    let main = root.join("src/main.rs");
    let mut command = Command::new(PMCP);
    let mut preview = Running::start(command.args(["preview", "--no-open", "--port", "0"]).current_dir(&root));
    preview.line("    Building small v0.3.1");
    let first = process_of(&preview.line("process "));
    assert!(preview.line("     Serving http://127.0.0.1:").ends_with("/mcp (2026-07-28, 1 tool, 0 widgets)"));
    preview.line("    Watching src, widgets");
    let line = preview.line("     Preview http://127.0.0.1:");
    assert!(line.ends_with("  (Ctrl-C stops both)"), "{line}");
    let (page, key) = page_of(&line);
    assert!(get(&page, "/api/host", &key).starts_with("HTTP/1.1 200"));
    assert!(get(&page, "/api/host", "other").starts_with("HTTP/1.1 401"));

    fs::create_dir_all(root.join("target/pmcp/traces")).unwrap();
    fs::write(root.join("target/pmcp/traces/opening.jsonl"), "{}\n").unwrap();
    assert!(get(&page, "/api/traces", &key).contains(r#""name":"opening""#), "its traces are not those of the package");

    fs::write(root.join("widgets/app.js"), "1").unwrap();
    assert!(preview.line("    Reloaded ").ends_with("Reloaded widgets/app.js"), "no page is there");

    // One that does not build leaves the server that is there.
    fs::write(&main, "fn main() {").unwrap();
    preview.line("warning: `small` does not build");
    assert!(crate::support::is_there(first));

    fs::write(&main, SERVER.replace("first_tool", "second_tool")).unwrap();
    let second = process_of(&preview.line("process "));
    preview.line("     Serving http://127.0.0.1:");
    wait_for_the_end_of(first);

    preview.interrupt();
    assert_eq!(preview.code(), Some(130));
    wait_for_the_end_of(second);
    assert!(TcpStream::connect(page.trim_start_matches("http://").trim_end_matches('/')).is_err());
}

#[test]
fn a_server_of_a_package_ends_though_its_preview_is_killed() {
    let (_folder, root) = package();
    let mut command = Command::new(PMCP);
    let preview = Running::start(command.args(["preview", "--no-open", "--port", "0"]).current_dir(&root));
    let server = process_of(&preview.line("process "));
    preview.line("     Preview http://127.0.0.1:");
    assert!(crate::support::is_there(server));
    // Which kills it.
    drop(preview);
    wait_for_the_end_of(server);
}

#[test]
fn any_server_is_shown_where_it_is() {
    let (_server, url) = over_http(&[]);
    let mut command = Command::new(PMCP);
    let tool = ["--tool", "slow_compute", "--args", r#"{"seconds": 1}"#];
    let mut preview = Running::start(command.args(["preview", "--no-open", "--port", "0", "--url", &url]).args(tool));
    let serving = preview.line("     Serving ");
    assert!(serving.contains(&format!("{url} (2026-07-28, ")), "{serving}");
    let line = preview.line("     Preview http://127.0.0.1:");
    assert!(line.contains("/?tool=slow_compute&args=%7B%22seconds%22%3A1%7D#key="), "{line}");
    preview.interrupt();
    assert_eq!(preview.code(), Some(130));

    let mut command = Command::new(PMCP);
    let lines = ["preview", "--no-open", "--port", "0", "--", conformance_server()];
    let mut preview = Running::start(command.args(lines));
    let (page, key) = page_of(&preview.line("     Preview http://127.0.0.1:"));
    assert!(get(&page, "/api/host", &key).starts_with("HTTP/1.1 200"));
    preview.interrupt();
    assert_eq!(preview.code(), Some(130));
}

#[test]
fn the_browser_is_opened_without_the_key_in_its_arguments() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (browser, arguments) = (folder.path().join("browser"), folder.path().join("arguments"));
    fs::write(&browser, format!("#!/bin/sh\necho \"$@\" > {0}.new && mv {0}.new {0}\n", arguments.display())).unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(PMCP);
    command
        .args(["preview", "--port", "0", "--tool", "a&b", "--url", "http://127.0.0.1:1/mcp"])
        .env("BROWSER", browser);
    let mut preview = Running::start(&mut command);
    let (page, key) = page_of(&preview.line("     Preview http://127.0.0.1:"));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !arguments.exists() {
        assert!(std::time::Instant::now() < until, "no browser was opened");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let arguments = fs::read_to_string(arguments).unwrap();
    assert!(!arguments.contains(&key), "{arguments}");
    let file = std::path::Path::new(arguments.trim_end());
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    let document = fs::read_to_string(file).unwrap();
    assert!(document.contains(&format!("0; url={page}open?tool=a%26b#key={key}\"")), "{document}");
    preview.interrupt();
    assert_eq!(preview.code(), Some(130));
    assert!(!file.parent().unwrap().exists(), "the key is left behind");
}

/// A preview of a command that writes down its process and that of another which it has left in the background.
fn of_a_command(folder: &std::path::Path) -> (Running, [i32; 2]) {
    let file = folder.join("ids");
    let script = r#"sleep 1000 < /dev/null > /dev/null 2>&1 & echo "$$ $!" > "$0"; exec "$1""#;
    let mut command = Command::new(PMCP);
    command.args(["preview", "--no-open", "--port", "0", "--", "sh", "-c", script]);
    let preview = Running::start(command.arg(&file).arg(conformance_server()));
    let (page, key) = page_of(&preview.line("     Preview http://127.0.0.1:"));
    let ready = (0..1000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        get(&page, "/api/host", &key).contains(r#""state":"ready""#)
    });
    assert!(ready, "the server does not answer");
    let ids = fs::read_to_string(file).unwrap();
    let mut ids = ids.split_whitespace().map(|id| id.parse().unwrap());
    (preview, [ids.next().unwrap(), ids.next().unwrap()])
}

#[test]
fn all_of_a_command_ends_with_its_preview() {
    let folder = tempfile::tempdir().unwrap();
    let (mut preview, processes) = of_a_command(folder.path());
    preview.interrupt();
    assert_eq!(preview.code(), Some(130));
    processes.into_iter().for_each(wait_for_the_end_of);

    // Nobody takes leave of a server then, but its input ends.
    let (preview, [server, other]) = of_a_command(folder.path());
    drop(preview);
    wait_for_the_end_of(server);
    let other = rustix::process::Pid::from_raw(other).unwrap();
    let _ = rustix::process::kill_process(other, rustix::process::Signal::KILL);
}

#[test]
fn the_first_view_is_recorded_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let record = |name: &str| {
        let mut command = Command::new(PMCP);
        command.args(["preview", "--no-open", "--port", "0", "--url", "http://127.0.0.1:1/mcp", "--record", name]);
        let preview = Running::start(command.current_dir(folder.path()));
        let (page, key) = page_of(&preview.line("     Preview http://127.0.0.1:"));
        (preview, page, key)
    };
    let (mut preview, ..) = record("none.jsonl");
    preview.interrupt();
    preview.line("warning: no view was opened, so `none.jsonl` is not written");
    assert_eq!(preview.code(), Some(130));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    let (mut preview, page, key) = record("first.jsonl");
    let begun = ask(&page, "POST", "/api/record", &key, "{}");
    let id = begun.split('"').nth_back(1).unwrap();
    let lines = "{\"format\":1}\n{\"ms\":0}\n";
    assert!(ask(&page, "POST", &format!("/api/record/{id}"), &key, lines).starts_with("HTTP/1.1 204"));
    preview.interrupt();
    preview.line("    Recorded first.jsonl (1 message)");
    assert_eq!(preview.code(), Some(130));
    assert_eq!(fs::read_to_string(folder.path().join("first.jsonl")).unwrap(), lines);
}

#[test]
fn a_server_and_a_tool_that_are_not_there_are_told() {
    let mut command = Command::new(PMCP);
    let none = Running::start(command.args(["preview", "--no-open", "--port", "0", "--url", "http://127.0.0.1:1/mcp"]));
    assert!(none.line("warning: ").starts_with("warning: `http://127.0.0.1:1/mcp` cannot be reached: "));
    let (_server, url) = over_http(&[]);
    let mut command = Command::new(PMCP);
    let folder = tempfile::tempdir().unwrap();
    command.args(["preview", "--no-open", "--port", "0", "--url", &url, "--tool", "slow_computer"]);
    let mut preview = Running::start(command.args(["--record", "a.jsonl"]).current_dir(folder.path()));
    preview.line("     Serving ");
    assert_eq!(
        preview.line("warning: "),
        "warning: the server has no tool `slow_computer`: did you mean `slow_compute`?"
    );
    preview.line("   Recording the first view into a.jsonl, until it is closed or loaded anew");
    preview.interrupt();
    assert_eq!(preview.code(), Some(130));
}

#[test]
fn an_error_of_a_view_is_told_at_the_terminal() {
    let mut command = Command::new(PMCP);
    let preview =
        Running::start(command.args(["preview", "--no-open", "--port", "0", "--url", "http://127.0.0.1:1/mcp"]));
    let (page, key) = page_of(&preview.line("     Preview http://127.0.0.1:"));
    let said =
        r#"{"uri":"ui://small/view.html","text":"Uncaught SyntaxError: Unexpected token ';' (line 7:\n const x = ;)"}"#;
    assert!(ask(&page, "POST", "/api/failed", &key, said).starts_with("HTTP/1.1 204"));
    let told = preview.line("has an error");
    assert_eq!(
        told,
        "warning: `ui://small/view.html` has an error: Uncaught SyntaxError: Unexpected token ';' (line 7: const x = ;)"
    );
}

#[test]
fn a_record_needs_a_folder() {
    let arguments =
        ["preview", "--no-open", "--port", "0", "--record", "/nowhere/a.jsonl", "--url", "http://127.0.0.1:1/mcp"];
    crate::support::pmcp(arguments).assert().code(1).stderr_eq(snapbox::str![[r#"
error: the record cannot be written to `/nowhere/a.jsonl`: No such file or directory (os error 2)
help: the folder of the file that `--record` names has to be there

"#]]);
}

#[test]
fn a_profile_has_to_be_one() {
    let arguments =
        ["preview", "--no-open", "--port", "0", "--host-profile", "nobody", "--url", "http://127.0.0.1:1/mcp"];
    crate::support::pmcp(arguments).assert().code(2).stderr_eq(snapbox::str![[r#"
error: there is no host profile `nobody`
help: there are `specification`, [..]

"#]]);
}
