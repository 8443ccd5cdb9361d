//! The spans of a test's own thread, as a system of tracing sees them that has remote parents.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::Once,
};

use pmcp_tasks::{
    call::TraceContext,
    trace::{self, Bridge, TARGET},
};
use tracing::{
    Event, Span, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt as _},
    registry::LookupSpan,
};

thread_local! {
    static SEEN: RefCell<Option<Vec<Seen>>> = const { RefCell::new(None) };
}

/// A span.
#[derive(Default)]
struct Seen {
    id: u64,
    /// As the code calls it.
    name: &'static str,
    target: &'static str,
    /// The place of its parent in this process among all.
    parent: Option<usize>,
    /// The place that it was said to go on from.
    remote: Option<String>,
    links: Vec<String>,
    fields: BTreeMap<&'static str, String>,
    is_closed: bool,
}

/// The spans of this thread, for as long as this lives.
pub(crate) struct Spans {
    events: std::sync::Arc<std::sync::Mutex<String>>,
    _default: DefaultGuard,
}

impl Spans {
    pub(crate) fn begin() -> Self {
        static BRIDGED: Once = Once::new();
        BRIDGED.call_once(|| trace::bridge(OfThreads).unwrap());
        SEEN.set(Some(Vec::new()));
        let events = std::sync::Arc::default();
        let subscriber = tracing_subscriber::registry().with(Watching(std::sync::Arc::clone(&events)));
        Self { events, _default: tracing::subscriber::set_default(subscriber) }
    }

    /// Names and kinds of the spans, below their parents, with these fields of each; `…` after one that is open.
    pub(crate) fn tree(fields: &[&str]) -> String {
        SEEN.with_borrow(|seen| {
            let seen = seen.as_deref().unwrap_or_default();
            let mut text = String::new();
            for at in 0..seen.len() {
                if parent(seen, at).is_none() {
                    write(&mut text, seen, at, fields);
                }
            }
            text
        })
    }

    /// All that any span or event of the process holds.
    pub(crate) fn everything(&self) -> String {
        let spans =
            SEEN.with_borrow(|seen| format!("{:?}", seen.iter().flatten().map(|one| &one.fields).collect::<Vec<_>>()));
        spans + &self.events.lock().unwrap()
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        SEEN.set(None);
    }
}

/// The place of a parent, be it told as a remote one.
fn parent(seen: &[Seen], at: usize) -> Option<usize> {
    let of_context = || {
        let known = (0..seen.len()).find(|known| seen[at].remote.as_deref() == Some(&*context(*known)));
        known.filter(|_| seen[at].remote.is_some())
    };
    seen[at].parent.or_else(of_context)
}

fn context(at: usize) -> String {
    format!("00-{:032x}-{:016x}-01", 0xabc, at + 1)
}

fn write(text: &mut String, seen: &[Seen], at: usize, fields: &[&str]) {
    fn depth(seen: &[Seen], at: usize) -> usize {
        parent(seen, at).map_or(0, |parent| 1 + depth(seen, parent))
    }
    if seen[at].target != TARGET {
        return;
    }
    let field = |name| seen[at].fields.get(name).map_or("", String::as_str);
    let name = seen[at].fields.get("otel.name").map_or(seen[at].name, String::as_str);
    let told: String = fields
        .iter()
        .filter_map(|name| seen[at].fields.get(name))
        .fold(String::new(), |told, value| told + " " + value);
    let open = if seen[at].is_closed { "" } else { " …" };
    let remote = match &seen[at].remote {
        Some(remote) if parent(seen, at).is_none() => format!("{remote} > "),
        _ => String::new(),
    };
    let linked = if seen[at].links.is_empty() { String::new() } else { format!(" ~ {:?}", seen[at].links) };
    let indent = "  ".repeat(depth(seen, at));
    writeln!(text, "{indent}{remote}{} ({}){told}{linked}{open}", name, field("otel.kind")).unwrap();
    for child in 0..seen.len() {
        if parent(seen, child) == Some(at) {
            write(text, seen, child, fields);
        }
    }
}

/// Finds a span of this thread, if anybody watches.
fn with<T>(id: Option<Id>, then: impl FnOnce(usize, &mut Seen) -> T) -> Option<T> {
    SEEN.with_borrow_mut(|seen| {
        let (id, seen) = (id?.into_u64(), seen.as_mut()?);
        let at = seen.iter().rposition(|span| span.id == id)?;
        Some(then(at, &mut seen[at]))
    })
}

/// Serves all threads of the process, as there is one bridge.
struct OfThreads;

impl Bridge for OfThreads {
    fn join(&self, span: &Span, parent: &TraceContext) {
        with(span.id(), |_, seen| seen.remote = parent.traceparent().map(str::to_owned));
    }

    fn link(&self, span: &Span, other: &TraceContext) {
        with(span.id(), |_, seen| seen.links.extend(other.traceparent().map(str::to_owned)));
    }

    fn context(&self, span: &Span) -> Option<TraceContext> {
        let place = with(span.id(), |at, _| context(at))?;
        TraceContext::read(|key| (key == "traceparent").then_some(&*place))
    }
}

struct Watching(std::sync::Arc<std::sync::Mutex<String>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Watching {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let parent = cx.span(id).and_then(|span| span.parent()).map(|parent| parent.id());
        let parent = with(parent, |at, _| at);
        let mut new = Seen {
            id: id.into_u64(),
            target: attributes.metadata().target(),
            name: attributes.metadata().name(),
            parent,
            ..Seen::default()
        };
        attributes.record(&mut new);
        SEEN.with_borrow_mut(|seen| seen.iter_mut().for_each(|seen| seen.push(std::mem::take(&mut new))));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        with(Some(id.clone()), |_, seen| values.record(seen));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Seen::default();
        event.record(&mut fields);
        write!(self.0.lock().unwrap(), "{:?}", fields.fields).unwrap();
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        with(Some(id), |_, seen| seen.is_closed = true);
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}
