//! The browser that is installed.

use std::{
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::error::{Error, Result};

/// The variable that names a browser.
const VARIABLE: &str = "CHROMIUM";

/// The names of browsers on the path, the plainest first.
const NAMES: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
];

/// The places of browsers that are on no path.
const PLACES: [&str; 3] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
];

/// The browser.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct BrowserArgs {
    /// The browser: Chromium, Chrome or Edge. The one that the variable `CHROMIUM` names, or one that is installed, unless said otherwise.
    #[arg(long, value_name = "PROGRAM")]
    chromium: Option<OsString>,
}

impl BrowserArgs {
    /// The program, if there is one that can be driven.
    ///
    /// # Errors
    /// One is named, and is not there.
    pub(crate) fn find_if_there(&self) -> Result<Option<PathBuf>> {
        match self.find() {
            Ok(program) => Ok(Some(program).filter(|_| cfg!(unix))),
            Err(error) if self.chromium.is_some() => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The program.
    ///
    /// # Errors
    /// There is none, or not where it is said to be.
    pub(crate) fn find(&self) -> Result<PathBuf> {
        let named = |name: &OsStr, by: &str| {
            on_path(name).ok_or_else(|| {
                Error::usage(format!("there is no program `{}`, which {by} names", name.display())).help(
                    "name a Chromium, Chrome or Edge by its path; or leave it out, and have one that is installed",
                )
            })
        };
        if let Some(name) = &self.chromium {
            return named(name, "`--chromium`");
        }
        if let Some(name) = env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
            return named(&name, "the variable `CHROMIUM`");
        }
        let places = PLACES.iter().map(PathBuf::from).filter(|place| is_program(place));
        NAMES.iter().find_map(|name| on_path(OsStr::new(name))).or_else(|| places.into_iter().next()).ok_or_else(|| {
            Error::usage("there is no browser")
                .help("install Chromium, Chrome or Edge, such as by `apt install chromium` or `brew install chromium`")
                .help("one in another place is named by `--chromium PROGRAM`, or by the variable `CHROMIUM`")
        })
    }
}

/// The program of this name, or at this path.
fn on_path(name: &OsStr) -> Option<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return Some(PathBuf::from(name)).filter(|path| is_program(path));
    }
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_by_its_name_or_its_path_and_a_folder_is_none() {
        let of = |name: &str| BrowserArgs { chromium: Some(name.into()) }.find();
        assert!(of("sh").unwrap().is_absolute());
        assert_eq!(of("/bin/sh").unwrap(), Path::new("/bin/sh"));
        for wrong in ["/bin", "/etc/passwd", "no-such-browser", "/no/such/browser"] {
            let error = of(wrong).unwrap_err();
            assert!(error.message.unwrap().contains(wrong) && !error.help.is_empty(), "{wrong}");
        }
    }
}
