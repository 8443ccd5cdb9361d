//! The data of `examples/map`, made from the public-domain files of Natural Earth that a package of Python brings.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::command;
use crate::setup::{self, Tool};

pub(crate) const HELP: &str = "\
Write the places and outlines of examples/map anew, from Natural Earth.

Usage: cargo xtask map [--check]

Options:
  --check  change nothing, and fail if a file is not what would be written
";

const TOOL: Tool<'_> = Tool {
    name: "natural-earth",
    version: "geopandas==0.14.4\npyshp==3.1.6\n",
    install: |directory| setup::install_python(directory, TOOL.version),
};

/// The files that are made, from the directory of the example.
const MADE: [&str; 2] = ["data/places.geojson", "widgets/map/world.json"];

/// Makes the files, or looks whether they are what would be made.
pub(crate) fn run(check: bool) -> anyhow::Result<()> {
    let tools = setup::directory();
    setup::install_tool(&TOOL, &tools)?;
    let environment = tools.join(TOOL.name);
    let example = command::root().join("examples/map");
    let scratch = tempfile::tempdir()?;
    let target = if check { scratch.path() } else { &example };
    for made in MADE {
        fs::create_dir_all(target.join(made).parent().unwrap_or(target))?;
    }
    let mut make = command::program(environment.join("bin/python"));
    command::run(make.arg(example.join("data/make.py")).arg(data(&environment)?).arg(target))?;
    for made in MADE {
        if fs::read(target.join(made))? != fs::read(example.join(made))? {
            bail!("examples/map/{made} is not what `cargo xtask map` writes");
        }
    }
    Ok(())
}

/// The directory of the files, in the package that brings them.
fn data(environment: &Path) -> anyhow::Result<PathBuf> {
    let pythons = fs::read_dir(environment.join("lib"))?;
    let directories = pythons.filter_map(|python| Some(python.ok()?.path().join("site-packages/geopandas/datasets")));
    directories.into_iter().find(|path| path.is_dir()).context("the package brings no files of Natural Earth")
}
