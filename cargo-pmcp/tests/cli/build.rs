//! What a server is published with: a small package is built, run, asked, and written down.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use snapbox::str;
use tempfile::TempDir;

use crate::support::{SERVER, conformance_server, package, pmcp};

/// A tool that shows a board, its document, and what a call of it comes to.
const TOOLS: &str = r#"{"name":"first_tool","description":"Shows a board.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"ui":{"resourceUri":"ui://small/board/1.html"}}}"#;
const DOCUMENT: &str = r#"{"uri":"ui://small/board/1.html","mimeType":"text/html;profile=mcp-app","text":"<!doctype html><title>Board</title><script>var a = 1</script>","_meta":{"ui":{"csp":{"resourceDomains":["https://tiles.example.com"]}}}}"#;

/// The small server with a view, and words for its listing.
fn app(words: &str) -> (TempDir, PathBuf) {
    let (folder, root) = package();
    let complete = r#"\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\""#.replace('\\', "");
    let answers = format!(
        r##"}} else if body.contains("\"resources/read\"") {{
            r#""result":{{{complete},"contents":[{DOCUMENT}]}}"#
        }} else if body.contains("\"tools/call\"") {{
            r#""result":{{"resultType":"complete","content":[{{"type":"text","text":"White to move."}}],"isError":false}}"#
        }} else {{
            r#""error""##
    );
    let server = SERVER.replace(r#"{"name":"first_tool","inputSchema":{"type":"object"}}"#, TOOLS).replace(
        r#"} else {
            r#""error""#,
        &answers,
    );
    fs::write(root.join("src/main.rs"), server).unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    fs::write(root.join("Cargo.toml"), manifest.replace("edition", &format!("{words}\nedition"))).unwrap();
    (folder, root)
}

fn words() -> &'static str {
    "description = \"A board.\"\nlicense = \"MIT\"\nrepository = \"https://github.com/ann/small\"\nauthors = [\"Ann <ann@example.com>\"]"
}

/// The files below a folder.
fn listed(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap();
                found.push(inside.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/"));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_release_is_written_down_whole() {
    let (_folder, root) = app(words());
    let build = |more: &[&'static str]| {
        let all = ["app", "build", "--public-url", "https://small.example.com/mcp"].into_iter();
        pmcp(all.chain(more.iter().copied())).current_dir(&root)
    };
    build(&["--mcpb", "--legacy", "--challenge", "t0ken"]).assert().success().stdout_eq("").stderr_eq(str![[r#"
    Building small v0.3.1
   Compiling small v0.3.1 ([..])
warning: hosts start a bundle without arguments, and the program does not answer on its standard streams then
       Wrote dist/index.html ([..])
       Wrote dist/host.js ([..])
       Wrote dist/host.css ([..])
       Wrote dist/server.json ([..])
       Wrote dist/small.mcpb ([..])
       Wrote dist/SUBMISSION.md ([..])
       Wrote 10 files in folders of dist
        Next dist/SUBMISSION.md

"#]]);
    let dist = root.join("dist");
    assert_eq!(
        listed(&dist),
        [
            ".cargo-pmcp",
            ".well-known/openai-apps-challenge",
            "SUBMISSION.md",
            "host.css",
            "host.js",
            "index.html",
            "legacy/README.md",
            "legacy/ai-plugin.json",
            "plugin/.claude-plugin/plugin.json",
            "plugin/.codex-plugin/plugin.json",
            "plugin/.mcp.json",
            "plugin/README.md",
            "plugin/mcp.json",
            "plugin/plugin.json",
            "plugin/skills/small/SKILL.md",
            "server.json",
            "small.mcpb",
        ]
    );
    assert!(root.join("target/release").is_dir() && !root.join("target/debug").exists(), "a release is what is asked");
    let page = fs::read_to_string(dist.join("index.html")).unwrap();
    // The document is data, under the policy that it asks for.
    assert!(page.contains(r"\u003cscript\u003evar a = 1\u003c/script\u003e"), "{page}");
    assert!(page.contains("img-src 'self' data: https://tiles.example.com;"), "{page}");
    assert!(page.contains("White to move."), "a first call is shown: {page}");
    let server = fs::read_to_string(dist.join("server.json")).unwrap();
    assert!(server.contains(r#""name": "io.github.ann/small""#), "{server}");
    assert!(server.contains("https://github.com/ann/small/releases/download/v0.3.1/small.mcpb"), "{server}");

    // The next one replaces it as a whole.
    build(&["-q"]).assert().success().stdout_eq("").stderr_eq("");
    assert!(!dist.join("small.mcpb").exists() && !dist.join("legacy").exists() && dist.join("server.json").is_file());
}

#[test]
fn what_is_wrong_is_told_before_anything_is_built() {
    let (_folder, root) = app("");
    let build =
        |more: &[&'static str]| pmcp(["app", "build"].into_iter().chain(more.iter().copied())).current_dir(&root);
    let public: &[&str] = &["--public-url", "https://small.example.com/mcp"];
    build(public).assert().code(1).stderr_eq(str![[r#"
error: the server has no description
help: write `description = "…"` under `[package]` in its `Cargo.toml`

"#]]);
    build(&["--public-url", "http://localhost:8080/mcp"]).assert().code(2).stderr_eq(str![[r#"
error: `http://localhost:8080/mcp` is no public address of a server: it has to begin with `https://`
help: it is the address of its endpoint, such as `https://example.com/mcp`

"#]]);
    build(&["--legacy"]).assert().code(2).stderr_eq(str![[r#"
error: `--public-url <URL>` is missing
help: it is used as `cargo pmcp app build --public-url <URL> --legacy [-- <COMMAND>...]`

"#]]);
    build(&["--challenge", "two words"]).assert().code(2);
    build(&["--mcpb", "--url", "https://small.example.com/mcp"]).assert().code(2).stderr_eq(str![[r#"
error: `--mcpb` cannot be used with `--url <URL>`
help: leave one of them out

"#]]);
    build(&["--trace", "none.jsonl"]).assert().code(1).stderr_eq(str![[r#"
error: the trace `none.jsonl` cannot be read: No such file or directory (os error 2)
help: `cargo pmcp preview` keeps traces in `target/pmcp/traces`

"#]]);

    // What somebody else made is not replaced.
    fs::create_dir(root.join("dist")).unwrap();
    fs::write(root.join("dist/notes.txt"), "mine").unwrap();
    build(public).assert().code(1).stderr_eq(str![[r#"
error: `dist` is there, and is none that this command made
help: name another directory with `--out DIR`, or move that one away: it would be replaced as a whole

"#]]);
    assert_eq!(fs::read_to_string(root.join("dist/notes.txt")).unwrap(), "mine");
    assert!(!root.join("target").exists(), "nothing is built");
}

#[test]
fn a_name_for_the_registry_has_to_be_there_for_a_listing() {
    let (_folder, root) = app("description = \"A board.\"");
    pmcp(["app", "build", "--mcpb"]).current_dir(&root).assert().code(1).stderr_eq(str![[r#"
error: the server has no name for the registry
help: write `registry-name = "com.example/NAME"` under `[package.metadata.pmcp]`, with a domain of yours; or a `repository` on GitHub under `[package]`

"#]]);
    let trace = root.join("other.jsonl");
    fs::write(&trace, "{\"format\":1,\"tool\":\"draw_map\"}\n").unwrap();
    let told = pmcp(["app", "build", "--trace", "other.jsonl"]).current_dir(&root).assert().code(1);
    let told = String::from_utf8(told.get_output().stderr.clone()).unwrap();
    assert!(told.starts_with("warning: nobody is told where the server is"), "{told}");
    assert!(
        told.contains("error: the trace begins with the tool `draw_map`, which the server does not have\n"),
        "{told}"
    );
    assert!(!root.join("dist").exists(), "nothing is written");
}

#[test]
fn a_server_that_is_no_package_here_can_be_published() {
    let folder = tempfile::tempdir().unwrap();
    let build =
        ["app", "build", "--public-url", "https://example.com/mcp", "--out", "site/out", "--", conformance_server()];
    let told = pmcp(build).current_dir(folder.path()).assert().success().get_output().stderr.clone();
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("warning: `[package.metadata.pmcp]` is not read"), "{told}");
    let out = folder.path().join("site/out");
    let server = fs::read_to_string(out.join("server.json")).unwrap();
    assert!(server.contains(r#""name": "com.example/"#), "{server}");
    assert!(fs::read_to_string(out.join("index.html")).unwrap().contains("https://example.com/mcp"));
    let left = fs::read_to_string(out.join("SUBMISSION.md")).unwrap();
    assert!(left.contains("Icon: write it where you submit") && !left.contains("under `[package"), "{left}");
}

#[test]
#[ignore = "needs the packages of `cargo xtask setup`"]
fn a_bundle_is_one_to_those_who_define_them() {
    let installed = |path| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools").join(path);
        path.canonicalize().expect("run `cargo xtask setup`")
    };
    let tool = installed("widgets/node_modules/@anthropic-ai/mcpb/dist/cli/cli.js");
    let node = installed("npm/node_modules/.bin/node");
    let (_folder, root) = app(words());
    pmcp(["-q", "app", "build", "--mcpb"]).current_dir(&root).assert().success();
    let run = |arguments: &[&str]| {
        let said = Command::new(&node).arg(&tool).args(arguments).current_dir(&root).output().unwrap();
        assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
    };
    run(&["unpack", "dist/small.mcpb", "unpacked"]);
    run(&["validate", "unpacked/manifest.json"]);
    // It is the program, and one that can be run.
    let program = root.join("unpacked/server").join(format!("small{}", std::env::consts::EXE_SUFFIX));
    assert_eq!(
        fs::read(&program).unwrap(),
        fs::read(root.join("target/release").join(program.file_name().unwrap())).unwrap()
    );
    let ran = Command::new(program).output().unwrap();
    assert!(String::from_utf8_lossy(&ran.stderr).contains("unexpected argument in []"));
}
