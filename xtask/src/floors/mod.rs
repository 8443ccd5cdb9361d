//! The house holds: arrows only go down, and no files import each other in a circle.

mod house;
mod imports;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::command::{cargo, output};
use house::{CRATES, HOUSES, House, NEVER};
use imports::{Imports, Names};

pub(crate) const HELP: &str = "\
Check what may know what: crates and their rooms name only floors below them, and no files import each other in a circle.

Usage: cargo xtask floors

The floors are a table in xtask/src/floors/house.rs.
";

/// A file of a crate.
struct Room {
    path: PathBuf,
    module: Names,
    imports: Imports,
}

/// Checks all library crates, and fails naming every arrow that runs up.
pub(crate) fn check() -> anyhow::Result<()> {
    let metadata = output(&mut cargo("metadata --no-deps --format-version 1"))?;
    let metadata: Value = serde_json::from_str(&metadata).context("the metadata of cargo is not JSON")?;
    let mut wrong = crates(&metadata);
    for name in CRATES {
        let source = Path::new(name).join("src");
        if source.is_dir() {
            let rooms = read(&source)?;
            let house = HOUSES.iter().find(|house| house.name == name);
            wrong.extend(house.into_iter().flat_map(|house| arrows_up(house, &rooms)));
            wrong.extend(circles(&rooms));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("the house does not hold:\n  {}", wrong.join("\n  "))
}

/// The dependencies of our crates that run up, or are never to be.
fn crates(metadata: &Value) -> Vec<String> {
    let floor = |name: &str| CRATES.iter().position(|known| *known == name);
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["name"].as_str().filter(|name| floor(name).is_some()) else { continue };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let Some(other) = dependency["name"].as_str().filter(|other| floor(other).is_some()) else { continue };
            // What only tests need may stand anywhere.
            let is_up = dependency["kind"].is_null() && (floor(other) >= floor(name) || NEVER.contains(&(name, other)));
            if is_up {
                wrong.push(format!("{name} depends on {other}"));
            }
        }
    }
    wrong
}

fn read(source: &Path) -> anyhow::Result<Vec<Room>> {
    let mut files = Vec::new();
    collect(source, &mut files)?;
    let modules: BTreeSet<Names> = files.iter().map(|file| module(source, file)).collect();
    files
        .into_iter()
        .map(|path| {
            let module = module(source, &path);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let is_child = |name: &str| modules.contains(&[module.as_slice(), &[name.to_owned()]].concat());
            let imports =
                imports::read(&text, &module, is_child).with_context(|| format!("cannot parse {}", path.display()))?;
            Ok(Room { path, module, imports })
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

/// The module a file is.
fn module(source: &Path, file: &Path) -> Names {
    let inside = file.strip_prefix(source).unwrap_or(file).with_extension("");
    let mut names: Names = inside.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        names.pop();
    }
    names
}

/// The room of a path: the first of its names that is a file or folder.
fn room_of(names: &[String]) -> &str {
    names.first().map_or("lib", String::as_str)
}

/// The imports that run from a floor to one that is not below it.
fn arrows_up(house: &House, rooms: &[Room]) -> Vec<String> {
    let floor = |room: &str| house.floors.iter().position(|floor| floor.contains(&room));
    let is_beside = |room: &str| house.beside.contains(&room);
    let is_room = |name: &str| rooms.iter().any(|room| room_of(&room.module) == name);
    let mut wrong = Vec::new();
    for Room { path, module, imports } in rooms {
        let own = room_of(module);
        let path = path.display();
        if is_beside(own) {
            continue;
        }
        let Some(here) = floor(own) else {
            wrong.push(format!("{path}: `{own}` stands on no floor"));
            continue;
        };
        for taken in &imports.taken {
            // What the crate's front page hands on stands somewhere, too.
            let Some(target) = resolved(rooms, taken) else { continue };
            let there = room_of(&target.module);
            if there == own || !(is_room(there) || there == "lib") {
                continue;
            }
            match floor(there) {
                Some(below) if below < here || below == 0 => {}
                _ => wrong.push(format!("{path} names `{}`", taken.join("::"))),
            }
        }
    }
    wrong
}

/// The file that has what a path names; `None` if another crate has it.
fn resolved<'a>(rooms: &'a [Room], names: &[String]) -> Option<&'a Room> {
    let (room, rest) = (0..=names.len()).rev().find_map(|length| {
        let room = rooms.iter().find(|room| room.module == names[..length])?;
        Some((room, &names[length..]))
    })?;
    let Some((name, rest)) = rest.split_first() else { return Some(room) };
    match room.imports.handed_on.get(name) {
        None if room.imports.abroad.contains(name) => None,
        // Something handed on under its own name would lead here again.
        Some(path) if path != names => resolved(rooms, &[path.as_slice(), rest].concat()),
        _ => Some(room),
    }
}

/// All that can be reached from a file.
fn reached<'a>(arrows: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &'a Path) -> BTreeSet<&'a Path> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        next.extend(arrows[at].iter().filter(|path| seen.insert(**path)));
    }
    seen
}

/// The circles of files that import each other, each with its files.
fn circles(rooms: &[Room]) -> Vec<String> {
    let arrows: BTreeMap<&Path, BTreeSet<&Path>> = rooms
        .iter()
        .map(|room| {
            let targets = room.imports.taken.iter().filter_map(|names| resolved(rooms, names));
            let others = targets.map(|target| target.path.as_path()).filter(|path| *path != room.path);
            (room.path.as_path(), others.collect())
        })
        .collect();
    let reach: BTreeMap<&Path, BTreeSet<&Path>> = arrows.keys().map(|path| (*path, reached(&arrows, path))).collect();
    let circles: BTreeSet<Vec<&Path>> = reach
        .iter()
        .filter(|(path, reached)| reached.contains(*path))
        .map(|(path, reached)| reached.iter().copied().filter(|other| reach[other].contains(path)).collect())
        .collect();
    circles
        .into_iter()
        .map(|circle| {
            let names = circle.iter().map(|path| path.display().to_string());
            format!("these import each other in a circle: {}", names.collect::<Vec<_>>().join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rooms of a crate with these files.
    fn rooms(files: &[(&str, &str)]) -> Vec<Room> {
        let source = Path::new("src");
        let modules: Vec<Names> = files.iter().map(|(path, _)| module(source, &source.join(path))).collect();
        let of_file = |(path, text): &(&str, &str)| {
            let path = source.join(path);
            let module = module(source, &path);
            let is_child = |name: &str| modules.contains(&[module.as_slice(), &[name.to_owned()]].concat());
            let imports = imports::read(text, &module, is_child).unwrap();
            Room { path, module, imports }
        };
        files.iter().map(of_file).collect()
    }

    const HOUSE: House =
        House { name: "test", floors: &[&["ground"], &["first"], &["roof"]], beside: &["lib", "testing"] };

    #[test]
    fn an_arrow_down_holds_and_one_up_does_not() {
        let good =
            rooms(&[("ground.rs", ""), ("first.rs", "use crate::ground::G;"), ("roof/mod.rs", "use crate::first::F;")]);
        assert_eq!(arrows_up(&HOUSE, &good), [] as [&str; 0]);
        for (up, wrong) in [
            ("use crate::roof::R;", "src/ground.rs names `roof::R`"),
            ("fn f() { crate::first::f() }", "src/ground.rs names `first::f`"),
            ("use crate::testing::T;", "src/ground.rs names `testing::T`"),
        ] {
            let files = [("ground.rs", up), ("first.rs", ""), ("roof/mod.rs", ""), ("testing.rs", "")];
            assert_eq!(arrows_up(&HOUSE, &rooms(&files)), [wrong]);
        }
        let stranger = rooms(&[("shed.rs", "")]);
        assert_eq!(arrows_up(&HOUSE, &stranger), ["src/shed.rs: `shed` stands on no floor"]);
    }

    #[test]
    fn what_the_front_page_hands_on_counts_where_it_stands() {
        let files = [("lib.rs", "pub use roof::R;"), ("ground.rs", "use crate::R;"), ("roof.rs", "")];
        assert_eq!(arrows_up(&HOUSE, &rooms(&files)), ["src/ground.rs names `R`"]);
    }

    #[test]
    fn circles_are_found_through_the_faces_of_rooms() {
        let files = [
            ("a/mod.rs", "pub(crate) use one::One; pub(crate) use two::Two;"),
            ("a/one.rs", "use super::Two;"),
            ("a/two.rs", "use crate::a::One;"),
            ("b.rs", "use crate::a::One;"),
        ];
        assert_eq!(circles(&rooms(&files)), ["these import each other in a circle: src/a/one.rs, src/a/two.rs"]);
        assert_eq!(circles(&rooms(&files[..2])), [] as [&str; 0]);
    }

    #[test]
    fn crates_depend_on_those_below() {
        let package = |name: &str, other: &str, kind: Value| serde_json::json!({ "packages": [{ "name": name, "dependencies": [{ "name": other, "kind": kind }] }] });
        assert!(crates(&package("pmcp-server", "pmcp-tasks", Value::Null)).is_empty());
        assert!(crates(&package("pmcp-client", "pmcp-server", "dev".into())).is_empty());
        assert_eq!(crates(&package("pmcp-client", "pmcp-tasks", Value::Null)), ["pmcp-client depends on pmcp-tasks"]);
        assert_eq!(crates(&package("pmcp-tasks", "pmcp-client", Value::Null)), ["pmcp-tasks depends on pmcp-client"]);
    }
}
