//! Spans of time and states, in few words.

use anstyle::Style;
use pmcp_tasks::{task::TaskStatus, time::Millis};

use crate::screen::{FAILED, OVER, WAITS};

/// A span of time by its largest unit.
pub(super) fn span(from: Millis, to: Millis) -> String {
    let seconds = from.until(to).as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

/// A state, and whether it is that of an error: a result may be one.
pub(super) fn state(status: TaskStatus, is_error: bool) -> &'static str {
    if is_error && status == TaskStatus::Completed { "completed (error)" } else { status.as_str() }
}

/// The colour of a state.
pub(super) fn style(status: TaskStatus, is_error: bool) -> Style {
    match status {
        TaskStatus::InputRequired => WAITS,
        _ if is_error || status == TaskStatus::Failed => FAILED,
        TaskStatus::Completed | TaskStatus::Cancelled => OVER,
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_one_unit() {
        for (seconds, words) in [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")] {
            assert_eq!(span(Millis(5), Millis(5 + seconds * 1000)), words);
        }
        assert_eq!(span(Millis(9), Millis(5)), "0 s");
    }
}
