//! `cargo pmcp preview`.

mod browser;
mod camera;
mod reload;

use std::{
    ffi::OsString,
    net::TcpListener,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pmcp_client::{Client, ClientError};
use pmcp_preview::{Changed, Endpoint, Host, HostBuilder, HostError, Notice, Protocol as Spoken, Recorded, profiles};
use pmcp_protocol::{UI_EXTENSION, UI_MIME_TYPE};
use serde_json::json;
use tokio::sync::mpsc;

use self::{camera::InBrowser, reload::Reload};

use crate::{
    arguments,
    browser::BrowserArgs,
    error::{Error, Result},
    interrupt::{Interrupts, until_interrupted},
    shell::Shell,
    stage::with_query,
    target::{PackageServer, Protocol, Secrets, Target, TargetArgs, Told, command, find, lost, typed},
    text::{self, meant, quoted},
    watch::{Change, Watched},
};

/// The port of the page, and the number of those after it that are tried where it is taken.
const PORT: u16 = 6280;
const TRIED: u16 = 20;

/// The time for which a server is looked at, to tell what it serves.
const LOOK: Duration = Duration::from_secs(5);

/// What a query holds as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Show the widgets of a server in a local host, and reload them as they are edited.
#[derive(Args, Debug)]
pub(crate) struct Preview {
    /// The port of the page; the next free one from 6280 on, unless said otherwise. 0 is any.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The host to emulate.
    #[arg(long, value_name = "ID")]
    host_profile: Option<String>,
    /// The tool to show first.
    #[arg(long, value_name = "NAME")]
    tool: Option<String>,
    /// Its arguments.
    #[arg(long, value_name = "JSON|@FILE|-", requires = "tool")]
    args: Option<String>,
    /// Record all messages of the first view into this file, for a replay.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    #[command(flatten)]
    browser: BrowserArgs,
    #[command(flatten)]
    target: TargetArgs,
}

impl Preview {
    pub(super) async fn run(self, shell: &Shell) -> Result {
        let query = self.query()?;
        let (target, secrets) = self.target.target()?;
        let camera = self.browser.find_if_there()?;
        let port = free_port(self.port)?;
        let (told, heard) = mpsc::channel(4);
        let (host, program) = match target {
            Target::Package(args) => {
                let program = until_interrupted(find(&args)).await?;
                let origin = format!("http://127.0.0.1:{port}");
                let server = PackageServer::new(program.clone(), origin, shell.clone(), told);
                (Host::builder(server).traces(program.target.join("pmcp/traces")), Some(program))
            }
            Target::Url(url) => {
                // It is there from the start.
                let _ = told.try_send(Told::Serving(url.clone()));
                (Host::builder(Endpoint::Http { url, headers: secrets.headers() }), None)
            }
            Target::Command(words) => {
                shell.status("Started", &typed(words.iter().map(OsString::as_os_str)));
                let _ = told.try_send(Told::Elsewhere);
                (Host::builder(Endpoint::Stdio(command(&words)?)), None)
            }
        };
        let host = match camera {
            Some(program) => host.camera(InBrowser { program, shell: shell.clone() }),
            None => host,
        };
        let host = self.start(host.port(port)).await?;
        let folder = program.as_ref().map(|program| program.target.join("pmcp"));
        let watched = program.map(|program| Watched::new(&program.folder, &program.target)).transpose()?;
        let addresses =
            Addresses { page: with_query(host.url(), &query), entry: with_query(host.entry(), &query), folder };
        let mut interrupts = Interrupts::new();
        tokio::select! {
            () = self.show(&host, &addresses, heard, watched, &secrets, shell) => {}
            () = interrupts.next() => {}
        }
        shell.end_live();
        if let Some(recorded) = host.end_record() {
            self.tell_record(&recorded, shell);
        }
        tokio::select! {
            () = host.stop() => {}
            // A second one does not wait.
            () = interrupts.next() => {}
        }
        Err(Error::interrupted())
    }

    async fn start(&self, host: HostBuilder) -> Result<Host> {
        let host = host.protocol(match self.target.protocol {
            Protocol::V2026 => Spoken::V2026,
            Protocol::V2025 => Spoken::V2025,
            Protocol::Auto => Spoken::Auto,
        });
        let host = match &self.host_profile {
            Some(profile) => host.profile(profile),
            None => host,
        };
        let host = match &self.record {
            Some(file) => host.record(file),
            None => host,
        };
        host.start().await.map_err(|error| match &error {
            HostError::Record { source, .. } => Error::because(&error.to_string(), source)
                .help("the folder of the file that `--record` names has to be there"),
            HostError::Profile(profile) => unknown_profile(&error.to_string(), profile),
            _ => Error::because("the preview does not start", &error),
        })
    }

    /// The parameters of the page's address.
    fn query(&self) -> Result<String> {
        let given = self.args.as_deref().map(arguments::json).transpose()?;
        let args = given.map(|arguments| serde_json::Value::Object(arguments).to_string());
        let parameters = [("tool", self.tool.clone()), ("args", args), ("profile", self.host_profile.clone())];
        let written = parameters
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", utf8_percent_encode(&value?, QUERY))));
        Ok(written.collect::<Vec<_>>().join("&"))
    }

    /// Tells what happens, and has pages take note of changed files, for ever.
    async fn show(
        &self,
        host: &Host,
        addresses: &Addresses,
        mut heard: mpsc::Receiver<Told>,
        mut watched: Option<Watched>,
        secrets: &Secrets,
        shell: &Shell,
    ) {
        let Addresses { page, entry, folder } = addresses;
        // What a browser was opened with is there for as long as the preview.
        let mut opened = Vec::new();
        let mut is_shown = false;
        let mut reload: Option<Reload> = None;
        loop {
            tokio::select! {
                Some(told) = heard.recv() => {
                    if let Told::Serving(server) = told {
                        let what = tokio::time::timeout(LOOK, self.served(&server, secrets)).await;
                        match what {
                            Ok(Ok(Served { shown, tools })) => {
                                shell.status("Serving", &format!("{}{shown}", text::plain(&server)));
                                self.warn_of_tool(&tools, shell);
                            }
                            // The page goes on trying, and tells how that goes.
                            Ok(Err(error)) => {
                                let error = lost(&error, &server);
                                let told: Vec<_> = error.message.into_iter().chain(error.help).collect();
                                shell.warn(&told.join("; "));
                            }
                            Err(_) => {
                                let seconds = LOOK.as_secs();
                                shell.warn(&format!("`{}` has not answered within {seconds} s", text::plain(&server)));
                            }
                        }
                    }
                    if !is_shown {
                        is_shown = true;
                        if let Some(watched) = &watched {
                            shell.status("Watching", &watched.shown());
                        }
                        let both = if watched.is_some() { "Ctrl-C stops both" } else { "Ctrl-C stops it" };
                        shell.status("Preview", &format!("{page}  ({both})"));
                        if let Some(file) = &self.record {
                            let file = text::line(&file.to_string_lossy());
                            shell.status("Recording", &format!("the first view into {file}, until it is closed or loaded anew"));
                        }
                        if !self.no_open {
                            match browser::open(entry, folder.as_deref()) {
                                Ok(one) => opened.push(one),
                                Err(_) => shell.warn("no browser could be opened"),
                            }
                        }
                    }
                }
                Some(Change { changed, files, since }) = next(&mut watched) => {
                    if let Some(before) = reload.take() {
                        shell.status("Reloaded", &before.untold());
                    }
                    let is_shown = matches!(changed, Changed::Files(_));
                    let files = reload::files(&files);
                    match host.reload(changed) {
                        Some(change) => reload = Some(Reload::new(change, since, files)),
                        // No page says what comes of it.
                        None if is_shown => shell.status("Reloaded", &files),
                        None => {}
                    }
                }
                () = reload::overdue(reload.as_ref()) => {
                    if let Some(late) = reload.take() {
                        shell.status("Reloaded", &late.untold());
                    }
                }
                notice = host.notice() => match notice {
                    Notice::Reloaded { change, views, is_state_kept } => {
                        // Of several pages the first one counts.
                        if let Some(told) = reload.as_ref().and_then(|reload| reload.told(change, views, is_state_kept)) {
                            reload = None;
                            shell.status("Reloaded", &told);
                        }
                    }
                    Notice::Failed { uri, text } => {
                        shell.warn(&format!("`{}` has an error: {}", text::line(&uri), text::line(&text)));
                    }
                    Notice::Recorded(recorded) => self.tell_record(&recorded, shell),
                    _ => {}
                },
                () = host.wait() => return,
            }
        }
    }

    /// Tells how the record of the first view has ended.
    fn tell_record(&self, recorded: &Recorded, shell: &Shell) {
        let file = text::line(&self.record.as_deref().unwrap_or(Path::new("")).to_string_lossy());
        match recorded {
            Recorded::Written { messages } => {
                shell.status("Recorded", &format!("{file} ({})", number(*messages, "message")));
            }
            Recorded::Failed(reason) => {
                shell.warn(&format!("the record cannot be written to `{file}`: {}", text::line(reason)));
            }
            // Nobody has opened the page, or its tools have no views.
            _ => shell.warn(&format!("no view was opened, so `{file}` is not written")),
        }
    }

    /// Warns if the tool that is to be shown first is none.
    fn warn_of_tool(&self, tools: &[String], shell: &Shell) {
        let Some(tool) = self.tool.as_ref().filter(|tool| !tools.contains(tool)) else { return };
        let names = || tools.iter().map(String::as_str);
        let help = match meant(tool, names()) {
            Some(meant) => format!("did you mean `{}`?", text::line(meant)),
            None => format!("it has {}", quoted(names())),
        };
        shell.warn(&format!("the server has no tool `{}`: {help}", text::line(tool)));
    }

    /// The version, tools and widgets of a server.
    async fn served(&self, url: &str, secrets: &Secrets) -> std::result::Result<Served, ClientError> {
        let client = Client::builder("cargo-pmcp", env!("CARGO_PKG_VERSION"))
            .extension(UI_EXTENSION, json!({ "mimeTypes": [UI_MIME_TYPE] }))
            .session_stream(false)
            .revision(self.target.protocol.name());
        let client = secrets.give(client).connect_http(url).await?;
        let tools = client.list_tools().await?;
        // Not every server has resources.
        let resources = client.list_resources().await.unwrap_or_default();
        let widgets = resources.iter().filter(|resource| resource["mimeType"] == UI_MIME_TYPE).count();
        let version = client.protocol_version();
        client.close().await?;
        let counts = format!("{}, {}", number(tools.len(), "tool"), number(widgets, "widget"));
        let shown = format!(" ({}, {counts})", text::line(&version));
        Ok(Served { shown, tools: tools.into_iter().map(|tool| tool.name).collect() })
    }
}

/// A server, as it was found.
#[derive(Debug)]
struct Served {
    /// Its version and numbers, in a few words.
    shown: String,
    /// The names of its tools.
    tools: Vec<String>,
}

/// The error of a host that there is none of.
fn unknown_profile(message: &str, profile: &str) -> Error {
    let known = || profiles().filter_map(|profile| profile["id"].as_str());
    let error = Error::usage(message);
    let error = match meant(profile, known()) {
        Some(meant) => error.help(format!("did you mean `{meant}`?")),
        None => error,
    };
    error.help(format!("there are {}", quoted(known())))
}

/// The ways to the page.
#[derive(Debug)]
struct Addresses {
    /// As people are told it.
    page: String,
    /// As a browser is led to it.
    entry: String,
    /// The folder for the file that leads it there.
    folder: Option<PathBuf>,
}

async fn next(watched: &mut Option<Watched>) -> Option<Change> {
    match watched {
        Some(watched) => watched.next().await,
        None => std::future::pending().await,
    }
}

fn number(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

/// The port of the page.
///
/// # Errors
/// The one that was asked for is taken, or all of those that are tried.
fn free_port(wanted: Option<u16>) -> Result<u16> {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).and_then(|listener| listener.local_addr());
    let found = match wanted {
        Some(port) => free(port).map_err(|_| {
            Error::failed(format!("port {port} is taken")).help("leave `--port` out to have the next free one")
        })?,
        None => (PORT..PORT + TRIED).find_map(|port| free(port).ok()).ok_or_else(|| {
            Error::failed(format!("the ports {PORT} to {} are taken", PORT + TRIED - 1)).help("pass `--port N`")
        })?,
    };
    Ok(found.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_not_ours() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(free_port(Some(port)).unwrap_err().message.unwrap().contains("is taken"));
        assert!(free_port(None).unwrap() >= PORT);
    }
}
