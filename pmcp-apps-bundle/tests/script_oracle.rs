//! The scanner beside acorn's full parse of the packages that `cargo xtask setup` installs: every string, template, regular expression,
//! import and export in the same place.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use pmcp_apps_bundle::script::{Exported, Form, Goal, Piece, Script, scan_pieces};

fn tools() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools").canonicalize().expect("run `cargo xtask setup`")
}

fn pieces_told(pieces: &[Piece]) -> Vec<String> {
    let told = |piece: &Piece| match piece {
        Piece::String(start, end) => format!("s {start} {end}"),
        Piece::Chunk(start, end) => format!("t {start} {end}"),
        Piece::Regex(start, end) => format!("r {start} {end}"),
    };
    pieces.iter().map(told).collect()
}

fn names_told(script: &Script) -> Vec<String> {
    let mut told = Vec::new();
    for import in script.imports.iter().filter(|import| import.form != Form::Call) {
        told.push(format!("import {:?}", import.specifier.value));
        match &import.form {
            Form::Names(names) => {
                told.extend(names.iter().map(|(name, local)| format!("bind {:?} {}", name.text, local.text)));
            }
            Form::Namespace(default, local) => {
                told.extend(default.iter().map(|default| format!("bind \"default\" {}", default.text)));
                told.push(format!("bind * {}", local.text));
            }
            Form::Call | Form::Export => {}
        }
    }
    told.extend(script.exports.iter().map(|export| format!("export {:?}", export.name.text)));
    // acorn tells them statement by statement.
    told.sort_unstable();
    told
}

/// The lines that acorn told of each file.
fn oracle() -> String {
    let tools = tools();
    let packages = tools.join("scripts/node_modules");
    assert!(packages.is_dir(), "run `cargo xtask setup`");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acorn.mjs");
    let mut node = Command::new("node");
    node.arg(script).arg(packages.join("acorn"));
    let installed = ["scripts", "npm", "widgets"].map(|name| tools.join(name).join("node_modules"));
    node.args(installed.into_iter().filter(|packages| packages.is_dir()));
    let output = node.output().expect("Node.js is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Node.js tells UTF-8")
}

#[test]
#[ignore = "needs the packages of `cargo xtask setup`"]
fn the_scanner_reads_what_acorn_reads() {
    let told = oracle();
    let (mut files, mut bytes, mut counts) = (0, 0, BTreeMap::new());
    let mut differences = Vec::new();
    let mut seconds = 0.0;
    for of_file in told.split("file ").skip(1) {
        let mut lines = of_file.lines();
        let (_, path) = lines.next().unwrap().split_once(' ').unwrap();
        let source = fs::read_to_string(path).unwrap();
        let (mut pieces, mut names, mut facts) = (Vec::new(), Vec::new(), BTreeMap::new());
        for line in lines {
            match line.split_once(' ').unwrap() {
                ("s" | "t" | "r", _) => pieces.push(line.to_owned()),
                (fact @ ("awaits" | "dynamic" | "meta"), value) => {
                    facts.insert(fact, value.parse::<usize>().unwrap());
                }
                _ => names.push(line.to_owned()),
            }
        }
        names.sort_unstable();
        let started = Instant::now();
        let (found, script) = scan_pieces(&source, Goal::Module);
        seconds += started.elapsed().as_secs_f64();
        files += 1;
        bytes += source.len();
        let mut differ = |what: &str, acorn: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug| {
            differences.push(format!("{path}: {what}: acorn {acorn:?}, ours {ours:?}, fault {:?}", script.fault));
        };
        let found = pieces_told(&found);
        // As a classic script it reads the same, unless it waits outside of functions or has comments of old.
        if facts["awaits"] == 0 && !source.contains("<!--") && !source.contains("-->") {
            let classic = pieces_told(&scan_pieces(&source, Goal::Script).0);
            if classic != found {
                differ("pieces of a classic script", &found.len(), &classic.len());
            }
        }
        if let Some(at) = (0..pieces.len().max(found.len())).find(|at| pieces.get(*at) != found.get(*at)) {
            differ("piece", &pieces.get(at), &found.get(at));
            continue;
        }
        for piece in &pieces {
            *counts.entry(piece[..1].to_owned()).or_insert(0) += 1;
        }
        let ours = names_told(&script);
        if names != ours {
            let missing: Vec<_> = names.iter().filter(|name| !ours.contains(name)).take(3).collect();
            let more: Vec<_> = ours.iter().filter(|name| !names.contains(name)).take(3).collect();
            differ("names", &missing, &more);
        }
        let dynamic = script.imports.iter().filter(|import| import.form == Form::Call).count();
        if facts["dynamic"] != dynamic || facts["meta"] != script.metas.len() {
            differ("dynamic imports and metas", &facts, &(dynamic, script.metas.len()));
        }
        if (facts["awaits"] == 1) != script.awaits() {
            differ("awaits", &facts["awaits"], &script.awaits());
        }
        if script.fault.is_some() {
            differ("fault", &(), &());
        }
        // What is exported is there.
        for export in &script.exports {
            if let Exported::Local(local) = &export.from {
                assert!(source.contains(&**local) || source.contains('\\'), "{path}: {local}");
            }
        }
    }
    eprintln!("{files} files, {bytes} bytes in {seconds:.2} s, {counts:?}");
    assert!(files > 5000 && counts["r"] > 1000 && counts["t"] > 1000, "too little was compared");
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences[..differences.len().min(20)].join("\n")
    );
}

#[test]
#[ignore = "needs the packages of `cargo xtask setup`"]
fn megabytes_of_minified_code_are_scanned_at_once() {
    let packages = tools().join("scripts/node_modules");
    let files = ["three/build/three.module.min.js", "three/build/three.core.min.js", "d3/dist/d3.min.js"];
    let read = |file: &&str| fs::read_to_string(packages.join(file)).unwrap();
    // Blocks, as their exports cannot be repeated.
    let block = |source: String| format!("{{{}}}\n", source.replace("export{", "x={").replace("import{", "x={"));
    let one = files.iter().map(read).map(block).collect::<Vec<_>>().concat();
    let source = one.repeat(3_800_000 / one.len() + 1);
    let started = Instant::now();
    let script = scan_pieces(&source, Goal::Script).1;
    let took = started.elapsed();
    eprintln!("{} bytes of minified code in {took:?}, {:?}", source.len(), script.fault);
    assert!(took.as_secs() < 5, "{took:?}");
}
