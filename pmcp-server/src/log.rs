//! A log that cannot stop the server: lines reach standard error through a thread of its own.
//!
//! Written straight away, a line waits for as long as nobody reads standard error, as where a host starts a server and leaves
//! the pipe alone; and once the reader has gone, a writer that says so panics in the middle of somebody's work. Here a line is
//! put into a buffer of 1 MiB. What comes while it is full is lost, and counted where the log goes on.
//!
//! With the feature `log` one line of a `main` sets everything up: `init`. With a subscriber of your own:
//!
//! ```
//! tracing_subscriber::fmt().with_writer(pmcp_server::log::stderr).init();
//! ```

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

/// The amount of text that waits to be written, in bytes.
const BUFFER: usize = 1 << 20;

/// The time for which [`flush`] waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// Standard error as a writer that neither waits nor fails. For [`tracing_subscriber`] it is what makes writers, in place of
/// [`std::io::stderr`].
///
/// [`tracing_subscriber`]: https://docs.rs/tracing-subscriber
#[must_use]
pub fn stderr() -> Stderr {
    static LINES: OnceLock<Arc<Lines>> = OnceLock::new();
    Stderr(LINES.get_or_init(|| Lines::to(io::stderr())).clone())
}

/// Waits until what was written before has reached standard error, at most a second: for the last words of a process.
/// [`Server::serve`](crate::Server::serve) does it when it ends.
pub fn flush() {
    stderr().0.flush(PATIENCE);
}

/// Writes an error and its causes to standard error, and gives what a `main` ends with: success, or failure. A boxed error may be one of
/// a thread alone, a `Box<dyn Error>`.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use pmcp_server::{Error, Server, Transport, log};
///
/// #[tokio::main]
/// async fn main() -> ExitCode {
///     log::exit_code(run().await)
/// }
///
/// async fn run() -> Result<(), Error> {
///     Server::new("warehouse", "1.0.0").serve(Transport::Stdio).await
/// }
/// ```
pub fn exit_code<E: LastError<B>, B>(outcome: Result<(), E>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    write(&format!("error: {}\n", with_causes(&*error.boxed())));
    flush();
    ExitCode::FAILURE
}

/// Error that a `main` ends with, as [`exit_code`] takes it: one that implements [`Error`], a text, or a boxed one. `B` is the box that it becomes,
/// which the compiler finds.
#[diagnostic::on_unimplemented(
    message = "`exit_code` cannot tell an error of the type `{Self}`",
    label = "neither an error, nor a box of one, nor a text",
    note = "errors are those that implement `std::error::Error`, `Box<dyn Error>`, `Box<dyn Error + Send + Sync>`, `anyhow::Error`, and texts"
)]
pub trait LastError<B> {
    /// The error as one that has causes.
    fn boxed(self) -> Box<dyn Error>;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> LastError<Box<dyn Error + Send + Sync>> for E {
    fn boxed(self) -> Box<dyn Error> {
        self.into()
    }
}

impl LastError<Self> for Box<dyn Error> {
    fn boxed(self) -> Box<dyn Error> {
        self
    }
}

/// The error and its causes in one line. A cause whose text is there already is left out.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    causes.fold(error.to_string(), |told, cause| {
        let cause = cause.to_string();
        if told.ends_with(&cause) { told } else { format!("{told}: {cause}") }
    })
}

/// Sends events to standard error through [`stderr`]: those that `RUST_LOG` lets through, else from `info` on. Panics go there,
/// too, in place of the message of Rust's own, which waits for a reader. A `RUST_LOG` that is no filter is told there, and means
/// `info`. Spans of [traces](crate::observing) are left out unless `RUST_LOG` names them (`pmcp::spans`): each line would begin with them.
/// Where a subscriber is set already, nothing changes.
#[cfg(feature = "log")]
pub fn init() {
    let (filter, mistake) = filter(std::env::var_os(tracing_subscriber::EnvFilter::DEFAULT_ENV).as_deref());
    // The filter of the whole, not of a layer: of spans that it leaves out nothing is made.
    let subscriber = tracing_subscriber::fmt().with_writer(stderr).with_env_filter(filter).with_ansi(false);
    if subscriber.try_init().is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let backtrace = std::backtrace::Backtrace::capture();
            let backtrace = match backtrace.status() {
                std::backtrace::BacktraceStatus::Captured => format!("{backtrace}"),
                _ => String::new(),
            };
            write(&format!("{panic}\n{backtrace}"));
        }));
        if let Some(mistake) = mistake {
            write(&mistake);
        }
    }
}

/// The lines of [`init`] as a layer, for a subscriber of yours in which other layers take the spans: it leaves spans out of the lines alone.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// # let to_somewhere = tracing_subscriber::layer::Identity::new();
/// // A layer that exports spans, as of `tracing-opentelemetry`, has a filter of its own: `off,pmcp::spans=info`.
/// let subscriber = tracing_subscriber::registry().with(to_somewhere).with(pmcp_server::log::layer());
/// # drop(subscriber);
/// ```
#[cfg(feature = "log")]
#[must_use]
pub fn layer<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let (filter, mistake) = filter(std::env::var_os(tracing_subscriber::EnvFilter::DEFAULT_ENV).as_deref());
    if let Some(mistake) = mistake {
        write(&mistake);
    }
    layer_to(stderr, filter)
}

/// Lines to this writer, of what the filter lets through.
#[cfg(feature = "log")]
fn layer_to<S, W>(writer: W, filter: tracing_subscriber::EnvFilter) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    W: for<'w> tracing_subscriber::fmt::MakeWriter<'w> + Send + Sync + 'static,
{
    use tracing_subscriber::Layer as _;
    tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).with_filter(filter)
}

/// The filter of `RUST_LOG`, and a line about it if it is no filter.
#[cfg(feature = "log")]
fn filter(given: Option<&std::ffi::OsStr>) -> (tracing_subscriber::EnvFilter, Option<String>) {
    use tracing_subscriber::EnvFilter;
    let info = || without_spans(EnvFilter::new("info"));
    let Some(given) = given else { return (info(), None) };
    let parsed = match given.to_str() {
        Some(text) => EnvFilter::try_new(text).map_err(|error| error.to_string()),
        None => Err("it is not UTF-8".to_owned()),
    };
    match parsed {
        Ok(filter) if given.to_str().is_some_and(|text| text.contains(pmcp_tasks::trace::TARGET)) => (filter, None),
        Ok(filter) => (without_spans(filter), None),
        Err(why) => {
            let given = given.to_string_lossy();
            let mistake =
                format!("RUST_LOG is `{given}`, which is no filter: {why}; events are written from `info` on\n");
            (info(), Some(mistake))
        }
    }
}

/// The filter without spans of traces.
#[cfg(feature = "log")]
fn without_spans(filter: tracing_subscriber::EnvFilter) -> tracing_subscriber::EnvFilter {
    match format!("{}=off", pmcp_tasks::trace::TARGET).parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    }
}

/// Writes a text that ends its last line.
pub(crate) fn write(text: &str) {
    stderr().0.put(text.as_bytes());
}

/// Standard error as a writer that neither waits nor fails: see [`stderr`].
#[derive(Clone, Debug)]
pub struct Stderr(Arc<Lines>);

impl Write for Stderr {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.put(text);
        Ok(text.len())
    }

    /// Does nothing: a log is not to be waited for. [`flush`] is for the end of the process.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text on its way to a writer.
#[derive(Debug, Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    text: Vec<u8>,
    /// Number of writes that found no room since the text was taken last.
    lost: usize,
    /// Set while what was taken is being written.
    is_writing: bool,
}

impl Lines {
    fn to(writer: impl Write + Send + 'static) -> Arc<Self> {
        let lines = Arc::<Self>::default();
        let written = lines.clone();
        // Without a thread the buffer fills, and what comes then is lost.
        let _ = thread::Builder::new().name("pmcp-log".into()).spawn(move || written.write_to(writer));
        lines
    }

    fn put(&self, text: &[u8]) {
        let mut waiting = self.waiting.lock();
        if waiting.text.len() + text.len() > BUFFER {
            waiting.lost += 1;
            return;
        }
        waiting.text.extend_from_slice(text);
        drop(waiting);
        self.changed.notify_all();
    }

    fn write_to(&self, mut writer: impl Write) {
        loop {
            let mut waiting = self.waiting.lock();
            waiting.is_writing = false;
            self.changed.notify_all();
            self.changed.wait_while(&mut waiting, |waiting| waiting.text.is_empty());
            waiting.is_writing = true;
            let (mut text, lost) = (std::mem::take(&mut waiting.text), std::mem::take(&mut waiting.lost));
            drop(waiting);
            if lost > 0 {
                text.extend_from_slice(
                    format!("{lost} lines were lost here: standard error was not read\n").as_bytes(),
                );
            }
            // A reader that has gone may come back, as that of a named pipe does.
            let _ = writer.write_all(&text).and_then(|()| writer.flush());
        }
    }

    fn flush(&self, patience: Duration) {
        let mut waiting = self.waiting.lock();
        let is_under_way = |waiting: &mut Waiting| waiting.is_writing || !waiting.text.is_empty();
        self.changed.wait_while_for(&mut waiting, is_under_way, patience);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[derive(Debug)]
    struct Told(&'static str, Option<Box<Told>>);

    impl std::fmt::Display for Told {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Told {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn causes_are_told_once_each() {
        let refused = Box::new(Told("connection refused", None));
        let link = Box::new(Told("no connection: connection refused", Some(refused)));
        let error = Told("the store cannot be reached", Some(link));
        assert_eq!(with_causes(&error), "the store cannot be reached: no connection: connection refused");
    }

    #[test]
    fn whatever_a_main_ends_with_has_an_exit_code() {
        let shared: fn() -> Box<dyn Error + Send + Sync> = || "shared".into();
        let own: fn() -> Box<dyn Error> = || "own".into();
        let codes = [
            exit_code(Err(io::Error::other("typed"))),
            exit_code(Err(shared())),
            exit_code(Err(own())),
            exit_code(Err("text")),
            exit_code(Err(format!("text {}", 2))),
        ];
        assert_eq!(codes, [ExitCode::FAILURE; 5]);
        assert_eq!(exit_code(Ok::<(), Box<dyn Error>>(())), ExitCode::SUCCESS);
    }

    /// A pipe whose reader takes each write when the test wants, or has gone.
    struct Pipe(mpsc::SyncSender<Vec<u8>>);

    impl Write for Pipe {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.send(text.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn pipe() -> (Arc<Lines>, mpsc::Receiver<Vec<u8>>) {
        // Each write waits until it is read.
        let (sender, reader) = mpsc::sync_channel(0);
        (Lines::to(Pipe(sender)), reader)
    }

    fn read_until(reader: &mpsc::Receiver<Vec<u8>>, end: &str) -> String {
        let mut all = String::new();
        while !all.contains(end) {
            all += std::str::from_utf8(&reader.recv_timeout(Duration::from_secs(20)).unwrap()).unwrap();
        }
        all
    }

    #[cfg(feature = "log")]
    #[test]
    fn a_filter_that_is_none_is_told() {
        let told = |given: &str| filter(Some(given.as_ref())).1;
        for good in ["warn", "info,pmcp_server=debug", "off"] {
            assert_eq!(told(good), None);
        }
        for wrong in ["pmcp_server=loud", "info,a=b=c"] {
            let (filter, mistake) = filter(Some(wrong.as_ref()));
            let mistake = mistake.unwrap();
            assert!(mistake.contains(wrong) && mistake.ends_with('\n'), "{mistake}");
            assert_eq!(filter.to_string(), "pmcp::spans=off,info");
        }
        assert_eq!(filter(None).1, None);
    }

    /// The names of the spans that a layer sees.
    #[cfg(feature = "log")]
    #[derive(Clone, Default)]
    struct Names(Arc<Mutex<Vec<&'static str>>>);

    #[cfg(feature = "log")]
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Names {
        fn on_new_span(
            &self,
            span: &tracing::span::Attributes<'_>,
            _: &tracing::Id,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            self.0.lock().push(span.metadata().name());
        }
    }

    /// A file that everybody writes to.
    #[cfg(feature = "log")]
    #[derive(Clone, Default)]
    struct File(Arc<Mutex<Vec<u8>>>);

    #[cfg(feature = "log")]
    impl Write for File {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[cfg(feature = "log")]
    #[test]
    fn spans_are_left_out_of_the_lines_and_reach_the_other_layers() {
        use tracing_subscriber::layer::SubscriberExt as _;
        let lines = |given: Option<&str>| {
            let (names, file) = (Names::default(), File::default());
            let writer = file.clone();
            let layer = layer_to(move || writer.clone(), filter(given.map(AsRef::as_ref)).0);
            let subscriber = tracing_subscriber::registry().with(names.clone()).with(layer);
            tracing::subscriber::with_default(subscriber, || {
                let request = tracing::info_span!(target: pmcp_tasks::trace::TARGET, "request", method = "ping");
                request.in_scope(|| tracing::info!("pinged"));
                tracing::info_span!("of an application", user = 7).in_scope(|| tracing::info!("greeted"));
            });
            assert_eq!(*names.0.lock(), ["request", "of an application"]);
            String::from_utf8(file.0.lock().clone()).unwrap()
        };
        for given in [None, Some("info"), Some("pmcp_server=debug"), Some("no=fil=ter")] {
            let lines = lines(given);
            assert!(lines.contains("pinged") && lines.contains("of an application{user=7}"), "{lines}");
            assert!(!lines.contains("request") && !lines.contains("ping\""), "{lines}");
        }
        assert!(lines(Some("info,pmcp::spans=info")).contains("request{method=\"ping\"}"));
        assert_eq!(lines(Some("off")), "");
    }

    #[test]
    fn what_nobody_reads_is_kept_up_to_a_limit_and_what_was_lost_is_told() {
        let (lines, reader) = pipe();
        let line = format!("{}\n", "x".repeat(1023));
        // One buffer may be on its way, another waits; nothing here is read meanwhile.
        for _ in 0..4 * BUFFER / 1024 {
            lines.put(line.as_bytes());
        }
        lines.flush(Duration::ZERO);
        let text = read_until(&reader, "lost here");
        let (kept, _) = text.split_once(" lines were lost here").unwrap();
        let lost: usize = kept.rsplit('\n').next().unwrap().parse().unwrap();
        assert_eq!(kept.matches('x').count() / 1023 + lost, 4 * BUFFER / 1024);
        assert!(kept.len() >= BUFFER && lost >= BUFFER / 1024, "{lost}");
        lines.put(b"later\n");
        assert_eq!(read_until(&reader, "later\n"), "later\n");
    }

    #[test]
    fn who_flushes_waits_for_what_was_written_and_no_longer_than_it_may() {
        let (lines, reader) = pipe();
        lines.put(b"last words\n");
        lines.flush(Duration::from_millis(1));
        let read = thread::spawn(move || reader.recv());
        lines.flush(Duration::from_secs(20));
        assert_eq!(read.join().unwrap().unwrap(), b"last words\n");
    }

    #[test]
    fn a_reader_that_has_gone_fails_nobody() {
        let (lines, reader) = pipe();
        drop(reader);
        for _ in 0..10 {
            lines.put(b"for nobody\n");
            lines.flush(Duration::from_secs(20));
        }
    }
}
