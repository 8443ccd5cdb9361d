//! Commands with a browser: of a server that is scripted, so that a view does what a test wants.

#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use serde_json::json;
use snapbox::str;

use crate::{
    scripted::Script,
    support::{PMCP, Running, pmcp},
};

/// A view that says that it is there, tells what it is given, and is as high as it is said to be.
const VIEW: &str = r##"<main><h1>Map</h1><p id="told">waits</p></main>
<script>
const post = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
addEventListener("message", ({ data }) => {
  if (data.id === "init") {
    const dark = data.result.hostContext.theme === "dark";
    document.documentElement.style.cssText = `color-scheme: ${dark ? "dark" : "light"}; background: ${dark ? "#111" : "#fff"}; color: ${dark ? "#fff" : "#111"}`;
    post({ method: "ui/notifications/initialized", params: {} });
    post({ method: "ui/notifications/size-changed", params: { height: 120 } });
  } else if (data.method === "ui/notifications/tool-result") {
    document.querySelector("#told").textContent = data.params.content[0].text;
    globalThis.ask?.(post);
  } else if (data.method === "ui/resource-teardown") post({ id: data.id, result: {} });
});
post({ id: "init", method: "ui/initialize", params: { protocolVersion: "2026-01-26", appInfo: { name: "map", version: "1" }, appCapabilities: {} } });
</script>"##;

/// The width and height that a PNG says it has.
fn size(path: &Path) -> (u32, u32) {
    let png = fs::read(path).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{} is no picture", path.display());
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// The profiles of browsers that are there.
fn profiles(folder: &Path) -> usize {
    fs::read_dir(folder)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("pmcp-browser-"))
        .count()
}

#[test]
#[ignore = "needs Chromium"]
fn a_picture_is_taken_under_each_host_in_each_theme_and_width_and_nothing_is_left_behind() {
    let url = Script::good().body(VIEW).serve();
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let out = folder.path().to_str().unwrap();
    let hosts = ["--host-profile", "claude", "--host-profile", "specification"];
    let shot = pmcp(["app", "shot", "--url", &url, "--out", out, "--width", "320", "--width", "500"]);
    shot.args(hosts).env("TMPDIR", temporary.path()).assert().success().stdout_eq("").stderr_eq(str![[r#"
        Shot show_map-claude-light-320.png
        Shot show_map-claude-light-500.png
        Shot show_map-claude-dark-320.png
        Shot show_map-claude-dark-500.png
        Shot show_map-specification-light-320.png
        Shot show_map-specification-light-500.png
        Shot show_map-specification-dark-320.png
        Shot show_map-specification-dark-500.png
        Took 8 pictures in [..]

"#]]);
    assert_eq!(size(&folder.path().join("show_map-claude-light-320.png")), (320, 120));
    assert_eq!(size(&folder.path().join("show_map-specification-dark-500.png")), (500, 120));
    let read = |theme| fs::read(folder.path().join(format!("show_map-claude-{theme}-320.png"))).unwrap();
    assert_ne!(read("light"), read("dark"));
    assert_eq!(profiles(temporary.path()), 0);
}

#[test]
#[ignore = "needs Chromium"]
fn a_view_that_never_gets_ready_has_no_picture() {
    let url = Script::good().serve();
    let folder = tempfile::tempdir().unwrap();
    let shot =
        pmcp(["app", "shot", "--url", &url, "--out", folder.path().to_str().unwrap(), "--host-profile", "claude"]);
    shot.assert().code(1).stderr_eq(str![[r#"
error: the view of `show_map` does not get ready under `claude`: it does not say that it is initialized
help: `cargo pmcp preview` shows what happens in it

"#]]);
}

#[test]
#[ignore = "needs Chromium"]
fn the_browser_ends_with_the_command_however_that_ends() {
    let url = Script::good().serve();
    for is_killed in [false, true] {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = Command::new(PMCP);
        command.args(["app", "shot", "--url", &url, "--out"]).arg(temporary.path().join("out"));
        let mut running = Running::start(command.env("TMPDIR", temporary.path()));
        let until = |is: bool, what: &str| {
            for _ in 0..1200 {
                if (profiles(temporary.path()) > 0) == is {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            panic!("{what}");
        };
        until(true, "no browser is started");
        // Until there is something to leave behind.
        std::thread::sleep(std::time::Duration::from_millis(700));
        if is_killed {
            drop(running);
        } else {
            running.interrupt();
            assert_eq!(running.code(), Some(130));
        }
        until(false, "the browser is left behind");
    }
}

#[test]
fn a_browser_that_is_absent_is_told_with_what_to_do() {
    let shot = |more: &[&'static str]| {
        pmcp(["app", "shot", "--url", "http://127.0.0.1:1/mcp"].into_iter().chain(more.iter().copied()))
    };
    shot(&[]).env("PATH", "/nowhere").env_remove("CHROMIUM").assert().code(2).stderr_eq(str![[r#"
error: there is no browser
help: install Chromium, Chrome or Edge, such as by `apt install chromium` or `brew install chromium`
help: one in another place is named by `--chromium PROGRAM`, or by the variable `CHROMIUM`

"#]]);
    shot(&["--chromium", "/nowhere/chrome"]).assert().code(2).stderr_eq(str![[r#"
error: there is no program `/nowhere/chrome`, which `--chromium` names
help: name a Chromium, Chrome or Edge by its path; or leave it out, and have one that is installed

"#]]);
    shot(&["--chromium", "true"]).assert().code(1).stderr_eq(str![[r#"
error: `true` ended with exit code 0
help: it has to be a Chromium, Chrome or Edge that starts on this machine; `--chromium PROGRAM` names another

"#]]);
}

#[test]
fn what_is_asked_of_a_picture_has_to_be_there() {
    let shot = |more: &[&'static str]| {
        pmcp(["app", "shot", "--url", "http://127.0.0.1:1/mcp"].into_iter().chain(more.iter().copied()))
    };
    shot(&["--host-profile", "text"]).assert().code(2).stderr_eq(str![[r#"
error: the host `text` shows no views
help: there are specification, claude, chatgpt-developer, chatgpt-published, vscode, cursor, copilot, goose

"#]]);
    shot(&["--width", "5"]).assert().code(2);
    shot(&["--args", "{}"]).assert().code(2);
}

/// A view like [`VIEW`] that asks for this when it has its result.
fn asking(script: &str) -> Script {
    Script::good().body(&format!("<script>globalThis.ask = (post) => {{ {script} }};</script>{VIEW}"))
}

/// Writes a trace of a view that called the tool with this once it had its result.
fn trace(path: &Path, city: &str) {
    let call = json!({ "name": "show_map", "arguments": { "city": city } });
    let result = json!({ "content": [{ "type": "text", "text": "Sun." }] });
    let frame = |ms: u64, from: &str, to: &str, message: serde_json::Value| {
        let mut message = message;
        message["jsonrpc"] = "2.0".into();
        json!({ "ms": ms, "from": from, "to": to, "message": message })
    };
    let lines = [
        json!({ "format": 1, "profile": "claude", "tool": "show_map", "input": {}, "uri": crate::scripted::URI, "document": "0", "viewport": { "width": 480 }, "theme": "light" }),
        frame(0, "view", "host", json!({ "method": "ui/notifications/initialized", "params": {} })),
        frame(1, "host", "view", json!({ "method": "ui/notifications/tool-input", "params": { "arguments": {} } })),
        frame(2, "host", "view", json!({ "method": "ui/notifications/tool-result", "params": result })),
        frame(9, "host", "server", json!({ "id": 1, "method": "tools/call", "params": call })),
        frame(12, "server", "host", json!({ "id": 1, "result": result })),
    ];
    fs::write(path, lines.map(|line| format!("{line}\n")).concat()).unwrap();
}

#[test]
#[ignore = "needs Chromium"]
fn a_trace_is_replayed_and_a_difference_fails() {
    let call = |city: &str| {
        format!(
            "post({{ id: 7, method: 'tools/call', params: {{ name: 'show_map', arguments: {{ city: '{city}' }} }} }});"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.jsonl");
    let path = path.to_str().unwrap();
    trace(Path::new(path), "Rome");
    let replay = |script: &str, more: &[&'static str]| {
        let url = asking(script).serve();
        pmcp(["app", "replay", path, "--url", &url].into_iter().chain(more.iter().copied()))
    };
    replay(&call("Rome"), &[]).assert().success().stdout_eq("").stderr_eq(str![[r#"
warning: the document of `show_map` is not the one of the record
    Replayed [..]first.jsonl under claude (5 messages): no difference

"#]]);
    replay(&call("Oslo"), &[]).assert().code(1).stdout_eq("").stderr_eq(str![[r#"
warning: the document of `show_map` is not the one of the record
error[unrecorded]: the view asks for `tools/call` of `show_map` with {"city":"Oslo"}, which the trace does not hold
  help: the view does something else than it did then; if that is right, record the trace anew
error[missing]: the view does not ask for `tools/call` of `show_map` with {"city":"Rome"} any more
  help: if somebody's click has led to it then, pass `--allow-missing`; if the view is right, record the trace anew
    Replayed [..]first.jsonl under claude (5 messages): 2 differences

"#]]);
    replay("", &["--allow-missing", "-q"]).assert().success().stderr_eq("");
}

#[test]
#[ignore = "needs Chromium"]
fn a_trace_that_is_none_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, "{}\n").unwrap();
    let replay = |path: &str| pmcp(["app", "replay", path, "--url", "http://127.0.0.1:1/mcp"]);
    replay(path.to_str().unwrap()).assert().code(1).stderr_eq(str![[r#"
error: `[..]a.jsonl` is no trace: line 1 is no head of a trace in format 1
help: record one by `cargo pmcp preview --record FILE`

"#]]);
    replay("/nowhere/a.jsonl").assert().code(1).stderr_eq(str![[r#"
error: the trace `/nowhere/a.jsonl` cannot be read: No such file or directory (os error 2)
help: `cargo pmcp preview --record FILE` writes one; those that its page keeps are in `target/pmcp/traces`

"#]]);
}

/// The report of `app check --browser` with these options, of a server whose view does this.
fn browsed(script: Script, options: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let url = script.serve();
    let check = pmcp(["app", "check", "--browser", "-q", "--format", "json", "--url", &url]).args(options);
    let output = check.current_dir(folder.path()).output().unwrap();
    let pictures = fs::read_dir(folder.path().join("target/pmcp/check")).unwrap().count();
    assert_eq!(pictures, 8 + 2, "a picture under each host, and two more under the first");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
#[ignore = "needs Chromium"]
fn a_check_with_a_browser_finds_what_only_that_shows() {
    let script = "console.error('lost', 7); document.querySelector('main').insertAdjacentHTML('beforeend', '<div style=\"width: 400px\">wide</div><img id=a>'); new Image().src = 'https://a.example/' + 1;";
    let report = browsed(asking(script), &[]);
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|found| found["group"] == "browser").collect();
    let told: Vec<_> = found
        .iter()
        .map(|found| format!("{}: {}", found["rule"].as_str().unwrap(), found["message"].as_str().unwrap()))
        .collect();
    let told = told.join("\n");
    snapbox::assert_data_eq!(
        told,
        str![[r#"
view-errors: the view of `show_map` has an error on its console: lost 7 (under every host)
view-errors: the view of `show_map` has an error on its console: Failed to load resource: [..]https://a.example/1 (under ChatGPT, developer mode)
view-violations: in the view of `show_map` `img-src` stops `https://a.example/1` (under Specification, Claude, [..])
view-barriers: `#a` of the view of `show_map` breaks `image-alt` of axe
view-narrow: the view of `show_map` is wider than 320 pixels
"#]]
    );
}

#[test]
#[ignore = "needs Chromium"]
fn a_view_that_does_what_hosts_want_passes_the_browser() {
    // Without its name it would not be called.
    let needing = Script::good().body(VIEW).tool(|tool| tool["inputSchema"]["required"] = json!(["place"]));
    let report = browsed(needing, &["--tool", "show_map", "--args", r#"{"place": "Oslo"}"#]);
    assert_eq!(report["findings"], json!([]), "{report:#}");
    let url = Script::good().serve();
    pmcp(["app", "check", "-q", "--browser", "--tool", "show_mpa", "--url", &url]).assert().code(2).stderr_eq(str![[
        r#"
error: the server has no tool `show_mpa` that opens a view
help: did you mean `show_map`?

"#
    ]]);
}

#[test]
fn rules_of_a_browser_are_skipped_without_one() {
    let url = Script::good().serve();
    let xml = pmcp(["app", "check", "-q", "--format", "junit", "--url", &url]).output().unwrap().stdout;
    let xml = String::from_utf8(xml).unwrap();
    assert!(xml.contains(r#"<skipped message="looked at with --browser only"/>"#), "{xml}");
    let absent = pmcp(["app", "check", "--browser", "--url", &url]).env("PATH", "/nowhere").env_remove("CHROMIUM");
    absent.assert().code(2).stderr_eq(str![[r#"
error: there is no browser
...
"#]]);
}
