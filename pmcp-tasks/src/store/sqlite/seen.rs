//! A file as its path shows it, without the times of its changes.
//!
//! Linux keeps exact times for a file once somebody has asked for them: the next write then notes its own time, and the sync
//! after it writes that down, too, which takes half as long as a commit again.

use std::{fs::Metadata, io, path::Path};

/// Device and inode.
#[cfg(unix)]
pub(super) type FileNumber = (u64, u64);

/// An open file is neither deleted nor replaced.
#[cfg(not(unix))]
pub(super) type FileNumber = ();

/// A file that a path names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) number: FileNumber,
    /// Number of its names (hard links).
    pub(super) names: u64,
    /// In bytes.
    pub(super) size: u64,
}

impl Seen {
    /// Looks at what the path names.
    #[cfg(target_os = "linux")]
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        use rustix::{
            fs::{AtFlags, CWD, StatxFlags, makedev, statx},
            io::Errno,
        };
        match statx(CWD, path, AtFlags::empty(), StatxFlags::INO | StatxFlags::NLINK | StatxFlags::SIZE) {
            Ok(seen) => Ok(Self {
                number: (makedev(seen.stx_dev_major, seen.stx_dev_minor), seen.stx_ino),
                names: seen.stx_nlink.into(),
                size: seen.stx_size,
            }),
            // Old kernels, and sandboxes that know only old ones.
            Err(Errno::NOSYS | Errno::PERM) => std::fs::metadata(path).map(|metadata| Self::of(&metadata)),
            Err(error) => Err(error.into()),
        }
    }

    /// Looks at what the path names.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|metadata| Self::of(&metadata))
    }

    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { number: (metadata.dev(), metadata.ino()), names: metadata.nlink(), size: metadata.len() }
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { number: (), names: 1, size: metadata.len() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_look_shows_what_the_metadata_say() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert_eq!(Seen::at(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "seven b").unwrap();
        let shown = |seen: Seen| (seen.number, seen.names, seen.size);
        let seen = Seen::at(&path).unwrap();
        assert_eq!(shown(seen), shown(Seen::of(&fs::metadata(&path).unwrap())));
        assert_eq!((seen.names, seen.size), (1, 7));
    }
}
