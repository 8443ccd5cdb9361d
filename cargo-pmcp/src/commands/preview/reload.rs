//! What a person is told of a change: at once, or when the page has said what came of it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::text;

/// The time for which a page is waited for. A view that is not ready by then is told of without its time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A change that a page is at.
#[derive(Debug)]
pub(super) struct Reload {
    change: u64,
    /// The save.
    since: Instant,
    files: String,
}

impl Reload {
    pub(super) fn new(change: u64, since: Instant, files: String) -> Self {
        Self { change, since, files }
    }

    /// The words when the page has said what came of this change; `None` if it was another one.
    pub(super) fn told(&self, change: u64, views: usize, is_state_kept: bool) -> Option<String> {
        let took = self.since.elapsed().as_millis();
        (change == self.change).then(|| match views {
            0 => self.files.clone(),
            _ if is_state_kept => format!("{} ({took} ms, state kept)", self.files),
            _ => format!("{} ({took} ms)", self.files),
        })
    }

    /// The words without what came of it.
    pub(super) fn untold(self) -> String {
        self.files
    }
}

/// Waits until a page has had its time; for ever if none is at anything.
pub(super) async fn overdue(reload: Option<&Reload>) {
    match reload {
        Some(reload) => tokio::time::sleep_until((reload.since + PATIENCE).into()).await,
        None => std::future::pending().await,
    }
}

/// Changed files in a few words.
pub(super) fn files(files: &[PathBuf]) -> String {
    let more = if files.len() > 1 { format!(" and {} more", files.len() - 1) } else { String::new() };
    let first = files.first().map(|file| file.to_string_lossy()).unwrap_or_default();
    format!("{}{more}", text::line(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_came_of_it() {
        let reload = Reload::new(2, Instant::now(), files(&["a/app.js".into(), "b".into()]));
        assert_eq!(reload.told(1, 1, true), None);
        assert_eq!(reload.told(2, 0, false).as_deref(), Some("a/app.js and 1 more"));
        let told = reload.told(2, 1, true).unwrap();
        assert!(told.starts_with("a/app.js and 1 more (") && told.ends_with(" ms, state kept)"), "{told}");
        let told = reload.told(2, 2, false).unwrap();
        assert!(told.ends_with(" ms)"), "{told}");
        assert_eq!(reload.untold(), "a/app.js and 1 more");
    }
}
