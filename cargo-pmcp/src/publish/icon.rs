//! The picture that directories show.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Component, Path},
};

use crate::error::{Error, Result};

/// The pixels of a side, and the most bytes.
const SMALLEST: u32 = 64;
const WIDEST: u32 = 4096;
const LARGEST: usize = 1 << 20;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A square picture in the format PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Icon {
    pub(super) bytes: Vec<u8>,
    /// The pixels of a side.
    pub(super) side: u32,
}

impl Icon {
    /// Reads a file of a package.
    ///
    /// # Errors
    /// It is not there, lies outside of the package, or is no picture that directories take.
    pub(super) fn read(package: &Path, path: &Path) -> Result<Self> {
        let shown = path.display();
        let outside = || {
            Error::failed(format!("the icon `{shown}` lies outside of the package"))
                .help("move it into the package, and name it relative to `Cargo.toml`")
        };
        if !is_inside(path) {
            return Err(outside());
        }
        let unreadable = |error: io::Error| {
            Error::because(&format!("the icon `{shown}` cannot be read"), &error)
                .help("it is named relative to `Cargo.toml`")
        };
        // A link may lead out, to what is not meant to be published.
        let package = package.canonicalize().map_err(unreadable)?;
        let file = package.join(path).canonicalize().map_err(unreadable)?;
        if !file.starts_with(&package) {
            return Err(outside());
        }
        let mut bytes = Vec::new();
        // One byte more shows that it is too large.
        let read = File::open(file).and_then(|file| file.take(LARGEST as u64 + 1).read_to_end(&mut bytes));
        read.map_err(unreadable)?;
        Self::parse(bytes).map_err(|why| {
            Error::failed(format!("the icon `{shown}` {why}"))
                .help(format!("directories take a square PNG of {SMALLEST} to {WIDEST} pixels a side, of at most 1 MiB, that does not move"))
        })
    }

    fn parse(bytes: Vec<u8>) -> std::result::Result<Self, String> {
        let number = |at: usize| bytes.get(at..at + 4).and_then(|four| Some(u32::from_be_bytes(four.try_into().ok()?)));
        let (true, Some(width), Some(height)) = (bytes.starts_with(SIGNATURE), number(16), number(20)) else {
            return Err("is no PNG".to_owned());
        };
        if bytes.len() > LARGEST {
            return Err(format!("has more than {} KiB", LARGEST >> 10));
        }
        if width != height || !(SMALLEST..=WIDEST).contains(&width) {
            return Err(format!("has {width} × {height} pixels"));
        }
        // What moves says so before its first picture.
        if chunks(&bytes).any(|name| name == b"acTL") {
            return Err("moves".to_owned());
        }
        Ok(Self { side: width, bytes })
    }
}

/// Set if a path from the package leads to something in it.
fn is_inside(path: &Path) -> bool {
    path.is_relative() && path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// The names of a picture's chunks, up to the first that holds pixels.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let length = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize;
        let name = rest.get(4..8)?;
        rest = rest.get(length.checked_add(12)?..).unwrap_or_default();
        Some(name)
    })
    .take_while(|name| *name != b"IDAT")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The head of a picture, with a chunk of this name after it.
    pub(in crate::publish) fn picture(width: u32, height: u32, name: [u8; 4]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(name);
        bytes.extend([0; 4]);
        bytes
    }

    #[test]
    fn a_picture_is_square_and_still() {
        assert_eq!(Icon::parse(picture(128, 128, *b"IDAT")).unwrap().side, 128);
        for (bytes, words) in [
            (picture(128, 64, *b"IDAT"), "has 128 × 64 pixels"),
            (picture(32, 32, *b"IDAT"), "has 32 × 32 pixels"),
            (picture(5000, 5000, *b"IDAT"), "has 5000 × 5000 pixels"),
            (picture(128, 128, *b"acTL"), "moves"),
            (b"GIF89a".to_vec(), "is no PNG"),
            (SIGNATURE.to_vec(), "is no PNG"),
        ] {
            assert_eq!(Icon::parse(bytes).unwrap_err(), words);
        }
        let mut large = picture(128, 128, *b"IDAT");
        large.resize(LARGEST + 1, 0);
        assert_eq!(Icon::parse(large).unwrap_err(), "has more than 1024 KiB");
    }

    #[test]
    fn a_picture_lies_in_the_package() {
        let package = tempfile::tempdir().unwrap();
        std::fs::write(package.path().join("icon.png"), picture(64, 64, *b"IDAT")).unwrap();
        assert!(Icon::read(package.path(), Path::new("./icon.png")).is_ok());
        for outside in ["../icon.png", "/icon.png"] {
            let error = Icon::read(package.path(), Path::new(outside)).unwrap_err();
            assert!(error.message.unwrap().contains("lies outside"), "{outside}");
        }
        #[cfg(unix)]
        {
            let elsewhere = tempfile::tempdir().unwrap();
            std::fs::write(elsewhere.path().join("icon.png"), picture(64, 64, *b"IDAT")).unwrap();
            std::os::unix::fs::symlink(elsewhere.path(), package.path().join("out")).unwrap();
            std::os::unix::fs::symlink("icon.png", package.path().join("in.png")).unwrap();
            assert!(Icon::read(package.path(), Path::new("in.png")).is_ok());
            let error = Icon::read(package.path(), Path::new("out/icon.png")).unwrap_err();
            assert!(error.message.unwrap().contains("lies outside"), "a link leads out");
        }
        assert!(
            Icon::read(package.path(), Path::new("none.png")).unwrap_err().message.unwrap().contains("cannot be read")
        );
    }
}
