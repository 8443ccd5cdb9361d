//! The record of the first view: a trace that grows beside its file, and takes its place when the view ends, or the host.
//!
//! A page that mounts a view asks for the record, and the first one has it. It sends the head and the messages as they come, so that a host
//! that ends has all of them but those of the last moment, whatever has become of the page.

use std::{
    io::{self, ErrorKind, Write as _},
    mem,
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use tempfile::NamedTempFile;

use crate::{key::random, notice::Recorded, traces::LARGEST};

/// The record of a host.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// No view has been mounted.
    Waiting(NamedTempFile),
    Open(Open),
    Over,
}

/// A record that grows.
#[derive(Debug)]
struct Open {
    /// The name that the page of the view knows.
    id: String,
    file: NamedTempFile,
    bytes: usize,
    lines: usize,
    /// The reason why it could not be written.
    trouble: Option<String>,
}

impl Record {
    /// A record for this file, which stays as it is until the record ends.
    ///
    /// # Errors
    /// Its directory takes no files.
    pub(crate) fn new(path: PathBuf) -> io::Result<Self> {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        // Its error tells of the directory, and not of a file that nobody has named.
        std::fs::metadata(directory)?;
        let file = NamedTempFile::new_in(directory)?;
        Ok(Self { path, state: Mutex::new(State::Waiting(file)) })
    }

    /// Tells whether no view has been recorded yet.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(*self.state.lock(), State::Waiting(_))
    }

    /// Begins the record; `None` if another view was the first.
    pub(crate) fn begin(&self) -> Option<String> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Waiting(_)) {
            return None;
        }
        let id = random::<16>().ok()?;
        if let State::Waiting(file) = mem::replace(&mut *state, State::Over) {
            *state = State::Open(Open { id: id.clone(), file, bytes: 0, lines: 0, trouble: None });
        }
        Some(id)
    }

    /// Adds lines.
    ///
    /// # Errors
    /// There is no such record, it would be too large, or it cannot be written.
    pub(crate) fn add(&self, id: &str, lines: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock();
        let State::Open(open) = &mut *state else { return Err(ErrorKind::NotFound.into()) };
        if open.id != id || open.trouble.is_some() {
            return Err(ErrorKind::NotFound.into());
        }
        if open.bytes + lines.len() > LARGEST {
            return Err(ErrorKind::FileTooLarge.into());
        }
        open.file.write_all(lines).inspect_err(|error| open.trouble = Some(error.to_string()))?;
        open.bytes += lines.len();
        open.lines += lines.split(|byte| *byte == b'\n').count() - 1;
        Ok(())
    }

    /// Ends the record of this view; `None` if it is none.
    pub(crate) fn end_of(&self, id: &str) -> Option<Recorded> {
        let is_it = matches!(&*self.state.lock(), State::Open(open) if open.id == id);
        is_it.then(|| self.end()).flatten()
    }

    /// Ends the record; `None` if it has ended.
    pub(crate) fn end(&self) -> Option<Recorded> {
        match mem::replace(&mut *self.state.lock(), State::Over) {
            State::Over => None,
            State::Waiting(_) => Some(Recorded::Nothing),
            State::Open(Open { trouble: Some(reason), .. }) => Some(Recorded::Failed(reason)),
            State::Open(Open { file, lines, .. }) => Some(match file.persist(&self.path) {
                // The head is no message.
                Ok(_) => Recorded::Written { messages: lines.saturating_sub(1) },
                Err(error) => Recorded::Failed(error.error.to_string()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_view_is_recorded_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        fs::write(&path, "before").unwrap();
        let record = Record::new(path.clone()).unwrap();
        let id = record.begin().unwrap();
        assert!(record.begin().is_none() && !record.is_waiting());
        record.add(&id, b"{}\n{}\n").unwrap();
        assert_eq!(record.add("another", b"{}\n").unwrap_err().kind(), ErrorKind::NotFound);
        record.add(&id, b"{}\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(record.end_of("another"), None);
        assert_eq!(record.end_of(&id), Some(Recorded::Written { messages: 2 }));
        assert_eq!(fs::read_to_string(&path).unwrap(), "{}\n{}\n{}\n");
        assert_eq!((record.end(), record.begin()), (None, None));
        assert_eq!(record.add(&id, b"{}\n").unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_host_without_a_view_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::new(directory.path().join("a.jsonl")).unwrap();
        assert_eq!(record.end(), Some(Recorded::Nothing));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        assert!(Record::new(directory.path().join("nowhere/a.jsonl")).is_err());
        assert!(Record::new(directory.path().to_owned()).is_err());
    }

    #[test]
    fn a_record_has_a_largest_size() {
        let directory = tempfile::tempdir().unwrap();
        let record = Record::new(directory.path().join("a.jsonl")).unwrap();
        let id = record.begin().unwrap();
        record.add(&id, b"{}\n").unwrap();
        assert_eq!(record.add(&id, &vec![b' '; LARGEST]).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(record.end(), Some(Recorded::Written { messages: 0 }));
    }
}
