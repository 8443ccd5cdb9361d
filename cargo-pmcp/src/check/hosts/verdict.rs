//! What becomes of the views of a server in a host.

use pmcp_protocol::Version;
use serde_json::Value;

use super::{
    features::{declares_origins, missing_origins, used},
    profile::{Evidence, Kind, Part, Profile},
};
use crate::{
    check::{
        seen::{Document, Seen, is_mime_type},
        server::has_text,
    },
    output::string,
};

/// The profile that is no host, but everything that the specification has.
const SPECIFICATION: &str = "specification";

/// The type of documents that `ChatGPT` took before there were MCP Apps.
const OPENAI_MIME_TYPE: &str = "text/html+skybridge";

/// The evidence of a look at the server itself.
const SEEN: Evidence = Evidence { kind: Kind::Seen, date: None };

/// A host, and what becomes of the views in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) verdict: Verdict,
    pub(crate) reasons: Vec<Reason>,
    /// The weakest evidence that the verdict rests on.
    pub(crate) evidence: Evidence,
}

/// What becomes of the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Works,
    /// Nothing is known to be missing, but not all of it is known.
    Unknown,
    /// They are shown, and something is missing.
    Degraded,
    /// They are not shown, or are of no use.
    Blocked,
}

impl Verdict {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Blocked => "blocked",
        }
    }
}

/// A reason for a verdict that is not the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    pub(crate) evidence: Evidence,
}

/// The verdict of every host; none for a server without widgets.
pub(crate) fn hosts(seen: &Seen) -> Vec<Host> {
    if seen.documents.is_empty() {
        return Vec::new();
    }
    pmcp_preview::profiles()
        .filter(|profile| profile["id"] != SPECIFICATION)
        .map(|profile| host(seen, profile))
        .collect()
}

fn host(seen: &Seen, profile: &Value) -> Host {
    let profile = Profile(profile);
    let (mut reasons, mut rests_on) = (Vec::new(), Vec::new());
    if profile.has_views() {
        views(seen, profile, &mut reasons, &mut rests_on);
    } else {
        text_alone(seen, &mut reasons);
        // What a client without widgets gets has been looked at, whoever it is.
        rests_on.push(SEEN);
    }
    let verdict = reasons.iter().map(|reason| reason.verdict).max().unwrap_or(Verdict::Works);
    let weakest = rests_on.into_iter().min().unwrap_or(Evidence { kind: Kind::Assumed, date: None });
    let is_guess = verdict == Verdict::Works && weakest.kind == Kind::Assumed;
    let verdict = if is_guess { Verdict::Unknown } else { verdict };
    // The strongest reasons alone are told: what is blocked does not degrade.
    reasons.retain(|reason| reason.verdict == verdict);
    let evidence = reasons.iter().map(|reason| &reason.evidence).min().unwrap_or(&weakest).clone();
    Host { id: profile.id().to_owned(), title: profile.title().to_owned(), verdict, reasons, evidence }
}

/// Looks at everything that the views use. Whatever is used rests on the evidence of a part.
fn views(seen: &Seen, profile: Profile<'_>, reasons: &mut Vec<Reason>, rests_on: &mut Vec<Evidence>) {
    if let Some((verdict, text)) = unshown(seen, profile) {
        reasons.push(Reason { verdict, text: text.to_owned(), evidence: SEEN });
    }
    let mut look = |part: Part, lack: Option<(Verdict, String)>| {
        let evidence = profile.evidence(part);
        if let Some((verdict, text)) = lack {
            reasons.push(Reason { verdict, text, evidence: evidence.clone() });
        }
        rests_on.push(evidence);
    };
    let speaks =
        [Some(&seen.shown), seen.other.as_ref()].into_iter().flatten().any(|listing| speaks(profile, &listing.version));
    look(Part::Client, (!speaks).then(|| (Verdict::Blocked, "no common version".to_owned())));
    for feature in used(seen) {
        let lack = (!(feature.is_there)(profile)).then(|| {
            let verdict = if feature.is_vital { Verdict::Blocked } else { Verdict::Degraded };
            (verdict, format!("no {}", feature.name))
        });
        look(feature.part, lack);
    }
    // `window.openai` is another bridge: a page that knows it alone is of no use elsewhere, one that tests for it loses something.
    let uses_openai =
        seen.documents.iter().any(|document| document.text().is_some_and(|text| text.contains("window.openai")));
    if uses_openai {
        let lacks = profile.0["openai"].is_null();
        look(Part::Openai, lacks.then(|| (Verdict::Degraded, "no `window.openai`".to_owned())));
    }
    origins(seen, profile, look);
}

/// The worst that is known of documents as such: a host shows none that it cannot read, or of whose type it knows nothing. What is in
/// bytes was not looked into.
fn unshown(seen: &Seen, profile: Profile<'_>) -> Option<(Verdict, &'static str)> {
    let of = |document: &Document| {
        let Some(item) = document.item() else { return Some((Verdict::Blocked, "no document")) };
        let kind = string(item, "mimeType");
        let is_known = is_mime_type(kind) || (kind == OPENAI_MIME_TYPE && !profile.0["openai"].is_null());
        match document.text() {
            Some(text) if text.trim().is_empty() => Some((Verdict::Blocked, "no document")),
            None if item["blob"].is_null() => Some((Verdict::Blocked, "no document")),
            _ if !is_known => Some((Verdict::Blocked, "other type of document")),
            None => Some((Verdict::Unknown, "document in bytes")),
            Some(_) => None,
        }
    };
    seen.documents.iter().filter_map(of).max_by_key(|(verdict, _)| *verdict)
}

/// Looks at the origins that views load from. A document that declares none asks nothing of a policy.
fn origins(seen: &Seen, profile: Profile<'_>, mut look: impl FnMut(Part, Option<(Verdict, String)>)) {
    if !seen.documents.iter().any(declares_origins) {
        return;
    }
    let missing: usize = match profile.0["policy"]["from"].as_str() {
        Some("mcp-apps") => seen.documents.iter().map(|document| missing_origins(document, true).len()).sum(),
        Some("openai") => seen.documents.iter().map(|document| missing_origins(document, false).len()).sum(),
        _ => 0,
    };
    let text = format!("{missing} origin{}", if missing == 1 { "" } else { "s" });
    look(Part::Policy, (missing > 0).then_some((Verdict::Blocked, text)));
}

/// Set if a host speaks a version of the same era: those who begin with a handshake agree in it on a version.
fn speaks(profile: Profile<'_>, version: &str) -> bool {
    let has_handshake = |version: &str| Version::parse(version).map(Version::has_handshake);
    Version::ALL.iter().any(|known| {
        profile.lists("/client/revisions", known.as_str()) && has_handshake(known.as_str()) == has_handshake(version)
    })
}

/// Looks at what is left without widgets: the texts of results, as far as a tool could be called.
fn text_alone(seen: &Seen, reasons: &mut Vec<Reason>) {
    let mut texts = seen.calls.iter().map(|call| call.result.as_ref().is_ok_and(has_text)).peekable();
    let reason = |verdict, text: &str| Reason { verdict, text: text.to_owned(), evidence: SEEN };
    if texts.peek().is_none() {
        reasons.push(reason(Verdict::Unknown, "no tool could be called"));
    } else if !texts.all(|has_text| has_text) {
        reasons.push(reason(Verdict::Blocked, "no text"));
    }
}

#[cfg(test)]
mod tests {
    use pmcp_protocol::UI_MIME_TYPE;
    use serde_json::json;

    use super::*;
    use crate::check::seen::{Call, Listing};

    /// A server with one document of this script and this metadata, which speaks these versions.
    fn seen(script: &str, meta: &Value, versions: [&str; 2]) -> Seen {
        let text = format!("<script>{script}</script>");
        let read = json!({ "contents": [{ "mimeType": UI_MIME_TYPE, "text": text, "_meta": meta }] });
        let listing = |version: &str| Listing { version: version.to_owned(), ..Listing::default() };
        Seen {
            shown: listing(versions[0]),
            other: Some(listing(versions[1])),
            documents: vec![Document {
                uri: "ui://x/y".to_owned(),
                tools: Vec::new(),
                listed: None,
                read: Ok(read),
                old: None,
                mistakes: Vec::new(),
            }],
            calls: vec![Call {
                tool: json!({}),
                result: Ok(json!({ "content": [{ "type": "text", "text": "Sun" }] })),
            }],
            ..Seen::default()
        }
    }

    const BOTH: [&str; 2] = ["2026-07-28", "2025-11-25"];

    /// A host of which every part is known, with these capabilities and modes.
    fn profile(kinds: &str) -> Value {
        let source = json!({ "kind": kinds, "date": "2026-11-27" });
        json!({
            "id": "h", "title": "H",
            "sources": { "client": source, "capabilities": source, "context": source, "policy": source, "sandbox": source,
                "openai": source },
            "client": { "ui": true, "revisions": ["2025-11-25"] },
            "host": { "capabilities": { "serverTools": {}, "message": { "text": {} }, "updateModelContext": { "image": {} } },
                "context": { "availableDisplayModes": ["inline"] } },
            "policy": { "from": "openai" },
            "sandbox": { "permissions": ["microphone"], "nestedFrames": false },
            "openai": null,
        })
    }

    fn told(seen: &Seen, profile: &Value) -> (Verdict, Vec<String>, Kind) {
        let host = host(seen, profile);
        (host.verdict, host.reasons.into_iter().map(|reason| reason.text).collect(), host.evidence.kind)
    }

    #[test]
    fn each_feature_that_is_used_is_there_degrades_or_blocks() {
        let none = json!({});
        let ui = |ui: Value| json!({ "ui": ui });
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (script, meta, verdict, reasons) in [
            ("", &none, Verdict::Works, &[][..]),
            ("mcp.callTool('x'); mcp.sendMessage('y')", &none, Verdict::Works, &[]),
            ("mcp.updateModelContext('y')", &none, Verdict::Degraded, &["no context for the model"]),
            ("mcp.openLink(x); mcp.download(y)", &none, Verdict::Degraded, &["no links", "no downloads"]),
            ("mcp.readResource(x)", &none, Verdict::Degraded, &["no resources"]),
            ("mcp.requestDisplayMode('pip')", &none, Verdict::Degraded, &["no picture-in-picture"]),
            ("window.openai.setWidgetState(x)", &none, Verdict::Degraded, &["no `window.openai`"]),
            ("", &ui(json!({ "permissions": { "microphone": {} } })), Verdict::Works, &[]),
            ("", &ui(json!({ "permissions": { "camera": {} } })), Verdict::Degraded, &["no camera"]),
            (
                "",
                &ui(json!({ "csp": { "connectDomains": ["https://a.example", "https://b.example"] } })),
                Verdict::Blocked,
                &["2 origins"],
            ),
            (
                "mcp.openLink(x)",
                &ui(json!({ "csp": { "frameDomains": ["https://a.example"] } })),
                Verdict::Blocked,
                &["no frames", "1 origin"],
            ),
        ] {
            let seen = seen(script, meta, BOTH);
            assert_eq!(told(&seen, &profile("probe")), (verdict, texts(reasons), Kind::Probe), "{script} {meta}");
        }
    }

    #[test]
    fn nothing_works_on_a_guess_alone() {
        let plain = seen("", &json!({}), BOTH);
        assert_eq!(told(&plain, &profile("assumed")), (Verdict::Unknown, Vec::new(), Kind::Assumed));
        assert_eq!(told(&plain, &profile("vendor")), (Verdict::Works, Vec::new(), Kind::Vendor));
        // One part that is used is enough, and one that is not used is none.
        let mut guessed = profile("probe");
        guessed["sources"]["policy"]["kind"] = "assumed".into();
        assert_eq!(told(&plain, &guessed).0, Verdict::Works);
        let origins = json!({ "ui": { "csp": { "connectDomains": ["https://a.example"] } },
            "openai/widgetCSP": { "connect_domains": ["https://a.example"] } });
        assert_eq!(told(&seen("", &origins, BOTH), &guessed), (Verdict::Unknown, Vec::new(), Kind::Assumed));
        // What is missing is told, however it is known.
        assert_eq!(told(&seen("mcp.openLink(x)", &json!({}), BOTH), &profile("assumed")).0, Verdict::Degraded);
    }

    #[test]
    fn a_host_needs_a_version_in_common() {
        let alone = |version| Seen { other: None, ..seen("", &json!({}), [version, version]) };
        assert_eq!(told(&alone("2025-06-18"), &profile("probe")).0, Verdict::Works);
        let (verdict, reasons, _) = told(&alone("2026-07-28"), &profile("probe"));
        assert_eq!((verdict, &reasons[..]), (Verdict::Blocked, &["no common version".to_owned()][..]));
    }

    #[test]
    fn what_cannot_be_read_works_nowhere() {
        let of = |read: Result<Value, String>, profile: &Value| {
            let mut seen = seen("", &json!({}), BOTH);
            seen.documents[0].read = read;
            let (verdict, reasons, kind) = told(&seen, profile);
            (verdict, reasons.join(", "), kind)
        };
        let content = |kind: &str, content: Value| {
            let mut content = content;
            content["mimeType"] = kind.into();
            Ok(json!({ "contents": [content] }))
        };
        let (blocked, none) = (Verdict::Blocked, "no document".to_owned());
        assert_eq!(of(Err("gone".to_owned()), &profile("probe")), (blocked, none.clone(), Kind::Seen));
        assert_eq!(of(Ok(json!({ "contents": [] })), &profile("probe")), (blocked, none.clone(), Kind::Seen));
        let blank = content(UI_MIME_TYPE, json!({ "text": " " }));
        assert_eq!(of(blank, &profile("probe")), (blocked, none, Kind::Seen));
        let other = (blocked, "other type of document".to_owned(), Kind::Seen);
        assert_eq!(of(content("text/html", json!({ "text": "<p>" })), &profile("probe")), other);
        // Another type is one that this host knows.
        let of_openai = || content(OPENAI_MIME_TYPE, json!({ "text": "<p>" }));
        assert_eq!(of(of_openai(), &profile("probe")), other);
        let mut chatgpt = profile("probe");
        chatgpt["openai"] = json!({});
        assert_eq!(of(of_openai(), &chatgpt).0, Verdict::Works);
        // Nobody has looked into it, so nobody says that it works.
        let bytes = content(UI_MIME_TYPE, json!({ "blob": "PHA+" }));
        assert_eq!(of(bytes, &profile("probe")), (Verdict::Unknown, "document in bytes".to_owned(), Kind::Seen));
    }

    #[test]
    fn a_client_without_widgets_needs_a_text() {
        let text = json!({ "id": "text", "title": "Text", "client": { "ui": false } });
        let mut seen = seen("", &json!({}), BOTH);
        assert_eq!(told(&seen, &text), (Verdict::Works, Vec::new(), Kind::Seen));
        seen.calls[0].result = Ok(json!({ "content": [] }));
        assert_eq!(told(&seen, &text).0, Verdict::Blocked);
        seen.calls.clear();
        assert_eq!(told(&seen, &text), (Verdict::Unknown, vec!["no tool could be called".to_owned()], Kind::Seen));
    }

    #[test]
    fn every_host_but_the_specification_has_a_verdict() {
        let hosts = hosts(&seen("", &json!({}), BOTH));
        let ids: Vec<_> = hosts.iter().map(|host| host.id.as_str()).collect();
        assert_eq!(
            ids,
            ["claude", "chatgpt-developer", "chatgpt-published", "vscode", "cursor", "copilot", "goose", "text"]
        );
        assert!(hosts.iter().all(|host| host.evidence.kind != Kind::Assumed || host.verdict != Verdict::Works));
    }
}
