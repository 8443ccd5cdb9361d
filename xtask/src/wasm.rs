//! The client in the page of the preview: WebAssembly, which is committed with the hash of what it is made of.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::command::{cargo, output, program, root, run, target_directory};
use crate::setup::{self, Tool};

pub(crate) const HELP: &str = "\
Build the client in the page of the preview, pmcp-preview-web, into pmcp-preview/assets, with the hash of what it is made of.

Usage: cargo xtask wasm [--check]

Options:
  --check  change nothing; fail if the files are not what was made, or if they are not what their sources say. They are
           built anew only if the hash of the sources is another one, as that takes minutes.

It needs the target wasm32-unknown-unknown, which it adds with rustup, and wasm-bindgen in the version of Cargo.lock, which
it installs into .tools/.
";

const CRATE: &str = "pmcp-preview-web";
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "web";

/// Bytes of the program: it is loaded from the own machine, and is part of every `cargo-pmcp`.
const BUDGET: usize = 560_000;

/// The crates that are ours in it.
const OURS: [&str; 4] = ["pmcp-protocol", "pmcp-client", "pmcp-preview-client", CRATE];

/// Files that are committed, as `wasm-bindgen` names them and as we do.
const FILES: [(&str, &str); 2] = [("client.js", "client.js"), ("client_bg.wasm", "client.wasm")];
/// The hash of the sources, and that of the files.
const HASHES: &str = "client.sha256";

/// Writes the files.
pub(crate) fn build() -> anyhow::Result<()> {
    for (name, contents) in made()? {
        println!("{name}: {} kB", contents.len() / 1000);
        fs::write(assets().join(name), contents)?;
    }
    fs::write(assets().join(HASHES), hashes(&committed()?)?)?;
    Ok(())
}

/// Checks the files.
pub(crate) fn check() -> anyhow::Result<()> {
    let files = committed()?;
    let told = fs::read_to_string(assets().join(HASHES)).unwrap_or_default();
    if told == hashes(&files)? {
        println!("{CRATE}: what it is made of has not changed");
        return Ok(());
    }
    for ((name, made), committed) in made()?.iter().zip(&files) {
        if made != committed {
            bail!("pmcp-preview/assets/{name} is not what its sources say; run `cargo xtask wasm`");
        }
    }
    // What has changed, such as a comment, makes no difference.
    Ok(())
}

fn assets() -> PathBuf {
    root().join("pmcp-preview/assets")
}

fn committed() -> anyhow::Result<Vec<Vec<u8>>> {
    let read = |(_, name): &(&str, &str)| fs::read(assets().join(name)).with_context(|| format!("there is no {name}"));
    FILES.iter().map(read).collect()
}

/// The lines of hashes, as they are committed.
fn hashes(files: &[Vec<u8>]) -> anyhow::Result<String> {
    let mut lines = format!("{}  sources\n", sources()?);
    for ((_, name), contents) in FILES.iter().zip(files) {
        writeln!(lines, "{}  {name}", hex(Sha256::digest(contents).as_slice()))?;
    }
    Ok(lines)
}

/// The hash of all that the program is made of, but for the compiler.
fn sources() -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let mut add = |name: &str, contents: &[u8]| {
        hash.update(format!("{name} {}\n", contents.len()));
        hash.update(contents);
    };
    for name in OURS {
        let directory = root().join(name);
        let mut files = vec![directory.join("Cargo.toml")];
        collect(&directory.join("src"), &mut files)?;
        for file in files {
            let name = file.strip_prefix(root()).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            add(&name, &fs::read(&file).with_context(|| format!("cannot read {name}"))?);
        }
    }
    add("dependencies", dependencies()?.as_bytes());
    add("profile", profile(&fs::read_to_string(root().join("Cargo.toml"))?).as_bytes());
    Ok(hex(&hash.finalize()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The crates it is built of, with their versions and features.
fn dependencies() -> anyhow::Result<String> {
    let mut tree = cargo("tree --locked --edges normal,build --prefix none --no-dedupe --format");
    let tree = output(tree.arg("{p} {f}").args(["--package", CRATE, "--target", TARGET]))?;
    // Crates of ours are named with their place on this machine.
    let plain =
        |line: &str| line.split_whitespace().filter(|word| !word.starts_with('(')).collect::<Vec<_>>().join(" ");
    let mut lines: Vec<_> = tree.lines().map(plain).collect();
    lines.sort();
    lines.dedup();
    Ok(lines.join("\n"))
}

/// The lines of the profile in the workspace's manifest.
fn profile(manifest: &str) -> String {
    let head = format!("[profile.{PROFILE}]");
    let lines = manifest.lines().skip_while(|line| *line != head).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A text takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The files as the sources say, by their names.
fn made() -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let bindgen = bindgen()?;
    let target = target_directory()?.join("wasm");
    add_target()?;
    let mut compile = cargo("build");
    compile.args(["--locked", "--package", CRATE, "--target", TARGET, "--profile", PROFILE, "--target-dir"]);
    // Places of texts in the program tell nobody where it was built.
    run(compile.arg(&target).env("CARGO_ENCODED_RUSTFLAGS", remapped()?.join("\u{1f}")))?;
    let program_file = target.join(TARGET).join(PROFILE).join("pmcp_preview_web.wasm");
    let bound = target.join("bound");
    let mut bind = program(bindgen);
    bind.args(["--remove-name-section", "--remove-producers-section"]);
    bind.args(["--target", "web", "--no-typescript", "--out-name", "client", "--out-dir"]);
    run(bind.arg(&bound).arg(program_file))?;
    let mut made = Vec::new();
    for (theirs, name) in FILES {
        let contents = fs::read(bound.join(theirs)).with_context(|| format!("wasm-bindgen made no {theirs}"))?;
        if contents.len() > BUDGET {
            bail!("{name} has {} bytes, more than the {BUDGET} that it may have", contents.len());
        }
        made.push((name, contents));
    }
    Ok(made)
}

/// Adds the target to the compiler, unless it is there.
fn add_target() -> anyhow::Result<()> {
    let directory = output(program("rustc").args(["--print", "target-libdir", "--target", TARGET]))?;
    if Path::new(directory.trim()).is_dir() {
        return Ok(());
    }
    run(program("rustup").args(["target", "add", TARGET]))
        .with_context(|| format!("add the target {TARGET} to your compiler"))
}

/// Flags of the compiler that put names in place of directories of this machine.
fn remapped() -> anyhow::Result<Vec<String>> {
    let mut flags = vec![format!("--remap-path-prefix={}=pmcp", root().display())];
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let registries = home.context("cargo has no home")?.join("registry/src");
    for registry in fs::read_dir(&registries).with_context(|| format!("cannot read {}", registries.display()))? {
        flags.push(format!("--remap-path-prefix={}=crates", registry?.path().display()));
    }
    Ok(flags)
}

/// `wasm-bindgen` in the version of the lock, installed if it was not.
fn bindgen() -> anyhow::Result<PathBuf> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let version = locked(&lock, "wasm-bindgen").context("the lock has no wasm-bindgen")?;
    setup::install_tool(&Tool { name: BINDGEN, version: &version, install: install_bindgen }, &setup::directory())?;
    Ok(setup::directory().join(BINDGEN).join("bin/wasm-bindgen"))
}

const BINDGEN: &str = "wasm-bindgen";

fn install_bindgen(directory: &Path) -> anyhow::Result<()> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let version = locked(&lock, "wasm-bindgen").context("the lock has no wasm-bindgen")?;
    let mut install = cargo("install wasm-bindgen-cli --quiet --version");
    run(install.arg(version).arg("--root").arg(directory).arg("--target-dir").arg(directory.join("build")))?;
    fs::remove_dir_all(directory.join("build")).context("could not remove what was needed to build it")
}

/// The version of a crate in a lock.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_lock_is_found() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked(lock, "wasm"), None);
    }

    #[test]
    fn the_profile_is_part_of_the_sources() {
        let manifest = "[profile.dev]\ndebug = 0\n\n[profile.web]\nlto = true\n\nopt-level = \"z\"\n[other]\n";
        assert_eq!(profile(manifest), "lto = true\nopt-level = \"z\"");
        assert!(!profile(&fs::read_to_string(root().join("Cargo.toml")).unwrap()).is_empty());
    }

    #[test]
    fn what_is_committed_is_what_was_made() {
        let told = fs::read_to_string(assets().join(HASHES)).unwrap();
        for ((_, name), contents) in FILES.iter().zip(committed().unwrap()) {
            assert!(told.contains(&format!("{}  {name}\n", hex(&Sha256::digest(contents)))), "{name}");
        }
    }
}
