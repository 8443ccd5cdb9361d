//! Mistakes in a widget, and what the compiler says about them: `UPDATE_EXPECT=1` writes the files.

use std::{collections::BTreeMap, env, path::Path, process::Command};

use expect_test::expect_file;
use serde_json::Value;

use super::{
    cases::CASES,
    fixture::{Tested, Workspace},
};

/// What the compiler says of each crate, one message after the other.
fn messages(workspace: &Workspace) -> Result<BTreeMap<String, String>, Box<dyn std::error::Error>> {
    let output = workspace.cargo(&["check", "--quiet", "--workspace", "--keep-going", "--message-format=json"])?;
    let mut said = BTreeMap::<String, String>::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        if message["reason"] != "compiler-message" {
            continue;
        }
        let name = message["target"]["name"].as_str().unwrap_or_default();
        let Some(rendered) = message["message"]["rendered"].as_str() else { continue };
        // The last words of a crate that does not compile count its mistakes.
        if message["message"]["spans"].as_array().is_some_and(Vec::is_empty) {
            continue;
        }
        *said.entry(name.to_owned()).or_default() += rendered;
    }
    if said.is_empty() {
        return Err(format!("cargo said nothing: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(said)
}

/// The text without what differs between machines.
fn normalized(text: &str, workspace: &Workspace) -> String {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap_or_default();
    let text = text.replace(&*workspace.folder.to_string_lossy(), "$WORKSPACE");
    let text = text.replace(&*repository.to_string_lossy(), "$REPOSITORY");
    // Where in our sources something stands changes with them.
    let mut is_ours = false;
    let lines = text.lines().map(|line| {
        let (before, rest) = line.split_at(line.find(|c: char| !c.is_ascii_digit()).unwrap_or(0));
        match line.split_once(".rs:") {
            Some((file, _)) if file.trim_start().starts_with("--> $REPOSITORY") => {
                is_ours = true;
                format!("{file}.rs\n")
            }
            _ if line.is_empty() || line.starts_with(char::is_alphabetic) => {
                is_ours = false;
                format!("{line}\n")
            }
            _ if is_ours => format!("{}{rest}\n", " ".repeat(before.len())),
            _ => format!("{line}\n"),
        }
    });
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn mistakes_are_explained() -> Tested {
    let workspace = Workspace::new("widgets")?;
    for case in CASES {
        let mut files = vec![("src/lib.rs", case.code)];
        files.extend(case.files);
        workspace.add(case.name, &["pmcp-apps", "pmcp-tasks"], &files)?;
    }
    let said = messages(&workspace)?;
    let recorded = include_str!("../rustc.txt").trim();
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("--version").output()?.stdout)?;
    let is_compared = version.starts_with(recorded);
    if !is_compared {
        eprintln!("the messages were recorded with {recorded}, and this is {}: they are not compared", version.trim());
    }
    for case in CASES {
        let text = said.get(case.name).map(|text| normalized(text, &workspace)).unwrap_or_default();
        assert_eq!(text.is_empty(), case.is_right, "{}: {text}", case.name);
        if is_compared && !case.is_right {
            expect_file![format!("{}/tests/widget/{}.stderr", env!("CARGO_MANIFEST_DIR"), case.name)].assert_eq(&text);
        }
    }
    Ok(())
}
