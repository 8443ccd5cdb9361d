//! The page of the preview: TypeScript and Preact, built with Node.js.

use crate::command::{program, run};
use crate::setup;

pub(crate) const HELP: &str = "\
Build the page of the preview from preview-page/ into pmcp-preview/assets, with the licences of what is bundled, and the script and style of a
published page into cargo-pmcp/assets/landing.

Usage: cargo xtask ui [--check]

Options:
  --check  change nothing; fail if a file is not what its sources say, if a page is too large, or if types do not fit
";

/// Writes the files.
pub(crate) fn build() -> anyhow::Result<()> {
    run(program(setup::node()?).arg("preview-page/build.mjs"))
}

/// Checks the files and the types.
pub(crate) fn check() -> anyhow::Result<()> {
    let node = setup::node()?;
    run(program(&node).args(["preview-page/build.mjs", "--check"]))?;
    run(program(node).arg(setup::widgets("typescript/bin/tsc")).args(["--project", "preview-page"]))
}
