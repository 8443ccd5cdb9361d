//! Messages for whoever watches a client's log.

use serde::{Deserialize, Serialize};

/// Gravity of a message (logging, "Log Levels"), the least grave first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Details for debugging.
    Debug,
    /// Ordinary event.
    #[default]
    Info,
    /// Event that matters.
    Notice,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
    /// A part of the system failed.
    Critical,
    /// Something has to be done at once.
    Alert,
    /// The system is unusable.
    Emergency,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_ordered_and_named_as_in_the_protocol() {
        let levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
        let read: Vec<LogLevel> = levels.iter().map(|level| serde_json::from_value((*level).into()).unwrap()).collect();
        assert!(read.is_sorted());
        assert_eq!(serde_json::to_value(read).unwrap(), serde_json::json!(levels));
    }
}
