//! What the runtime writes to the log of its process.

use std::{
    cell::RefCell,
    error::Error,
    fmt::{self, Write as _},
    sync::Once,
};

use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::{Interest, NoSubscriber},
};

thread_local! {
    /// `None`: nobody on this thread wants to know.
    static LINES: RefCell<Option<Vec<Line>>> = const { RefCell::new(None) };
}

/// An event.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) level: Level,
    pub(crate) message: String,
    /// Names and values, as text.
    fields: Vec<(&'static str, String)>,
}

impl Line {
    /// A field's value, empty if there is no such field.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| *field == name).map_or("", |(_, value)| value)
    }

    /// Whether the text is in it anywhere.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.message.contains(text) || self.fields.iter().any(|(_, value)| value.contains(text))
    }
}

/// The log of everything that runs on this thread, for as long as this lives. Of a test on a runtime of one thread: its own.
#[derive(Debug)]
pub(crate) struct Logged(());

impl Logged {
    pub(crate) fn begin() -> Self {
        static SUBSCRIBED: Once = Once::new();
        SUBSCRIBED.call_once(|| tracing::subscriber::set_global_default(ToThreads).unwrap());
        // Events that another test met before there was a subscriber are off until somebody new makes all be asked again.
        drop(Dispatch::new(NoSubscriber::new()));
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// The events until now.
    #[expect(clippy::unused_self, reason = "there are none without it")]
    pub(crate) fn lines(&self) -> Vec<Line> {
        LINES.with_borrow(|lines| lines.clone().unwrap_or_default())
    }

    /// Those with this message.
    pub(crate) fn of(&self, message: &str) -> Vec<Line> {
        self.lines().into_iter().filter(|line| line.message == message).collect()
    }

    /// The one with this message.
    pub(crate) fn only(&self, message: &str) -> Line {
        let all = self.of(message);
        assert_eq!(all.len(), 1, "`{message}` in {:#?}", self.lines());
        all.into_iter().next().unwrap()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        LINES.set(None);
    }
}

/// Gives each thread its own events.
struct ToThreads;

impl Subscriber for ToThreads {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        LINES.with_borrow(Option::is_some)
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        note(*span.metadata().level(), |fields| span.record(fields));
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        note(Level::TRACE, |fields| values.record(fields));
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        note(*event.metadata().level(), |fields| event.record(fields));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn note(level: Level, record: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(Line { level, message: String::new(), fields: Vec::new() });
    // Outside the borrow: a value may log while it is formatted.
    record(&mut fields);
    LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.push(fields.0.clone())));
}

struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0.message);
        } else {
            self.0.fields.push((field.name(), value.to_owned()));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            write!(text, ": {error}").unwrap();
            cause = error.source();
        }
        self.record_str(field, &text);
    }
}
