//! What is traced on a test's own thread, where its server runs, too.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

/// An event with its fields as texts; `message` is what it is called.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) level: Level,
    pub(crate) target: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Entry {
    /// A field, empty if there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", |text| text)
    }
}

impl Visit for Entry {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        self.fields.insert(field.name(), text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// Writes down what is traced until it is dropped.
pub(crate) struct Log {
    entries: Arc<Mutex<Vec<Entry>>>,
    _default: DefaultGuard,
}

impl Log {
    pub(crate) fn begin() -> Self {
        let entries = Arc::<Mutex<Vec<Entry>>>::default();
        let writer = Writer { entries: entries.clone(), spans: AtomicU64::new(1) };
        Self { entries, _default: tracing::subscriber::set_default(writer) }
    }

    /// Everything so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    /// The events that are called this.
    pub(crate) fn called(&self, message: &str) -> Vec<Entry> {
        self.entries().into_iter().filter(|entry| entry.field("message") == message).collect()
    }

    /// The one event that is called this.
    pub(crate) fn only(&self, message: &str) -> Entry {
        let [entry] = &self.called(message)[..] else {
            panic!("there is not one {message:?} among {:#?}", self.entries())
        };
        entry.clone()
    }
}

struct Writer {
    entries: Arc<Mutex<Vec<Entry>>>,
    spans: AtomicU64,
}

impl Subscriber for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pmcp")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut entry = Entry { level: *metadata.level(), target: metadata.target(), fields: BTreeMap::new() };
        event.record(&mut entry);
        self.entries.lock().unwrap().push(entry);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
