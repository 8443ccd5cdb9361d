//! Failures that somebody hears of, for this crate and `pmcp-server`: without a subscriber to `tracing` they go to standard error.
//!
//! A program that has not set one would lose them without a word. What is written there neither waits nor fails, as a host may
//! leave the pipe alone or close it: a thread of its own writes, and what finds no room is lost.

use std::{
    error::Error,
    fmt::{self, Write as _},
    io::{self, Write as _},
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, dispatcher,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::{Interest, NoSubscriber},
};

/// Number of lines that wait to be written.
const LINES: usize = 256;

/// Set once a subscriber was set here, so that [`dispatcher::has_been_set`] tells nothing about others any more.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// An event of level ERROR, which is heard.
macro_rules! heard_error {
    ($($event:tt)*) => {
        $crate::heard::tell(|| ::tracing::error!($($event)*))
    };
}

/// An event of level WARN about a failure, which is heard.
macro_rules! heard_warn {
    ($($event:tt)*) => {
        $crate::heard::tell(|| ::tracing::warn!($($event)*))
    };
}

pub(crate) use heard_error as error;
pub(crate) use heard_warn as warn;

/// Sends an event to whoever listens, or to standard error.
pub fn tell(event: impl FnOnce()) {
    static STANDARD_ERROR: OnceLock<Dispatch> = OnceLock::new();
    let is_heard = if IS_OURS.load(Ordering::Relaxed) {
        dispatcher::get_default(|current| !current.is::<NoSubscriber>())
    } else {
        dispatcher::has_been_set()
    };
    if is_heard {
        return event();
    }
    let standard_error = STANDARD_ERROR.get_or_init(|| Dispatch::new(StandardError::new()));
    IS_OURS.store(true, Ordering::Relaxed);
    dispatcher::with_default(standard_error, event);
}

/// Writes events to standard error.
struct StandardError(SyncSender<String>);

impl StandardError {
    fn new() -> Self {
        let (lines, written) = sync_channel::<String>(LINES);
        // Without a thread what is told is lost.
        let _ = thread::Builder::new().name("pmcp-failures".into()).spawn(move || {
            for line in written {
                // Nobody can be told that this fails.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        });
        // The first words, so that nobody takes them for all there is to know.
        let _ = lines.try_send("note: only failures are told here; set a subscriber to `tracing` for the log\n".into());
        Self(lines)
    }
}

impl Subscriber for StandardError {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line { message: String::new(), fields: String::new() };
        event.record(&mut line);
        let Line { message, fields } = line;
        let (level, target) = (event.metadata().level(), event.metadata().target());
        let _ = self.0.try_send(format!("{level} {target}: {message}{fields}\n"));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let to = if field.name() == "message" { &mut self.message } else { &mut self.fields };
        // Texts take everything.
        let _ = match field.name() {
            "message" => write!(to, "{value:?}"),
            name => write!(to, " {name}={value:?}"),
        };
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let _ = write!(self.fields, " {}=\"{value}", field.name());
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(self.fields, ": {error}");
            cause = error.source();
        }
        self.fields.push('"');
    }
}
