//! The program that is meant: of the package here, as `cargo metadata` tells.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::Deserialize;
use serde_json::Value;
use tokio::process::Command;

use super::PackageArgs;
use crate::{
    error::{Error, Result},
    text::{meant, quoted},
};

/// A program that cargo builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Its package.
    pub(crate) package: String,
    pub(crate) version: String,
    /// The package as cargo takes it.
    pub(crate) id: String,
    /// The folder of the package's manifest.
    pub(crate) folder: PathBuf,
    /// The folder of everything that is built.
    pub(crate) target: PathBuf,
    /// The binary or example.
    pub(crate) name: String,
    pub(crate) is_example: bool,
    pub(crate) is_release: bool,
    pub(crate) about: About,
}

/// The words of a package's manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct About {
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) repository: Option<String>,
    /// Each as `NAME <EMAIL>`, or without the second.
    pub(crate) authors: Vec<String>,
    pub(crate) keywords: Vec<String>,
    /// `[package.metadata]`, null if there is none.
    pub(crate) metadata: Value,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    id: String,
    manifest_path: PathBuf,
    default_run: Option<String>,
    targets: Vec<Built>,
    #[serde(flatten)]
    about: About,
}

/// A thing that cargo builds of a package.
#[derive(Debug, Deserialize)]
struct Built {
    name: String,
    kind: Vec<String>,
}

impl Package {
    fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    fn programs(&self, kind: &str) -> Vec<&str> {
        let built = self.targets.iter().filter(|built| built.kind.iter().any(|of| of == kind));
        built.map(|built| built.name.as_str()).collect()
    }
}

/// The cargo that started this, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Finds the program that is meant.
///
/// # Errors
/// There is none, or it is not clear which.
pub(crate) async fn find(args: &PackageArgs) -> Result<Program> {
    let mut command = cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps"]).stdin(Stdio::null()).kill_on_drop(true);
    let told = command.output().await.map_err(|error| {
        Error::because("cargo cannot be started", &error).help("install Rust, or pass `--url` or `-- COMMAND`")
    })?;
    if !told.status.success() {
        let text = String::from_utf8_lossy(&told.stderr);
        let reason = text.trim().trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
        return Err(Error::usage(format!("there is no package here: {reason}"))
            .help("go to the folder of one; commands that take any server take `--url URL` or `-- COMMAND`, too"));
    }
    let metadata = serde_json::from_slice(&told.stdout)
        .map_err(|error| Error::because("`cargo metadata` cannot be read", &error))?;
    let here = env::current_dir().map_err(|error| Error::because("there is no folder here", &error))?;
    choose(metadata, args, &here)
}

fn choose(metadata: Metadata, args: &PackageArgs, here: &Path) -> Result<Program> {
    let packages = &metadata.packages;
    let (kind, wanted) = match &args.example {
        Some(example) => ("example", Some(example)),
        None => ("bin", args.bin.as_ref()),
    };
    let candidates: Vec<&Package> = if let Some(name) = &args.package {
        let found: Vec<_> = packages.iter().filter(|package| package.name == *name).collect();
        if found.is_empty() {
            let names = packages.iter().map(|package| package.name.as_str());
            return Err(unknown("package", name, names));
        }
        found
    } else {
        // The package whose folder we are in; else whichever of the workspace has it.
        let inside = packages.iter().filter(|package| here.starts_with(package.folder()));
        match inside.max_by_key(|package| package.folder().components().count()) {
            Some(package) => vec![package],
            None => packages.iter().collect(),
        }
    };
    let mut found = Vec::new();
    for package in &candidates {
        let programs = package.programs(kind);
        let chosen = match wanted {
            Some(wanted) => programs.into_iter().filter(|name| name == wanted).collect(),
            None => match &package.default_run {
                Some(default) => vec![default.as_str()],
                None => programs,
            },
        };
        found.extend(chosen.into_iter().map(|name| (*package, name)));
    }
    match (&found[..], wanted) {
        ([(package, name)], _) => Ok(Program {
            package: package.name.clone(),
            version: package.version.clone(),
            id: package.id.clone(),
            folder: package.folder().to_owned(),
            name: (*name).to_owned(),
            is_example: kind == "example",
            is_release: args.release,
            about: package.about.clone(),
            target: metadata.target_directory,
        }),
        ([], Some(wanted)) => Err(unknown(kind, wanted, candidates.iter().flat_map(|package| package.programs(kind)))),
        ([], None) => Err(Error::usage(format!("{} has no binary", called(&candidates)))
            .help("choose another package with `-p`, or an example with `--example`")),
        (several, _) => {
            let in_one = several.iter().all(|(package, _)| package.id == several[0].0.id);
            let (option, names): (_, Vec<_>) = if in_one {
                ("--bin", several.iter().map(|(_, name)| *name).collect())
            } else {
                ("-p", several.iter().map(|(package, _)| package.name.as_str()).collect())
            };
            Err(Error::usage(format!("{} has several binaries", called(&candidates)))
                .help(format!("choose one with `{option}`: {}", quoted(names))))
        }
    }
}

fn called(packages: &[&Package]) -> String {
    match packages {
        [package] => format!("`{}`", package.name),
        _ => "the workspace".to_owned(),
    }
}

fn unknown<'a>(kind: &str, given: &str, names: impl Iterator<Item = &'a str>) -> Error {
    let names: Vec<_> = names.collect();
    let kind = if kind == "bin" { "binary" } else { kind };
    let error = Error::usage(format!("there is no {kind} `{given}` here"));
    match (meant(given, names.iter().copied()), names.is_empty()) {
        (Some(meant), _) => error.help(format!("did you mean `{meant}`?")),
        (None, false) => error.help(format!("there are {}", quoted(names))),
        (None, true) => error,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, targets: &Value) -> Value {
        json!({ "name": name, "version": "0.1.0", "id": format!("path+file:///w/{name}"), "default_run": null,
            "manifest_path": format!("/w/{name}/Cargo.toml"), "targets": targets })
    }

    fn chosen(args: &PackageArgs, here: &str) -> std::result::Result<String, String> {
        let bins =
            |names: &[&str]| names.iter().map(|name| json!({ "name": name, "kind": ["bin"] })).collect::<Value>();
        let packages = [
            package("chess", &bins(&["chess"])),
            package("tools", &bins(&["one", "two"])),
            package(
                "library",
                &json!([{ "name": "library", "kind": ["lib"] }, { "name": "demo", "kind": ["example"] }]),
            ),
        ];
        let metadata = json!({ "packages": packages, "target_directory": "/w/target" });
        choose(serde_json::from_value(metadata).unwrap(), args, Path::new(here))
            .map(|program| format!("{}/{}", program.package, program.name))
            .map_err(|error| format!("{}; {}", error.message.unwrap(), error.help.join("; ")))
    }

    #[test]
    fn the_program_of_the_package_here_is_meant() {
        let none = PackageArgs::default();
        assert_eq!(chosen(&none, "/w/chess/src"), Ok("chess/chess".into()));
        assert_eq!(
            chosen(&none, "/w/tools"),
            Err("`tools` has several binaries; choose one with `--bin`: `one`, `two`".into())
        );
        assert!(chosen(&none, "/w/library").unwrap_err().contains("`library` has no binary"));
        assert!(chosen(&none, "/w").unwrap_err().contains("choose one with `-p`"));
    }

    #[test]
    fn a_program_is_found_by_its_name() {
        let bin = |name: &str| PackageArgs { bin: Some(name.into()), ..PackageArgs::default() };
        assert_eq!(chosen(&bin("two"), "/w"), Ok("tools/two".into()));
        assert!(chosen(&bin("twoo"), "/w/tools").unwrap_err().contains("did you mean `two`?"));
        let package = |name: &str| PackageArgs { package: Some(name.into()), ..PackageArgs::default() };
        assert_eq!(chosen(&package("chess"), "/w/tools"), Ok("chess/chess".into()));
        assert!(chosen(&package("ches"), "/w").unwrap_err().contains("did you mean `chess`?"));
        let demo = PackageArgs { example: Some("demo".into()), ..PackageArgs::default() };
        assert_eq!(chosen(&demo, "/w/library"), Ok("library/demo".into()));
    }
}
