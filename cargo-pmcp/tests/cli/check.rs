//! `app check`: of servers that are scripted, so that each breaks one rule, and of our own.

use std::path::Path;

use serde_json::{Value, json};
use snapbox::str;

use crate::{
    scripted::{Script, URI},
    support::{PMCP, pmcp},
};

/// `app check` of a server at an address.
fn check<'a>(url: &'a str, more: &[&'a str]) -> snapbox::cmd::Command {
    pmcp(["app", "check", "--url", url].into_iter().chain(more.iter().copied()))
}

/// The report of a scripted server, and the exit code.
fn report(script: Script) -> (Value, Option<i32>) {
    let output = check(&script.serve(), &["-q", "--format", "json"]).output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    (report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))), output.status.code())
}

/// The rules that a scripted server breaks, in the order in which they are told.
fn broken(script: Script) -> Vec<String> {
    let (report, code) = report(script);
    assert_eq!(code, Some(i32::from(report["errors"] != 0)), "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(report["errors"].as_u64().unwrap() + report["warnings"].as_u64().unwrap(), findings.len() as u64);
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// The metadata of a document with these origins in both forms.
fn origins(apps: &Value, chatgpt: &Value) -> Value {
    json!({ "ui": { "csp": { "connectDomains": apps } }, "openai/widgetCSP": { "connect_domains": chatgpt } })
}

#[test]
fn a_server_that_keeps_every_rule_passes() {
    let url = Script::good().serve();
    check(&url, &[]).assert().success().stdout_eq("").stderr_eq(str![[r#"
     Reading what hosts are told (2026-07-28)
       Hosts Claude works (probe) · ChatGPT developer mode works (probe) · ChatGPT published works (probe) · VS Code 1.130 works (probe) · Cursor works (probe) · Microsoft 365 Copilot works (probe) · Goose works (probe) · Text only works (seen)
     Checked 1 widget, 1 tool: 0 errors, 0 warnings

"#]]);
    check(&url, &["--quiet"]).assert().success().stdout_eq("").stderr_eq("");
}

#[test]
fn each_rule_of_the_server_is_told_once() {
    let good = Script::good;
    for (rule, script) in [
        ("ui-resource-readable", good().with(|script| script.contents = None)),
        ("mime-type", {
            good().with(|script| {
                script.resources[0]["mimeType"] = json!("text/html");
                script.contents.as_mut().unwrap()[0]["mimeType"] = json!("text/html");
            })
        }),
        ("one-document", {
            good().with(|script| {
                let contents = script.contents.as_mut().unwrap().as_array_mut().unwrap();
                contents.push(json!({ "uri": "ui://weather/style.css", "text": "p {}" }));
            })
        }),
        ("list-and-read-agree", {
            good().with(|script| {
                script.resources[0]["_meta"]["ui"]["csp"]["connectDomains"] = json!(["https://a.example"]);
            })
        }),
        ("old-uri-answers", {
            let uri = "ui://weather/0a1b2c3d4e5f6071.html";
            good().tool(|tool| tool["_meta"]["ui"]["resourceUri"] = json!(uri)).with(|script| {
                script.resources[0]["uri"] = json!(uri);
                script.contents.as_mut().unwrap()[0]["uri"] = json!(uri);
            })
        }),
        ("meta-shape", good().meta(&json!({ "ui": { "csp": { "connect_domains": [] } } }))),
        ("meta-shape", good().meta(&json!({ "ui": { "prefersBorder": "yes" } }))),
        ("meta-shape", good().meta(&json!({ "ui": { "permissions": ["camera"] } }))),
        ("meta-shape", good().tool(|tool| tool["_meta"]["ui"]["visibility"] = json!("app"))),
        ("csp-both-forms", {
            good()
                .body("<script>fetch('https://a.example/x')</script>")
                .meta(&origins(&json!(["https://a.example"]), &json!([])))
        }),
        ("quiet-without-extension", good().with(|script| script.plain_resources = script.resources.clone())),
        ("app-only-hidden", {
            good().tool(|tool| {
                tool["_meta"]["ui"]["visibility"] = json!(["app"]);
            })
        }),
        ("same-in-both-eras", good().with(|script| script.older_tools = Some(script.plain_tools.clone()))),
        ("text-content", {
            good().with(|script| script.result = json!({ "content": [], "structuredContent": { "celsius": 1 } }))
        }),
        ("output-schema", good().with(|script| script.result["structuredContent"]["celsius"] = json!("cold"))),
        (
            "output-schema",
            good().with(|script| drop(script.result.as_object_mut().unwrap().remove("structuredContent"))),
        ),
        ("annotations", good().tool(|tool| tool["annotations"] = json!({}))),
        ("no-inner-errors", good().with(|script| script.error = "panicked at src/main.rs:12").with(once)),
    ] {
        assert_eq!(broken(script), [rule]);
    }
}

/// Lets only what is not there as a tool be told with the script's error.
fn once(script: &mut Script) {
    script.hides_resource_errors = true;
}

#[test]
fn a_version_that_is_not_spoken_is_none_though_it_is_answered() {
    let tells_all = Script::good().with(|script| {
        script.plain_tools = script.tools.clone();
        script.plain_resources = script.resources.clone();
    });
    let quiet = |script| {
        let (report, _) = report(script);
        (report["server"]["protocols"].clone(), report["findings"][0]["message"].as_str().unwrap().to_owned())
    };
    let told = "a client that shows no widgets is told of those of `show_map`, `ui://weather/map.html`";
    let (protocols, message) = quiet(tells_all.clone());
    assert_eq!((protocols, message), (json!(["2026-07-28", "2025-11-25"]), format!("{told} (2026-07-28, 2025-11-25)")));
    let (protocols, message) = quiet(tells_all.with(|script| script.speaks_newest = false));
    assert_eq!((protocols, message), (json!(["2025-11-25"]), format!("{told} (2025-11-25)")));
}

#[test]
fn an_entry_that_is_no_origin_is_told() {
    let list = json!(["https://a.example/path"]);
    let (report, _) = report(Script::good().meta(&origins(&list, &list)));
    let found: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|found| found["rule"].as_str().unwrap()).collect();
    assert_eq!(found[0], "csp-origins", "{found:?}");
}

#[test]
fn what_cannot_be_shown_works_nowhere() {
    for (reason, script) in [
        ("no document", Script::good().with(|script| script.contents = None)),
        (
            "other type of document",
            Script::good().with(|script| script.contents.as_mut().unwrap()[0]["mimeType"] = json!("text/plain")),
        ),
    ] {
        let (report, _) = report(script);
        for host in report["hosts"].as_array().unwrap().iter().filter(|host| host["id"] != "text") {
            assert_eq!(host["verdict"], "blocked", "{host:#}");
            let reason = json!({ "text": reason, "evidence": { "kind": "seen" } });
            assert!(host["reasons"].as_array().unwrap().contains(&reason), "{host:#}");
        }
    }
}

#[test]
fn many_origins_take_no_time() {
    let many = |of: &str| (0..40_000).map(|n| format!("https://{of}{n}.example")).collect::<Vec<_>>();
    let begin = std::time::Instant::now();
    let (report, _) = report(Script::good().meta(&origins(&json!(many("a")), &json!(many("b")))));
    assert_eq!(report["hosts"][0]["reasons"][0]["text"], "40000 origins");
    assert!(begin.elapsed() < std::time::Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn each_rule_of_a_document_is_told_once() {
    let secret = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
    let large = format!("<p>{}</p>", "x".repeat(520 * 1024));
    for (rule, body) in [
        ("markup", "<p>a</b></p>"),
        ("accessible", "<img src=\"data:image/png;base64,AAAA\">"),
        ("declared-origins", "<script>fetch('https://api.example.com/x')</script>"),
        ("addresses", "<script src=\"app.js\"></script>"),
        ("addresses", "<script>fetch('/data.json')</script>"),
        ("blocked-code", "<script>eval('1')</script>"),
        ("permissions", "<script>navigator.geolocation.getCurrentPosition(f)</script>"),
        ("known-tools", "<script>mcp.callTool('showMap')</script>"),
        ("links", "<a href=\"https://example.com/\">more</a>"),
        ("secrets", &format!("<script>key = '{secret}'</script>")),
        ("addresses", "<script type=\"module\">import { x } from \"d3\"; x()</script>"),
        ("document", "<script>text = 'never closed;\n</script>"),
        ("size", &large),
        ("source-map", "<script>x()\n//# sourceMappingURL=app.js.map</script>"),
    ] {
        assert_eq!(broken(Script::good().body(body)), [rule], "{}", &body[..body.len().min(100)]);
    }
}

#[test]
fn each_limit_of_a_listing_is_told_once() {
    let long = |length: usize| "a".repeat(length);
    for (rule, script) in [
        ("listing-name", Script::good().with(|script| script.server["title"] = long(31).into())),
        ("listing-text", Script::good().with(|script| script.server["description"] = long(101).into())),
        ("status-texts", Script::good().tool(|tool| tool["_meta"]["openai/toolInvocation/invoking"] = long(65).into())),
        ("tool-names", Script::good().tool(|tool| tool["name"] = "show map".into())),
        ("tool-texts", Script::good().tool(|tool| tool["description"] = "".into())),
    ] {
        assert_eq!(broken(script), [rule]);
    }
}

#[test]
fn a_mistake_is_told_with_its_place_and_a_help_and_hosts_with_their_evidence() {
    let meta = origins(&json!(["https://tiles.example.com"]), &json!([]));
    let body =
        "<script>fetch('https://tiles.example.com/1'); mcp.requestDisplayMode('fullscreen')</script>\n<p>a</b></p>";
    let url = Script::good().body(body).meta(&meta).serve();
    check(&url, &[]).assert().code(1).stdout_eq("").stderr_eq(str![[r#"
     Reading what hosts are told (2026-07-28)
error[csp-both-forms]: `ui://weather/map.html` declares `https://tiles.example.com` for MCP Apps but not for ChatGPT
  help: put the same origins into `_meta["openai/widgetCSP"].connect_domains`
error[markup]: ui://weather/map.html:3:5: `</b>` closes nothing
  help: remove it, or open the element before
       Hosts Claude works (probe) · ChatGPT developer mode unknown (assumed) · ChatGPT published blocked (1 origin, assumed) · VS Code 1.130 degraded (no fullscreen, probe) · Cursor degraded (no fullscreen, probe) · Microsoft 365 Copilot unknown (assumed) · Goose unknown (assumed) · Text only works (seen)
     Checked 1 widget, 1 tool: 2 errors, 0 warnings

"#]]);
    let allowed = ["--allow", "csp-both-forms", "--allow", "markup"];
    let told = check(&url, &allowed).assert().success().get_output().stderr.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.ends_with("Checked 1 widget, 1 tool: 0 errors, 0 warnings (2 rules allowed)\n"), "{told}");
    // Quiet tells of errors alone.
    let quiet = check(&url, &["-q", "--allow", "markup"]).assert().code(1).get_output().stderr.clone();
    assert_eq!(String::from_utf8(quiet).unwrap().lines().count(), 2);
}

#[test]
fn the_report_is_there_for_programs() {
    let script = Script::good().body("<p>a</b></p><script>eval(1)</script>");
    let (report, code) = report(script.clone());
    assert_eq!(code, Some(1));
    assert_eq!((&report["format"], &report["widgets"]), (&json!(1), &json!([URI])));
    assert_eq!(
        report["server"],
        json!({ "name": "weather", "version": "1.2.3", "protocols": ["2026-07-28", "2025-11-25"] })
    );
    let claude = &report["hosts"][0];
    assert_eq!(
        (&claude["id"], &claude["verdict"], &claude["evidence"]["kind"]),
        (&json!("claude"), &json!("works"), &json!("probe"))
    );
    assert_eq!(claude["evidence"]["date"].as_str().unwrap().len(), 10);

    let junit = check(&script.serve(), &["-q", "--format", "junit", "--allow", "links"]).output().unwrap();
    assert_eq!(junit.status.code(), Some(1));
    let xml = String::from_utf8(junit.stdout).unwrap();
    assert!(xml.starts_with("<?xml") && is_balanced(&xml), "{xml}");
    for part in [
        "failures=\"1\"",
        "<failure message=\"ui://weather/map.html:2:5: `&lt;/b&gt;` closes nothing\">",
        "<testcase classname=\"document\" name=\"links\">\n      <skipped",
        "<system-out>warning: ui://weather/map.html:2:",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
}

/// Tells whether every element ends where it should, and no text has the beginning of another.
fn is_balanced(xml: &str) -> bool {
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else { return false };
        if text.contains('>') || tag.starts_with('?') && !tag.ends_with('?') {
            return false;
        }
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.starts_with('?') && !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn nothing_of_a_server_reaches_the_terminal_as_it_is() {
    let name = "show\u{1b}[2J\nerror: forged";
    let url = Script::good().tool(|tool| tool["name"] = name.into()).serve();
    let told = check(&url, &[]).output().unwrap().stderr;
    let told = String::from_utf8(told).unwrap();
    assert!(!told.contains('\u{1b}') && !told.contains("\nerror: forged"), "{told}");
}

#[test]
fn a_rule_that_is_misspelt_is_known() {
    let never = "http://127.0.0.1:1/mcp";
    check(never, &["--allow", "csp-both-form"]).assert().code(2).stderr_eq(str![[r#"
error: there is no rule `csp-both-form`
help: did you mean `csp-both-forms`?

"#]]);
    check(never, &["--allow", "zzz"]).assert().code(2).stderr_eq(str![[r#"
error: there is no rule `zzz`
help: `cargo pmcp app check --help` lists the rules

"#]]);
}

#[test]
fn a_server_without_widgets_has_no_hosts() {
    let output =
        pmcp(["app", "check", "--format", "json", "--", crate::support::conformance_server()]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["widgets"], &report["hosts"]), (&json!([]), &json!([])));
}

/// The app that `app new` makes, as a member of this workspace, on standard input and output: each connection is another process.
#[test]
fn what_app_new_makes_has_no_error() {
    let path = Path::new(PMCP).with_file_name(format!("app-name{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        let built = cargo.args(["build", "--quiet", "--package", "app-name"]).status();
        assert!(built.unwrap().success(), "app-name does not build");
    }
    let app = pmcp(["app", "check", "--", path.to_str().unwrap()]).env("CI", "1");
    app.assert().success().stdout_eq("").stderr_eq(str![[r#"
     Started [..]app-name
     Reading what hosts are told (2026-07-28)
...
     Checked 1 widget, 3 tools (and 4 for clients without tasks): 0 errors, [..]

"#]]);
}
