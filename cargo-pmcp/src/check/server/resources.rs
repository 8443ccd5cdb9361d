//! Documents as resources: listed, read, and of the right type.

use serde_json::Value;

use crate::{
    check::{
        rule::Findings,
        seen::{Document, Seen, is_mime_type},
    },
    output::string,
    text::quoted,
};

/// The way to a document that is served as hosts want it.
const WIDGET: &str = "`.widget::<…>()` of `pmcp-server` serves it so";

pub(super) fn readable(seen: &Seen, findings: &mut Findings<'_>) {
    for Document { uri, tools, read, .. } in &seen.documents {
        let Err(error) = read else { continue };
        let of = if tools.is_empty() {
            "which is listed,".to_owned()
        } else {
            format!(
                "which {} {},",
                quoted(tools.iter().map(String::as_str)),
                if tools.len() == 1 { "opens" } else { "open" }
            )
        };
        findings
            .add(format!("`{uri}`, {of} cannot be read: {error}"), format!("answer `resources/read` for it; {WIDGET}"));
    }
}

pub(super) fn mime_type(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        let Some(item) = document.item() else { continue };
        let kind = string(item, "mimeType");
        if !is_mime_type(kind) {
            let is = if kind.is_empty() { "no type".to_owned() } else { format!("the type `{kind}`") };
            findings.add(format!("`{}` is read with {is}", document.uri), "give it `text/html;profile=mcp-app`");
        }
    }
}

pub(super) fn one_document(seen: &Seen, findings: &mut Findings<'_>) {
    for Document { uri, read, .. } in &seen.documents {
        let Ok(read) = read else { continue };
        let contents = read["contents"].as_array().map_or(&[][..], Vec::as_slice);
        match contents {
            [content] if content["text"].as_str().is_some_and(|text| !text.trim().is_empty()) => {
                if content["uri"] != uri.as_str() {
                    findings.add(
                        format!("`{uri}` is answered as `{}`", string(content, "uri")),
                        "give the content the address that was asked for",
                    );
                }
            }
            [content] if content["blob"].is_string() => {
                findings.add(format!("`{uri}` is read as bytes, and not as a text"), "put the document into `text`");
            }
            [_] => findings.add(format!("`{uri}` is empty"), format!("put the document into `text`; {WIDGET}")),
            _ => findings.add(
                format!("`{uri}` has {} contents in place of one", contents.len()),
                "put everything into one document, as `#[widget]` does",
            ),
        }
    }
}

pub(super) fn agree(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        let (Some(listed), Some(item)) = (&document.listed, document.item()) else { continue };
        for (what, pointer) in [
            ("mimeType", "/mimeType"),
            ("_meta.ui", "/_meta/ui"),
            ("_meta[\"openai/widgetCSP\"]", "/_meta/openai~1widgetCSP"),
        ] {
            let of = |value: &'_ Value| value.pointer(pointer).cloned().unwrap_or_default();
            let (in_list, in_read) = (of(listed), of(item));
            // What only the read has is no contradiction.
            if !in_list.is_null() && in_list != in_read {
                let how = if in_read.is_null() { "is in the list only" } else { "is another one in the list" };
                findings.add(format!("`{what}` of `{}` {how}", document.uri), "write the same in both places");
            }
        }
    }
}

pub(super) fn old_uri(seen: &Seen, findings: &mut Findings<'_>) {
    for document in &seen.documents {
        if let Some((old, Some(error))) = &document.old {
            findings.add(
                format!(
                    "`{}` changes with its content, and an earlier address such as `{old}` is not answered: {error}",
                    document.uri
                ),
                format!("answer every address that it ever had with the document of today; {WIDGET}"),
            );
        }
    }
}
