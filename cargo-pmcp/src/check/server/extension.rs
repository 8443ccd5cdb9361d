//! The extension MCP Apps: who declares it is told of widgets, in whatever version, and nobody else is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    check::{
        rule::Findings,
        seen::{Listing, Seen, is_for, is_widget, opens},
    },
    output::string,
    text::quoted,
};

/// The way to keep both rules of clients without widgets.
const HELP: &str = "tell of widgets only those who declare `io.modelcontextprotocol/ui`, as `pmcp-server` does";

pub(super) fn quiet(seen: &Seen, findings: &mut Findings<'_>) {
    for (told, versions) in by_what_is_told(seen, |Listing { tools, resources, .. }| {
        let of_tools = tools.iter().filter(|tool| tells_of_widgets(tool)).map(|tool| string(tool, "name"));
        of_tools.chain(resources.iter().filter(|one| is_widget(one)).map(|one| string(one, "uri"))).collect()
    }) {
        let message = format!("a client that shows no widgets is told of those of {} ({versions})", quoted(told));
        findings.add(message, HELP);
    }
}

/// What clients without widgets are told that they should not be, with the versions in which they are told it.
fn by_what_is_told<'a>(
    seen: &'a Seen,
    told: impl Fn(&'a Listing) -> Vec<&'a str>,
) -> impl Iterator<Item = (Vec<&'a str>, String)> {
    let mut versions: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    for listing in &seen.plain {
        versions.entry(told(listing)).or_default().push(&listing.version);
    }
    versions.into_iter().filter(|(told, _)| !told.is_empty()).map(|(told, versions)| (told, versions.join(", ")))
}

/// Set if a client without widgets is told more of a tool than it can use.
fn tells_of_widgets(tool: &Value) -> bool {
    opens(tool).is_some() || !tool["_meta"]["ui"].is_null() || !tool["_meta"]["openai/outputTemplate"].is_null()
}

pub(super) fn app_only_hidden(seen: &Seen, findings: &mut Findings<'_>) {
    let app_only: BTreeSet<_> =
        seen.shown.tools.iter().filter(|tool| !is_for(tool, "model")).map(|tool| string(tool, "name")).collect();
    for (told, versions) in by_what_is_told(seen, |listing| {
        listing.tools.iter().map(|tool| string(tool, "name")).filter(|name| app_only.contains(name)).collect()
    }) {
        let are = if told.len() == 1 { "is for views only, and is" } else { "are for views only, and are" };
        let message = format!("{} {are} listed for a client that shows no widgets ({versions})", quoted(told));
        findings.add(message, HELP);
    }
}

pub(super) fn same_in_both_eras(seen: &Seen, findings: &mut Findings<'_>) {
    let Some(other) = &seen.other else { return };
    let with_widgets = |listing: &Listing| -> BTreeSet<(String, String)> {
        let tools = listing.tools.iter();
        tools.filter_map(|tool| Some((string(tool, "name").to_owned(), opens(tool)?.to_owned()))).collect()
    };
    let (here, there) = (with_widgets(&seen.shown), with_widgets(other));
    let missing: Vec<_> = here.symmetric_difference(&there).map(|(name, _)| name.as_str()).collect();
    if !missing.is_empty() {
        let which = quoted(missing.into_iter().collect::<BTreeSet<_>>());
        findings.add(
            format!("{which} opens not the same widget in {} and in {}", seen.shown.version, other.version),
            "list the same tools with the same widgets in both",
        );
    }
}
