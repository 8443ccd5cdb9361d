//! New apps, new widgets and templates, as somebody makes them in a terminal.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod built;
mod deploy;
mod new;
mod widget;

use std::{fs, path::Path};

use snapbox::cmd::{Command, cargo_bin};

/// `cargo pmcp` in this directory.
fn pmcp(directory: &Path) -> Command {
    Command::new(cargo_bin!("cargo-pmcp")).arg("pmcp").current_dir(directory)
}

/// Every file below a directory, by its path from there.
fn files(directory: &Path) -> Vec<String> {
    fn collect(directory: &Path, prefix: &str, all: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{path}/"), all);
            } else {
                all.push(path);
            }
        }
    }
    let mut all = Vec::new();
    collect(directory, "", &mut all);
    all.sort();
    all
}
