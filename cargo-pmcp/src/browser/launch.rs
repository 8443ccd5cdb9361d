//! The process of a browser, with a profile of its own.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use serde_json::json;

use super::{tab::Tab, wire::Wire};
use crate::{
    error::{Error, Result},
    target::Child,
};

/// The time a browser may take to start, on a machine that is busy, and to end when it is asked.
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(3);

/// The way a browser is started: it shows nothing, asks for nothing, and calls nobody but for what pages load.
const ARGUMENTS: [&str; 20] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
];

/// A browser that runs. It and all it started end when it is dropped, and its profile is removed.
#[derive(Debug)]
pub(crate) struct Browser {
    // In this order: the profile goes when nobody writes to it any more.
    child: Child,
    wire: Wire,
    profile: Profile,
}

/// The folder of a browser, which is removed when it is dropped.
#[derive(Debug)]
struct Profile(PathBuf);

impl Drop for Profile {
    fn drop(&mut self) {
        // Processes that have been killed a moment ago may write to it yet.
        for _ in 0..20 {
            if fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) async fn start(program: &Path) -> Result<Self> {
        let failed = |error: &std::io::Error| Error::because("there is no room for the profile of the browser", error);
        let folder = tempfile::Builder::new().prefix("pmcp-browser-").tempdir().map_err(|error| failed(&error))?;
        let profile = Profile(folder.keep());
        let mut child = start(program, &profile.0)?;
        let Some((reader, writer)) = child.streams() else {
            return Err(Error::failed("the browser has no standard streams"));
        };
        let wire = Wire::new(reader, writer);
        match tokio::time::timeout(START, wire.call(None, "Browser.getVersion", json!({}))).await {
            Ok(Ok(_)) => Ok(Self { child, wire, profile }),
            Ok(Err(_)) | Err(_) => Err(match child.end().await {
                Some(gone) => gone,
                None => Error::failed(format!("`{}` does not answer", program.display())).lines(child.last_lines()),
            }
            .help("it has to be a Chromium, Chrome or Edge that starts on this machine; `--chromium PROGRAM` names another")),
        }
    }

    /// Opens a page in a profile of its own.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn open(&self, url: &str) -> Result<Tab> {
        Tab::open(&self.wire, url).await
    }

    /// Ends it, and waits until nothing is left of it.
    pub(crate) async fn stop(self) {
        let Self { mut child, wire, profile } = self;
        // It has ended, or is ended below.
        let _ = tokio::time::timeout(END, wire.call(None, "Browser.close", json!({}))).await;
        let _ = tokio::time::timeout(END, child.ended()).await;
        drop(child);
        drop(profile);
    }
}

/// Starts the browser for those who hold the other ends of its standard streams, and removes its profile when it has ended, though nobody
/// else may be there any more to do it.
#[cfg(unix)]
const SUPERVISE: &str =
    r#""$@" 3<&0 4>&1 </dev/null >/dev/null; code=$?; rm -rf "$0" || { sleep 1; rm -rf "$0"; }; exit $code"#;

/// The two pipes are those that a shell has for standard input and output.
#[cfg(unix)]
fn start(program: &Path, profile: &Path) -> Result<Child> {
    use std::{process::Stdio, sync::Arc};

    let mut folder = OsString::from("--user-data-dir=");
    folder.push(profile);
    let mut command = tokio::process::Command::new("sh");
    command.args(["-c", SUPERVISE]).arg(profile).arg(program);
    command.args(ARGUMENTS).arg(folder);
    // For root, as in a container, it starts without its own sandbox or not at all.
    if rustix::process::geteuid().is_root() {
        command.arg("--no-sandbox");
    }
    command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped());
    let silent: crate::target::Ear = Arc::new(|_: &str| {});
    let name = program.file_name().unwrap_or(program.as_os_str());
    Ok(Child::start(command, &silent)?.named(&name.to_string_lossy()))
}

#[cfg(not(unix))]
fn start(_program: &Path, _profile: &Path) -> Result<Child> {
    let _ = (ARGUMENTS, OsString::new());
    Err(Error::usage("a browser is driven on Unix only").help("run it where Unix is, such as in WSL or a container"))
}
