//! What is traced on a test's own thread, where its server runs, too.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::{self, Write as _},
    sync::{Arc, Mutex},
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
    spans: Arc<Mutex<Vec<Entry>>>,
    _default: DefaultGuard,
}

impl Log {
    pub(crate) fn begin() -> Self {
        let entries = Arc::<Mutex<Vec<Entry>>>::default();
        let spans = Arc::<Mutex<Vec<Entry>>>::default();
        let writer = Writer { entries: entries.clone(), spans: spans.clone() };
        Self { entries, spans, _default: tracing::subscriber::set_default(writer) }
    }

    /// Everything so far.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    /// The spans so far, with all that was recorded of them.
    pub(crate) fn spans(&self) -> Vec<Entry> {
        self.spans.lock().unwrap().clone()
    }

    /// The one span that is shown under this name.
    pub(crate) fn span(&self, name: &str) -> Entry {
        let named: Vec<_> = self.spans().into_iter().filter(|span| span.field("otel.name") == name).collect();
        let [span] = &named[..] else { panic!("there is not one {name:?} among {:#?}", self.spans()) };
        span.clone()
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
    /// Each under its place among them, from 1.
    spans: Arc<Mutex<Vec<Entry>>>,
}

impl Subscriber for Writer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("pmcp")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        let mut entry = Entry { level: *metadata.level(), target: metadata.target(), fields: BTreeMap::new() };
        span.record(&mut entry);
        let mut spans = self.spans.lock().unwrap();
        spans.push(entry);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.spans.lock().unwrap();
        let at = usize::try_from(id.into_u64()).unwrap() - 1;
        values.record(&mut spans[at]);
    }

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
