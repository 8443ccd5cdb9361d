//! The look at a server: what hosts would ask of it.
//!
//! Nothing is changed: of its tools only those are called that say that they only read, and need no arguments.

use std::time::Duration;

use pmcp_apps_bundle::check_served;
use pmcp_client::{Client, ClientBuilder, ClientError, RequestOptions};
use pmcp_protocol::{UI_EXTENSION, UI_MIME_TYPE, Version, meta::SERVER_INFO};
use serde_json::{Value, json};

use super::{
    browse::{Browsing, browse},
    seen::{Call, Document, Listing, Seen, is_harmless, opens, texts},
};
use crate::{
    error::{Error, Result},
    output::string,
    shell::Shell,
    target::{Connected, Protocol, Reached, TargetArgs, list},
};

/// The time that one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time that a server may take to say that it does not speak a version.
const PROBE: Duration = Duration::from_secs(10);
/// The most documents that are read, and the most tools that are called.
const DOCUMENTS: usize = 50;
const CALLS: usize = 10;
/// The most bytes of documents that are kept.
const BYTES: usize = 64 << 20;

/// Looks at a server, and at its views in a browser if one is to be asked.
///
/// # Errors
/// It cannot be reached, or lists no tools; or the browser fails.
pub(crate) async fn look(target: &TargetArgs, browsing: Option<&Browsing>, shell: &Shell) -> Result<Seen> {
    let mut server = target.reach(shell).await?;
    let mut seen = all(&mut server, target.protocol, shell).await;
    if let (Ok(seen), Some(browsing)) = (&mut seen, browsing) {
        seen.is_browsed = true;
        if let Err(error) = browse(seen, &server, target.protocol, browsing, shell).await {
            server.stop().await;
            return Err(error);
        }
    }
    server.stop().await;
    seen
}

async fn all(server: &mut Reached, protocol: Protocol, shell: &Shell) -> Result<Seen> {
    let mut connected = server.connect(host(protocol.name(), true).request_timeout(PATIENCE)).await?;
    let mut seen = Seen { shown: shown(&mut connected).await?, ..Seen::default() };
    let client = &connected.client;
    let version = client.protocol_version();
    shell.status("Reading", &format!("what hosts are told ({version})"));
    seen.server = about(client).await;
    seen.documents = documents(client, &seen.shown).await;
    seen.calls = calls(client, &seen.shown.tools).await;
    seen.errors = errors(client).await;
    connected.close().await;

    let mut versions = vec![version];
    if protocol == Protocol::Auto
        && let Some(other) = of_other_era(&versions[0])
    {
        seen.other = try_list(server, host(other.as_str(), true)).await;
        versions.extend(seen.other.is_some().then(|| other.as_str().to_owned()));
    }
    for version in versions {
        seen.plain.extend(try_list(server, host(&version, false)).await);
    }
    Ok(seen)
}

/// A client as hosts are, with widgets or without.
fn host(version: &str, has_ui: bool) -> ClientBuilder {
    let client = Client::builder("cargo-pmcp", env!("CARGO_PKG_VERSION")).session_stream(false).declare_tasks(false);
    let client = client.revision(version).request_timeout(PROBE);
    if has_ui { client.extension(UI_EXTENSION, json!({ "mimeTypes": [UI_MIME_TYPE] })) } else { client }
}

/// The newest version of the era that this one is not of.
fn of_other_era(version: &str) -> Option<Version> {
    let spoken = Version::parse(version)?;
    Version::ALL.into_iter().find(|other| other.has_handshake() != spoken.has_handshake())
}

async fn shown(connected: &mut Connected) -> Result<Listing> {
    match lists(&connected.client).await {
        Ok(listing) => Ok(listing),
        Err(error) => {
            let error = connected.explain(error).await;
            Err(Error { help: vec!["a server with widgets lists its tools".to_owned()], ..error })
        }
    }
}

async fn lists(client: &Client) -> std::result::Result<Listing, ClientError> {
    let tools = list(client, "tools/list", "tools").await?;
    // Not every server has resources; one that lists none may answer by name.
    let resources = list(client, "resources/list", "resources").await.unwrap_or_default();
    Ok(Listing { version: client.protocol_version(), tools, resources })
}

/// The lists in another version, if the server speaks it.
async fn try_list(server: &mut Reached, client: ClientBuilder) -> Option<Listing> {
    let connected = server.connect(client).await.ok()?;
    let client = &connected.client;
    // Without a handshake many answer whoever asks, in whatever version: it counts what they say they speak.
    let version = client.protocol_version();
    let is_spoken = client.server().is_some()
        || client.discover().await.is_ok_and(|told| texts(&told, "supportedVersions").contains(&version));
    let listing = if is_spoken { lists(client).await.ok() } else { None };
    connected.close().await;
    listing
}

/// The name, title and version of the server.
async fn about(client: &Client) -> Value {
    let mut told = match client.server() {
        Some(told) => told,
        None => client.discover().await.unwrap_or_default(),
    };
    let info = told["_meta"][SERVER_INFO].take();
    if info.is_null() { told["serverInfo"].take() } else { info }
}

async fn documents(client: &Client, listing: &Listing) -> Vec<Document> {
    let (mut documents, mut bytes) = (Vec::new(), 0);
    for uri in listing.documents().into_iter().take(DOCUMENTS) {
        let openers = listing.tools.iter().filter(|tool| opens(tool) == Some(uri));
        let mut document = Document {
            uri: uri.to_owned(),
            tools: openers.map(|tool| string(tool, "name").to_owned()).collect(),
            listed: listing.resources.iter().find(|resource| resource["uri"] == uri).cloned(),
            read: client.read_resource(uri).await.map_err(told),
            old: None,
            mistakes: Vec::new(),
        };
        if let Some(text) = document.text() {
            let (uri, text, declared) = (uri.to_owned(), text.to_owned(), document.declared(&listing.tools));
            // A large one takes its time, in which Ctrl-C is heard.
            let checked = tokio::task::spawn_blocking(move || check_served(&uri, &text, &declared)).await;
            document.mistakes = checked.unwrap_or_default();
        }
        if let Some(old) = earlier(uri) {
            let missing = client.read_resource(&old).await.err().map(told);
            document.old = Some((old, missing));
        }
        let read = document.read.as_ref();
        bytes += read.map_or(0, |read| read["contents"].as_array().into_iter().flatten().map(size).sum());
        documents.push(document);
        if bytes > BYTES {
            break;
        }
    }
    documents
}

/// The bytes of what was read, as text or as Base64.
fn size(content: &Value) -> usize {
    string(content, "text").len() + string(content, "blob").len()
}

/// An address that a document may have had before its content changed, if a hash of the content is its name.
fn earlier(uri: &str) -> Option<String> {
    let (folder, name) = uri.rsplit_once('/')?;
    let hash = name.strip_suffix(".html")?;
    let is_hash = hash.len() >= 8
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        && hash.bytes().any(|byte| byte.is_ascii_digit());
    is_hash.then(|| format!("{folder}/{}.html", "0".repeat(hash.len())))
}

async fn calls(client: &Client, tools: &[Value]) -> Vec<Call> {
    let mut calls = Vec::new();
    for tool in tools.iter().filter(|tool| is_harmless(tool)).take(CALLS) {
        let params = json!({ "name": tool["name"], "arguments": {} });
        let options = RequestOptions::new().timeout(PATIENCE);
        let answered = tokio::time::timeout(PATIENCE, client.request_answering("tools/call", params, options)).await;
        let result = match answered {
            // What it asks first has no answer here, and is no failure of the tool.
            Ok(Err(ClientError::Unanswered { .. })) => continue,
            Ok(answered) => answered.map_err(told),
            Err(_) => Err(format!("there was no answer within {PATIENCE:?}")),
        };
        calls.push(Call { tool: tool.clone(), result });
    }
    calls
}

/// The texts of errors that anybody can cause.
async fn errors(client: &Client) -> Vec<(&'static str, String)> {
    let mut errors = Vec::new();
    let call = json!({ "name": "no-such-tool", "arguments": {} });
    match client.request("tools/call", call).await {
        Err(error) => errors.push(("a call of a tool that is not there", told(error))),
        Ok(result) => errors.push(("a call of a tool that is not there", result["content"].to_string())),
    }
    if let Err(error) = client.read_resource("ui://no-such-server/no-such-document").await {
        errors.push(("a read of a resource that is not there", told(error)));
    }
    errors
}

/// The text of an error, with what a server put beside it.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn told(error: ClientError) -> String {
    match error.rpc() {
        Some(rpc) => match &rpc.data {
            Some(data) => format!("{rpc}: {data}"),
            None => rpc.to_string(),
        },
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_address_is_asked_for_where_the_name_is_a_hash() {
        let earlier = |uri| earlier(uri);
        let old = earlier("ui://chess/board/1f0a9c3e55d2b871.html");
        assert_eq!(old.as_deref(), Some("ui://chess/board/0000000000000000.html"));
        for fixed in ["ui://chess/board/dev.html", "ui://chess/deadbeef.html", "ui://chess/board", "ui://12345678.htm"]
        {
            assert_eq!(earlier(fixed), None, "{fixed}");
        }
    }

    #[test]
    fn each_era_has_another() {
        assert_eq!(of_other_era("2026-07-28"), Some(Version::V2025_11_25));
        assert_eq!(of_other_era("2025-06-18"), Some(Version::V2026_07_28));
        assert_eq!(of_other_era("1999-01-01"), None);
    }
}
