//! The runtime of widgets: TypeScript, built and tested with Node.js and a browser.

use crate::command::{program, root, run, run_cases};
use crate::report::Counts;
use crate::setup;

pub(crate) const HELP: &str = "\
Build what of widget-runtime/ is committed: the bridge that widgets get, the module for those who bundle, and the host's half.

Usage: cargo xtask runtime [--check]

Options:
  --check  change nothing; fail if a file is not what its sources say, if the bridge is too large, if types do not fit, or if a
           test fails. The tests need Chromium: /usr/bin/chromium, or the one that CHROMIUM names.
";

/// Writes the files.
pub(crate) fn build() -> anyhow::Result<()> {
    run(program(setup::node()?).arg("widget-runtime/build.mjs"))
}

/// Checks the files, the types and the behaviour.
pub(crate) fn check(counts: &mut Counts) -> anyhow::Result<()> {
    let node = setup::node()?;
    run(program(&node).args(["widget-runtime/build.mjs", "--check"]))?;
    for project in ["widget-runtime", "widget-runtime/test"] {
        run(program(&node).arg(setup::widgets("typescript/bin/tsc")).args(["--project", project]))?;
    }
    let mut tests = program(node);
    tests.args(["--test", "--test-reporter=tap", "--test-timeout=120000", "--disable-warning=ExperimentalWarning"]);
    run_cases(tests.arg("test/*.test.ts").current_dir(root().join("widget-runtime")), counts)
}
