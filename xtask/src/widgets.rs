//! The widgets of the examples in a browser.

use std::fs;

use anyhow::Context as _;

use crate::command::{cargo, program, root, run, run_cases, target_directory};
use crate::report::Counts;
use crate::setup;

pub(crate) const HELP: &str = "\
Run the tests of the widgets of examples, of servers of others, of a new app and of a published page: real servers, our host, and Chromium (/usr/bin/chromium, or the one that CHROMIUM names).
They leave pictures in target/screenshots.

Usage: cargo xtask widgets [--pictures]

Options:
  --pictures  put the pictures beside the READMEs that show them, too
";

/// The examples with a widget, each of which has a picture in its README.
const EXAMPLES: [&str; 3] = ["chess", "map", "dataviz"];

/// The crate that a new app begins with, and the server with everything that a client may ask for.
const OTHERS: [&str; 2] = ["app-name", "conformance-server"];

/// Builds the servers, the host and the command line, and runs the tests.
pub(crate) fn test(counts: &mut Counts) -> anyhow::Result<()> {
    let node = setup::node()?;
    run(program(&node).arg(setup::widgets("typescript/bin/tsc")).args(["--project", "browser-tests"]))?;
    run(cargo("build").args(EXAMPLES.iter().chain(&OTHERS).flat_map(|server| ["--package", server])))?;
    run(&mut cargo("build --package pmcp-preview --example host"))?;
    run(&mut cargo("build --package cargo-pmcp"))?;
    let mut tests = program(node);
    // Side by side: they wait more than they compute.
    tests.args(["--test", "--test-reporter=tap", "--test-timeout=300000", "--disable-warning=ExperimentalWarning"]);
    tests.arg("browser-tests/*.test.ts").env("CARGO_TARGET_DIR", target_directory()?);
    run_cases(tests.current_dir(root()), counts)
}

/// Pictures of the preview, which the README of `cargo-pmcp` shows.
const PREVIEW: [&str; 5] = ["first", "question", "policy", "compare", "dark"];

/// Runs the tests, and puts their pictures where READMEs show them.
pub(crate) fn picture(counts: &mut Counts) -> anyhow::Result<()> {
    test(counts)?;
    let pictures = target_directory()?.join("screenshots");
    for example in EXAMPLES {
        let picture = root().join("examples").join(example).join("screenshot.png");
        fs::copy(pictures.join(format!("{example}.png")), picture)
            .with_context(|| format!("the tests of {example} left no picture"))?;
    }
    for name in PREVIEW {
        let file = format!("{name}.png");
        fs::copy(pictures.join(format!("preview-{file}")), root().join("cargo-pmcp/pictures").join(file))
            .with_context(|| format!("the tests of the preview left no picture `{name}`"))?;
    }
    Ok(())
}
