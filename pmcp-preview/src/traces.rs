//! Traces that pages keep: a file each.

use std::{
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::Serialize;

/// Bytes of a trace.
pub(crate) const LARGEST: usize = 64 << 20;
/// Traces of a directory that are listed: the latest ones.
const LISTED: usize = 1000;
/// Characters of a name.
const LONGEST: usize = 64;
/// The ending of the files.
const ENDING: &str = "jsonl";

/// The directory of traces, which is made when the first is kept.
#[derive(Clone, Debug)]
pub(crate) struct Traces(PathBuf);

/// A trace in the list.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Listed {
    name: String,
    bytes: u64,
    /// The moment it was kept, in milliseconds since 1970.
    at: u64,
}

impl Traces {
    pub(crate) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// The traces, the latest first.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) fn list(&self) -> io::Result<Vec<Listed>> {
        let entries = match std::fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        // A file that goes away meanwhile is none.
        let mut all: Vec<_> = entries.filter_map(|entry| listed(&entry.ok()?.path())).collect();
        all.sort_unstable_by(|one, other| other.at.cmp(&one.at).then_with(|| one.name.cmp(&other.name)));
        all.truncate(LISTED);
        Ok(all)
    }

    /// A trace.
    ///
    /// # Errors
    /// There is none under this name, or it cannot be read.
    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let path = self.path(name)?;
        match std::fs::symlink_metadata(&path)? {
            file if !file.is_file() => Err(ErrorKind::NotFound.into()),
            file if file.len() > LARGEST as u64 => Err(ErrorKind::FileTooLarge.into()),
            _ => std::fs::read(path),
        }
    }

    /// Keeps a trace, in the place of one of this name.
    ///
    /// # Errors
    /// The name is none, or the file cannot be written.
    pub(crate) fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let path = self.path(name)?;
        std::fs::create_dir_all(&self.0)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.0)?;
        file.write_all(text)?;
        // Whoever reads sees the one or the other, and a link in the place of the file leads nowhere.
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    /// Removes a trace.
    ///
    /// # Errors
    /// There is none under this name, or it cannot be removed.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name)?)
    }

    /// The file of a trace. A name is no path.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        if is_name(name) { Ok(self.0.join(format!("{name}.{ENDING}"))) } else { Err(ErrorKind::InvalidInput.into()) }
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn listed(path: &Path) -> Option<Listed> {
    let name = path.file_stem()?.to_str().filter(|name| is_name(name))?.to_owned();
    let file = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let is_trace = path.extension()? == ENDING;
    let at = file.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    is_trace.then(|| Listed { name, bytes: file.len(), at: crate::events::milliseconds(at) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_kept_listed_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let traces = Traces::new(&directory.path().join("pmcp/traces"));
        assert_eq!(traces.list().unwrap(), []);
        traces.write("opening-1", b"{}\n").unwrap();
        traces.write("opening-1", b"{}\n{}\n").unwrap();
        let listed = traces.list().unwrap();
        assert_eq!((listed.len(), &*listed[0].name, listed[0].bytes), (1, "opening-1", 6));
        assert_eq!(traces.read("opening-1").unwrap(), b"{}\n{}\n");
        traces.remove("opening-1").unwrap();
        assert_eq!(traces.read("opening-1").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn of_many_traces_the_latest_are_listed() {
        let directory = tempfile::tempdir().unwrap();
        let of = |second| UNIX_EPOCH + std::time::Duration::from_secs(second);
        for number in 0..=LISTED as u64 {
            let file = std::fs::File::create(directory.path().join(format!("trace-{number}.jsonl"))).unwrap();
            file.set_modified(of(number)).unwrap();
        }
        let listed = Traces::new(directory.path()).list().unwrap();
        assert_eq!((listed.len(), &*listed[0].name), (LISTED, "trace-1000"));
        assert!(listed.iter().all(|one| one.name != "trace-0"), "the oldest is listed");
    }

    #[test]
    fn a_name_is_no_path() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("secret.jsonl"), "secret").unwrap();
        let traces = Traces::new(&directory.path().join("traces"));
        for name in [
            "",
            "../secret",
            "/etc/passwd",
            "a/b",
            "..",
            ".",
            "a\0b",
            "A",
            "a.b",
            "a\\b",
            "\u{e4}",
            &"a".repeat(LONGEST + 1),
        ] {
            assert_eq!(traces.read(name).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
            assert_eq!(traces.write(name, b"").unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
            assert_eq!(traces.remove(name).unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_nowhere() {
        let directory = tempfile::tempdir().unwrap();
        let secret = directory.path().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        let traces = Traces::new(directory.path());
        std::os::unix::fs::symlink(&secret, directory.path().join("link.jsonl")).unwrap();
        assert_eq!(traces.list().unwrap(), []);
        assert_eq!(traces.read("link").unwrap_err().kind(), ErrorKind::NotFound);
        traces.write("link", b"{}").unwrap();
        assert_eq!(std::fs::read_to_string(secret).unwrap(), "secret");
    }
}
