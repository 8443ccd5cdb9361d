//! A widget's directory: its files, read once each, and none outside of it.

use std::{
    fs::{self, File},
    io::Read as _,
    path::{Component, Path, PathBuf},
    rc::Rc,
};

use crate::{
    by_name::ByName,
    mistake::{Kind, Mistake, Topic},
    source::Source,
};

/// Bytes of a file.
const LARGEST: u64 = 16 << 20;
/// Bytes of all files.
const ALL: u64 = 64 << 20;
/// Files that are read.
const MOST: usize = 4_096;
/// Names of a directory that are compared with one that is not there.
const COMPARED: usize = 1_000;
/// Names that are not there for which others are looked for: more mistakes are not told.
const SUGGESTED: usize = 100;

#[derive(Debug)]
pub(crate) struct Folder {
    /// The directory as the attribute names it.
    pub(crate) dir: String,
    /// The directory without links. A document that is served has none.
    root: Option<PathBuf>,
    /// Files by path, each looked for once.
    files: ByName<Result<Content, Missing>>,
    size: u64,
    /// Number of files that were read.
    read: usize,
    /// Names that were compared with those of a directory.
    compared: usize,
}

/// The content of a file.
#[derive(Debug)]
struct Content {
    bytes: Rc<[u8]>,
    /// Set once it was read as a text.
    text: Option<Rc<str>>,
}

/// Reasons for which a file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is not there. A file with a name like it may be.
    Absent(Option<String>),
    Link,
    NoFile,
    Unreadable,
    TooLarge,
    TooMany,
}

/// Reasons for which a file is no text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    Missing(Missing),
    /// The line and column of the first byte that is no UTF-8.
    Encoding(usize, usize),
}

impl Folder {
    pub(crate) fn open(source: &Source<'_>) -> Result<Self, Mistake> {
        let wrong = |message: String, help: &str| Mistake {
            place: None,
            message,
            help: help.to_owned(),
            kind: Kind::Error,
            topic: Topic::Document,
        };
        let leaves = || wrong("`dir` leaves the crate".to_owned(), "move the directory into the crate");
        let written = Path::new(source.dir);
        if !written.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            return Err(leaves());
        }
        let dir = source.dir.trim_end_matches('/').to_owned();
        let absent = || {
            let help = match directory_alike(source.crate_dir, &dir) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!(
                    "paths are relative to the crate's `Cargo.toml`; run `cargo pmcp app new {dir}` to create it"
                ),
            };
            wrong(format!("widget directory `{dir}` does not exist"), &help)
        };
        let root = fs::canonicalize(source.crate_dir.join(written)).map_err(|_| absent())?;
        let crate_dir = fs::canonicalize(source.crate_dir).map_err(|_| absent())?;
        if !root.starts_with(crate_dir) {
            return Err(leaves());
        }
        if !root.is_dir() {
            return Err(wrong(format!("`{dir}` is not a directory"), "name the directory that `index.html` is in"));
        }
        Ok(Self { dir, root: Some(root), files: ByName::default(), size: 0, read: 0, compared: 0 })
    }

    /// The one text of a page that is served under this name, with nothing beside it.
    pub(crate) fn served(name: &str, path: &str, text: &str) -> Self {
        let mut files = ByName::default();
        files.insert(path, Ok(Content { bytes: text.as_bytes().into(), text: Some(text.into()) }));
        Self { dir: name.to_owned(), root: None, files, size: 0, read: 0, compared: 0 }
    }

    /// Set for a page that is served, and not read from a directory.
    pub(crate) fn is_served(&self) -> bool {
        self.root.is_none()
    }

    /// The path of a file as messages and builds name it.
    pub(crate) fn shown(&self, path: &str) -> String {
        if self.is_served() {
            return self.dir.clone();
        }
        if self.dir.is_empty() { path.to_owned() } else { format!("{}/{path}", self.dir) }
    }

    /// Every file that was opened, sorted.
    pub(crate) fn touched(&self) -> Vec<String> {
        let is_read =
            |file: &Result<Content, Missing>| matches!(file, Ok(_) | Err(Missing::Unreadable | Missing::TooLarge));
        self.files.iter().filter(|(_, file)| is_read(file)).map(|(path, _)| self.shown(path)).collect()
    }

    /// Every text that was read, with its path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, file)| Some((path, &**file.as_ref().ok()?.text.as_ref()?)))
    }

    pub(crate) fn text_read(&self, path: &str) -> Option<&Rc<str>> {
        self.files.get(path)?.as_ref().ok()?.text.as_ref()
    }

    pub(crate) fn bytes(&mut self, path: &str) -> Result<Rc<[u8]>, Missing> {
        if let Some(known) = self.files.get(path) {
            return known.as_ref().map(|file| file.bytes.clone()).map_err(Missing::clone);
        }
        let read = self.read(path);
        self.files.insert(path, read.clone().map(|bytes| Content { bytes, text: None }));
        read
    }

    fn read(&mut self, path: &str) -> Result<Rc<[u8]>, Missing> {
        let found = self.find(path)?;
        if self.read >= MOST || self.size >= ALL {
            return Err(Missing::TooMany);
        }
        let mut bytes = Vec::new();
        let file = File::open(found).map_err(|_| Missing::Unreadable)?;
        if file.metadata().is_ok_and(|known| known.len() > LARGEST) {
            return Err(Missing::TooLarge);
        }
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|_| Missing::Unreadable)?;
        if bytes.len() as u64 > LARGEST {
            return Err(Missing::TooLarge);
        }
        self.size += bytes.len() as u64;
        self.read += 1;
        Ok(bytes.into())
    }

    /// The text of a file, without the mark that some editors put before it.
    pub(crate) fn text(&mut self, path: &str) -> Result<Rc<str>, NoText> {
        if let Some(text) = self.text_read(path) {
            return Ok(text.clone());
        }
        let bytes = self.bytes(path).map_err(NoText::Missing)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
            NoText::Encoding(before.matches('\n').count() + 1, column)
        })?;
        let text: Rc<str> = text.strip_prefix('\u{feff}').unwrap_or(text).into();
        if let Some(Ok(file)) = self.files.get_mut(path) {
            file.text = Some(text.clone());
        }
        Ok(text)
    }

    /// The file behind a path, if it is one and lies in the directory.
    fn find(&mut self, path: &str) -> Result<PathBuf, Missing> {
        let Some(root) = self.root.clone() else { return Err(Missing::Absent(None)) };
        let written = root.join(path);
        let is_plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        let found = match fs::canonicalize(&written) {
            Ok(found) if is_plain => found,
            _ => return Err(Missing::Absent(self.alike(path))),
        };
        if !found.starts_with(&root) {
            return Err(Missing::Link);
        }
        // Pipes and devices would be read without end.
        if found.is_file() { Ok(found) } else { Err(Missing::NoFile) }
    }

    /// The name of a neighbour that may be meant.
    fn alike(&mut self, path: &str) -> Option<String> {
        self.compared += 1;
        if self.compared > SUGGESTED {
            return None;
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let root = self.root.as_ref()?;
        let parent = fs::canonicalize(root.join(parent)).ok().filter(|parent| parent.starts_with(root))?;
        let entries = fs::read_dir(parent).ok()?.take(COMPARED).filter_map(Result::ok);
        let mut names = ByName::default();
        for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_dir())) {
            if let Ok(name) = entry.file_name().into_string() {
                names.insert(&name, ());
            }
        }
        closest(name, names.names()).map(str::to_owned)
    }
}

/// The directory beside one that is not there that may be meant, under the same parent.
fn directory_alike(crate_dir: &Path, dir: &str) -> Option<String> {
    let (parent, name) = dir.rsplit_once('/').unwrap_or(("", dir));
    let entries = fs::read_dir(crate_dir.join(parent)).ok()?.take(COMPARED).filter_map(Result::ok);
    let mut names = ByName::default();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        if let Ok(name) = entry.file_name().into_string() {
            names.insert(&name, ());
        }
    }
    let meant = closest(name, names.names())?;
    Some(if parent.is_empty() { meant.to_owned() } else { format!("{parent}/{meant}") })
}

/// The name that was probably meant.
pub(crate) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let score = |other: &str| {
        if other.eq_ignore_ascii_case(name) {
            return 1.0;
        }
        // An extension that was left out.
        if !name.is_empty() && other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')) {
            return 0.9;
        }
        strsim::normalized_damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase())
    };
    let mut best = None;
    for other in names.filter(|other| other.len() <= 256 && name.len() <= 256) {
        let score = score(other);
        if score > 0.6 && best.is_none_or(|(least, _)| score > least) {
            best = Some((score, other));
        }
    }
    best.map(|(_, other)| other)
}
