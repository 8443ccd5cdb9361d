//! TARGET as the preview reaches it: a package is built and started anew whenever its sources have changed.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Instant, SystemTime},
};

use async_trait::async_trait;
use parking_lot::Mutex;
use pmcp_preview::{Build, Endpoint, Events, StartError, StdioCommand, Upstream};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    build::build,
    child::Ear,
    package::Program,
    start::{Serving, serve},
};
use crate::{error::Error, shell::Shell};

/// The most bytes of what a build says that are kept.
const BUILD: usize = 256 << 10;

/// A program of a package, as a preview starts it.
#[derive(Debug)]
pub(crate) struct PackageServer {
    program: Program,
    /// The origin of the preview's page.
    origin: String,
    shell: Shell,
    running: tokio::sync::Mutex<Option<Running>>,
    /// The life of the program that ran last.
    life: watch::Sender<Life>,
    told: mpsc::Sender<Told>,
}

/// Something that a person at the terminal is told of a server.
#[derive(Debug)]
pub(crate) enum Told {
    /// It serves at this address.
    Serving(String),
    /// It speaks on its standard streams.
    Elsewhere,
    /// It does not build or does not start.
    Failed,
}

/// The life of a program.
#[derive(Clone, Copy, Debug)]
enum Life {
    Runs,
    /// It has ended by itself, with this exit code; `None` if a signal ended it.
    Ended(Option<i32>),
}

/// A program that runs.
#[derive(Debug)]
struct Running {
    url: String,
    stamp: Option<Stamp>,
    /// Ends the program when it is dropped.
    stop: mpsc::Sender<()>,
    /// Owns the program, until it has ended.
    keeper: JoinHandle<()>,
}

/// The file that runs, as far as it shows that it is another one.
type Stamp = (PathBuf, SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((path.to_owned(), file.modified().ok()?, file.len()))
}

impl PackageServer {
    /// A program whose server lets in the page of this origin. All that it comes to is sent to `told`.
    pub(crate) fn new(program: Program, origin: String, shell: Shell, told: mpsc::Sender<Told>) -> Self {
        Self {
            program,
            origin,
            shell,
            running: tokio::sync::Mutex::default(),
            life: watch::Sender::new(Life::Runs),
            told,
        }
    }

    /// Builds the program, and tells page and terminal how it goes.
    async fn build(&self, events: &Events) -> Result<PathBuf, StartError> {
        let Program { package, version, .. } = &self.program;
        self.shell.status("Building", &format!("{package} v{version}"));
        events.build(Build::Started);
        let began = Instant::now();
        let said: Arc<Mutex<String>> = Arc::default();
        let (text, shell) = (said.clone(), self.shell.clone());
        let hear: Ear = Arc::new(move |line: &str| {
            shell.pass_on_cargo(line);
            let mut text = text.lock();
            if text.len() < BUILD {
                text.push_str(&anstream::adapter::strip_str(line).to_string());
                text.push('\n');
            }
        });
        match build(&self.program, Shell::has_colors(), &hear).await {
            Ok(path) => {
                events.build(Build::Finished { took: began.elapsed() });
                Ok(path)
            }
            Err(error) => {
                let text = said.lock().clone();
                events.build(Build::Failed { took: began.elapsed(), text });
                let message = in_words(&error);
                self.fail(&message);
                Err(StartError::Build(message))
            }
        }
    }

    fn fail(&self, message: &str) {
        self.shell.warn(message);
        // Whoever tells it may be at the last one.
        let _ = self.told.try_send(Told::Failed);
    }

    /// Starts the program, and has it kept.
    async fn serve(&self, path: &Path, events: &Events) -> Result<Running, StartError> {
        let (shell, events) = (self.shell.clone(), events.clone());
        let hear: Ear = Arc::new(move |line: &str| {
            events.stderr(line);
            shell.pass_on(line);
        });
        let Serving { mut child, url } = serve(path, Some(&self.origin), &hear).await.map_err(|error| {
            self.fail(&in_words(&error));
            StartError::Run(in_words(&error))
        })?;
        let (stop, mut stopped) = mpsc::channel(1);
        self.life.send_replace(Life::Runs);
        let life = self.life.clone();
        let keeper = tokio::spawn(async move {
            tokio::select! {
                status = child.ended() => {
                    life.send_replace(Life::Ended(status.ok().and_then(|status| status.code())));
                }
                _ = stopped.recv() => child.stop().await,
            }
        });
        // Whoever tells it may be at the last one.
        let _ = self.told.try_send(Told::Serving(url.clone()));
        Ok(Running { url, stamp: stamp(path), stop, keeper })
    }
}

/// An error with its help in one line.
fn in_words(error: &Error) -> String {
    let message = error.message.clone().unwrap_or_default();
    error.help.iter().fold(message, |text, help| format!("{text}; {help}"))
}

impl Running {
    async fn stop(self) {
        drop(self.stop);
        // A keeper that panicked has dropped what it kept.
        let _ = self.keeper.await;
    }
}

#[async_trait]
impl Upstream for PackageServer {
    async fn start(&self, events: &Events) -> Result<Endpoint, StartError> {
        let path = self.build(events).await?;
        let mut running = self.running.lock().await;
        if let Some(runs) = running.as_ref().filter(|runs| !runs.keeper.is_finished() && runs.stamp == stamp(&path)) {
            return Ok(Endpoint::http(&runs.url));
        }
        if let Some(old) = running.take() {
            old.stop().await;
        }
        let runs = running.insert(self.serve(&path, events).await?);
        Ok(Endpoint::http(&runs.url))
    }

    async fn stop(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.stop().await;
        }
    }

    async fn ended(&self) -> Option<i32> {
        let mut life = self.life.subscribe();
        let ended = life.wait_for(|life| matches!(life, Life::Ended(_))).await.map(|life| *life);
        // The sender is ours, so it does not go before it has told.
        if let Ok(Life::Ended(code)) = ended { code } else { None }
    }
}

/// A command as the preview takes it.
///
/// # Errors
/// One of its words is no text.
pub(crate) fn command(words: &[OsString]) -> Result<StdioCommand, Error> {
    let mut words = words.iter();
    let program = words.next().ok_or_else(|| Error::usage("the command is empty"))?;
    words.try_fold(StdioCommand::new(program), |command, word| match word.to_str() {
        Some(word) => Ok(command.argument(word)),
        None => Err(Error::usage("a word of the command is not text")),
    })
}
