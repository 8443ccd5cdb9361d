//! Views without hands: a host for one profile, its page in a browser that shows it to nobody, and the view that stands there alone.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use pmcp_preview::{Endpoint, Host, Protocol as Spoken};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    browser::{Browser, Clip, Tab},
    error::{Error, Result},
    target::Protocol,
    text::{self, meant, plain},
};

/// The beginning of what the page says if the server is not to be had under its host.
pub(crate) const UNCONNECTED: &str = "the server is not connected";

/// The window before a view has said how large it is.
const WINDOW: Clip = Clip { width: 1280, height: 1600 };
/// The sides of a picture, in pixels.
const LARGEST: u32 = 8_000;

/// The themes of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A tool that opens a view.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Opener {
    pub(crate) name: String,
    /// It says that it only reads, and needs no arguments.
    pub(crate) is_opening: bool,
}

/// The error of a tool that opens no view, or is not there, beside those that do.
pub(crate) fn opens_none<'a>(name: &str, openers: impl Iterator<Item = &'a str>) -> Error {
    let error = Error::usage(format!("the server has no tool `{}` that opens a view", plain(name)));
    match meant(name, openers) {
        Some(meant) => error.help(format!("did you mean `{}`?", plain(meant))),
        None => error.help("`cargo pmcp inspect tools` lists those that it has"),
    }
}

/// A view as it stands there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shown {
    pub(crate) phase: String,
    pub(crate) trouble: Option<String>,
    width: u32,
    height: u32,
    #[serde(default)]
    pub(crate) violations: Vec<Violation>,
}

/// Something that the policy of the host has stopped.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Violation {
    pub(crate) directive: String,
    pub(crate) blocked: String,
}

/// The end of a replay.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Replayed {
    #[serde(flatten)]
    pub(crate) shown: Shown,
    /// The messages of the trace.
    pub(crate) messages: usize,
    /// The document is not the one of the record.
    pub(crate) is_other: bool,
    pub(crate) differences: Vec<Difference>,
}

/// A request that is in the trace or in the replay, and not in both.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Difference {
    /// It was made, and the trace does not hold it.
    #[serde(rename = "kind", deserialize_with = "is_unrecorded")]
    pub(crate) is_unrecorded: bool,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) params: Value,
}

fn is_unrecorded<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<bool, D::Error> {
    Ok(String::deserialize(from)? == "unrecorded")
}

/// The barriers of a view.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Examined {
    pub(crate) findings: Vec<Barrier>,
    /// It is wider than its room.
    pub(crate) is_wider: bool,
    pub(crate) trouble: Option<String>,
}

/// A barrier that axe has found, and where.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Barrier {
    pub(crate) id: String,
    #[serde(default)]
    impact: String,
    pub(crate) help: String,
    #[serde(default)]
    pub(crate) places: Vec<Place>,
}

impl Barrier {
    /// Set if it keeps people from using the view.
    pub(crate) fn is_serious(&self) -> bool {
        matches!(self.impact.as_str(), "serious" | "critical")
    }
}

/// An element, by its selector.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Place {
    pub(crate) selector: String,
}

/// The farewell of a view.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Left {
    pub(crate) answered: bool,
}

/// A place for the views of one server under one host. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    host: Host,
    tab: Tab,
    /// The tools that open views.
    pub(crate) openers: Vec<Opener>,
}

impl Stage {
    /// Starts a host that emulates this profile, and opens its page.
    ///
    /// # Errors
    /// There is no such profile, or the server or the browser is lost.
    pub(crate) async fn open(browser: &Browser, server: Endpoint, protocol: Protocol, profile: &str) -> Result<Self> {
        let host = Host::builder(server).profile(profile).protocol(match protocol {
            Protocol::V2026 => Spoken::V2026,
            Protocol::V2025 => Spoken::V2025,
            Protocol::Auto => Spoken::Auto,
        });
        let host =
            host.start().await.map_err(|error| Error::because("the host of the views does not start", &error))?;
        let tab = open(browser, host.url(), profile).await?;
        let openers = ask(&tab, "ready", &[]).await?;
        Ok(Self { host, tab, openers })
    }

    /// Calls a tool, and waits until it has ended. A call that fails opens its view all the same.
    ///
    /// # Errors
    /// There is no such tool, or it opens no view.
    pub(crate) async fn call(&self, tool: &str, arguments: &Map<String, Value>) -> Result {
        ask::<Value>(&self.tab, "call", &[tool.into(), Value::Object(arguments.clone())]).await.map(drop)
    }

    /// Shows the view of the call, in a theme and a width, or that which its host gives it.
    ///
    /// # Errors
    /// It cannot be read, or the browser is lost.
    pub(crate) async fn show(&self, theme: Theme, width: Option<u32>) -> Result<Shown> {
        self.tab.look(WINDOW, theme.name()).await?;
        ask(&self.tab, "show", &[json!({ "theme": theme.name(), "width": width })]).await
    }

    /// Loads the view anew, with what it has kept.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn again(&self) -> Result<Shown> {
        ask(&self.tab, "again", &[]).await
    }

    /// Looks for barriers in a copy of the view.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn examine(&self) -> Result<Examined> {
        ask(&self.tab, "examine", &[]).await
    }

    /// Takes the view away, and tells whether it answered.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn leave(&self) -> Result<Left> {
        ask(&self.tab, "leave", &[]).await
    }

    /// Replays a trace, whose view then stands there.
    ///
    /// # Errors
    /// The trace is none, or not one of this server.
    pub(crate) async fn replay(&self, trace: &str, pacing: &str) -> Result<Replayed> {
        self.tab.look(WINDOW, Theme::Light.name()).await?;
        ask(&self.tab, "replay", &[trace.into(), json!({ "pacing": pacing })]).await
    }

    /// A picture of the view, as PNG.
    ///
    /// # Errors
    /// The browser is lost.
    pub(crate) async fn picture(&self, shown: &Shown, theme: Theme) -> Result<Vec<u8>> {
        picture(&self.tab, shown, theme).await
    }

    /// The errors on the consoles of views since this was asked last.
    pub(crate) fn take_errors(&self) -> Vec<String> {
        self.tab.take_errors()
    }

    /// Ends the host, and the server if it is a command.
    pub(crate) async fn close(self) {
        self.tab.close().await;
        self.host.stop().await;
    }
}

/// Opens the page of a host, without anything around its views.
async fn open(browser: &Browser, url: &str, profile: &str) -> Result<Tab> {
    let profile = utf8_percent_encode(profile, NON_ALPHANUMERIC);
    // The same everywhere, whatever the language and the place of this machine are.
    let query = format!("alone=&locale=en-US&zone=UTC&profile={profile}");
    let tab = browser.open(&with_query(url, &query)).await?;
    let is_there = "new Promise((done, fail) => { let left = 600; const look = () => globalThis.alone ? done(true) : --left ? setTimeout(look, 50) : fail(Error('the page does not load')); look(); })";
    // The document before is still there for a moment, and takes what waits in it along.
    let mut tries = 0;
    while let Err(error) = tab.evaluate(is_there).await {
        tries += 1;
        if tries == 3 {
            return Err(error);
        }
    }
    Ok(tab)
}

/// Takes the picture that a page asks for: of what it shows, in a copy of its own.
pub(crate) async fn take(browser: &Browser, url: &str, profile: &str, theme: Theme, shown: &Value) -> Result<Vec<u8>> {
    let tab = open(browser, url, profile).await?;
    ask::<Value>(&tab, "ready", &[]).await?;
    tab.look(WINDOW, theme.name()).await?;
    let shown: Shown = ask(&tab, "take", std::slice::from_ref(shown)).await?;
    if shown.phase != "ready" {
        return Err(Error::failed(shown.trouble.unwrap_or_else(|| "the copy does not get ready".to_owned())));
    }
    let png = picture(&tab, &shown, theme).await?;
    tab.close().await;
    Ok(png)
}

async fn picture(tab: &Tab, shown: &Shown, theme: Theme) -> Result<Vec<u8>> {
    let clip = Clip { width: shown.width.clamp(1, LARGEST), height: shown.height.clamp(1, LARGEST) };
    tab.look(clip, theme.name()).await?;
    tab.picture(clip).await
}

/// Has the page do something.
async fn ask<T: serde::de::DeserializeOwned>(tab: &Tab, what: &str, arguments: &[Value]) -> Result<T> {
    let arguments: Vec<_> = arguments.iter().map(Value::to_string).collect();
    let told = tab.evaluate(&format!("alone.{what}({})", arguments.join(", "))).await?;
    serde_json::from_value(told)
        .map_err(|error| Error::failed(format!("the page answered `{what}` with something else: {error}")))
}

/// The address with parameters, which stand before the key.
pub(crate) fn with_query(url: &str, query: &str) -> String {
    match url.split_once('#') {
        Some((page, key)) if !query.is_empty() => format!("{page}?{query}#{key}"),
        _ => url.to_owned(),
    }
}

/// The name of a file for something of a server: letters, digits and `-` of it.
pub(crate) fn file_name(text: &str) -> String {
    let name: String = text::plain(text)
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() || character == '_' { character } else { '-' })
        .take(64)
        .collect();
    name.trim_matches('-').to_owned()
}

/// Writes a picture.
///
/// # Errors
/// It cannot be written.
pub(crate) fn keep(folder: &Path, name: &str, png: &[u8]) -> Result {
    let path = folder.join(name);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, png))
        .map_err(|error| Error::because(&format!("`{}` cannot be written", path.display()), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_before_the_key() {
        assert_eq!(with_query("http://127.0.0.1:1/#key=k", "tool=a"), "http://127.0.0.1:1/?tool=a#key=k");
        assert_eq!(with_query("http://127.0.0.1:1/#key=k", ""), "http://127.0.0.1:1/#key=k");
    }

    #[test]
    fn a_name_of_a_server_is_no_path() {
        for (name, file) in [("show_board", "show_board"), ("../../etc", "etc"), ("a/b\u{1b}", "a-b-u-1b")] {
            assert_eq!(file_name(name), file, "{name:?}");
        }
    }
}
