//! The origins that a document declares, for MCP Apps and for `ChatGPT`.

use std::collections::HashSet;

use pmcp_apps_bundle::check_origin;

use crate::{
    check::{
        rule::Findings,
        seen::{Seen, texts},
    },
    text::quoted,
};

/// The lists that both forms of a policy have.
pub(crate) const LISTS: [(&str, &str); 3] =
    [("connectDomains", "connect_domains"), ("resourceDomains", "resource_domains"), ("frameDomains", "frame_domains")];

pub(super) fn origins_are_such(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        let (ui, openai) = (&document.meta("ui")["csp"], document.meta("openai/widgetCSP"));
        let mut all = LISTS.map(|(ours, theirs)| [texts(ui, ours), texts(openai, theirs)].concat()).concat();
        all.extend(texts(ui, "baseUriDomains"));
        all.extend(texts(openai, "redirect_domains"));
        all.sort_unstable();
        all.dedup();
        for refused in all.iter().filter_map(|origin| check_origin(origin).err()) {
            findings.add(format!("`{}` declares no origin: {}", document.uri, refused.message), refused.help);
        }
    }
}

pub(super) fn both_forms(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        let (ui, openai) = (&document.meta("ui")["csp"], document.meta("openai/widgetCSP"));
        for (ours, theirs) in LISTS {
            let (apps, chatgpt) = (texts(ui, ours), texts(openai, theirs));
            // Servers may declare many.
            let missing = |of: &[String], others: &[String]| -> Vec<String> {
                let others: HashSet<_> = others.iter().collect();
                of.iter().filter(|origin| !others.contains(origin)).cloned().collect()
            };
            let mut tell = |missing: &[String], has: &str, lacks: &str, place: &str| {
                if !missing.is_empty() {
                    let which = quoted(missing.iter().map(String::as_str));
                    findings.add(
                        format!("`{}` declares {which} for {has} but not for {lacks}", document.uri),
                        format!("put the same origins into `{place}`"),
                    );
                }
            };
            let place = format!("_meta[\"openai/widgetCSP\"].{theirs}");
            tell(&missing(&apps, &chatgpt), "MCP Apps", "ChatGPT", &place);
            tell(&missing(&chatgpt, &apps), "ChatGPT", "MCP Apps", &format!("_meta.ui.csp.{ours}"));
        }
    }
}
