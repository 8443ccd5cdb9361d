//! What a server answered, as text for people.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

use crate::{
    error::Result,
    shell::{write_out, write_text},
    text,
};

/// Writes JSON. What a terminal would not show but obey is escaped in it, which is the same to programs.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn json(value: &Value) -> Result {
    write_out(format!("{}\n", escaped(&format!("{value:#}"))).as_bytes())
}

/// The same in one line, for programs that read one after the other.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn json_line(value: &Value) -> Result {
    write_out(format!("{}\n", escaped(&value.to_string())).as_bytes())
}

/// JSON in which no character controls a terminal, or turns the direction of others: of those, it has itself the first 32 escaped.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if text::is_obeyed(c) {
            // They all are in the basic plane. Writing to a text does not fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Writes the result of a tool: its texts, and a line for what is none.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn tool_result(result: &Value) -> Result {
    let mut parts: Vec<String> = result["content"].as_array().into_iter().flatten().map(block).collect();
    if let (true, Some(structured)) = (parts.is_empty(), result.get("structuredContent")) {
        parts.push(format!("{structured:#}"));
    }
    write_text(&parts.join("\n"))
}

/// A content block: its text, or what it is.
pub(crate) fn block(block: &Value) -> String {
    match block["type"].as_str() {
        Some("text") => block["text"].as_str().unwrap_or_default().to_owned(),
        Some("resource") => match block["resource"]["text"].as_str() {
            Some(text) => text.to_owned(),
            None => {
                format!("[{}: {}]", text::line(string(&block["resource"], "uri")), size(&block["resource"], "blob"))
            }
        },
        Some("resource_link") => format!("[{}]", text::line(string(block, "uri"))),
        Some(kind @ ("image" | "audio")) => format!("[{kind}: {}]", size(block, "data")),
        kind => format!("[{}]", text::line(kind.unwrap_or("nothing"))),
    }
}

/// The bytes in a field that holds them as Base64.
pub(crate) fn bytes(object: &Value, field: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(object[field].as_str()?).ok()
}

fn size(object: &Value, field: &str) -> String {
    let kind = text::line(object["mimeType"].as_str().unwrap_or("no type"));
    match bytes(object, field) {
        Some(bytes) => format!("{kind}, {} bytes", bytes.len()),
        None => format!("{kind}, no Base64"),
    }
}

/// A field's text, empty if it has none.
pub(crate) fn string<'a>(object: &'a Value, field: &str) -> &'a str {
    object[field].as_str().unwrap_or_default()
}

/// Rows as a table: each column as wide as its widest cell, but for the last. Cells are lines already.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    let row = |row: &[String; N]| {
        let cells =
            row.iter().zip(widths).filter(|(_, width)| *width > 0).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_block_has_a_text() {
        for (given, shown) in [
            (json!({ "type": "text", "text": "hello" }), "hello"),
            (json!({ "type": "image", "mimeType": "image/png", "data": "AAAA" }), "[image: image/png, 3 bytes]"),
            (json!({ "type": "resource", "resource": { "uri": "a:b", "text": "inner" } }), "inner"),
            (json!({ "type": "resource", "resource": { "uri": "a:b", "blob": "AA==" } }), "[a:b: no type, 1 bytes]"),
            (json!({ "type": "resource_link", "uri": "a:b" }), "[a:b]"),
            (json!({ "type": "smell" }), "[smell]"),
            (json!(null), "[nothing]"),
        ] {
            assert_eq!(block(&given), shown);
        }
    }

    #[test]
    fn no_json_moves_the_cursor_and_it_means_the_same() {
        let given = json!({ "a\u{9b}1m": "b\u{7f}\u{202e}\u{1b}[2J \u{e4}\n" });
        let shown = escaped(&format!("{given:#}"));
        assert_eq!(shown, "{\n  \"a\\u009b1m\": \"b\\u007f\\u202e\\u001b[2J \u{e4}\\n\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), given);
    }

    #[test]
    fn a_table_is_as_wide_as_its_cells() {
        let rows = [["a", "", "first"], ["long", "", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a     first\nlong\n");
    }
}
