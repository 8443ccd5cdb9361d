//! A record of a view and its host, as the preview keeps it: lines of JSON, a head and frames.

use std::{fs, io::Read as _, path::Path};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::served::{Served, Tool, View};
use crate::error::{Error, Result};

/// The most bytes of a trace in a page, which everybody loads.
pub(super) const LARGEST: usize = 4 << 20;

const PARTIES: [&str; 3] = ["view", "host", "server"];

/// A record.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    head: Value,
    pub(super) frames: Vec<Value>,
    /// Set if a person recorded it.
    pub(super) is_recorded: bool,
}

impl Trace {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not there, is too large, or a line is no frame.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let unread = |error: &std::io::Error| {
            Error::because(&format!("the trace `{shown}` cannot be read"), error)
                .help("`cargo pmcp preview` keeps traces in `target/pmcp/traces`")
        };
        let mut text = String::new();
        // A pipe has no length, and a device no end.
        let file = fs::File::open(path).map_err(|error| unread(&error))?;
        file.take(LARGEST as u64 + 1).read_to_string(&mut text).map_err(|error| unread(&error))?;
        if text.len() > LARGEST {
            return Err(Error::failed(format!(
                "the trace has more than {} KiB, which is what a page takes",
                LARGEST >> 10
            ))
            .help("record a shorter one: one call, and what a visitor is to try"));
        }
        Self::parse(&text).map_err(|why| {
            Error::failed(format!("`{shown}` is no trace: {why}"))
                .help("record one with `cargo pmcp preview`, and keep it there")
        })
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty()).zip(1..).map(|(line, number)| {
            let value: Value = serde_json::from_str(line).map_err(|_| format!("line {number} is no JSON"))?;
            Ok::<_, String>((number, value))
        });
        let (_, head) = lines.next().ok_or("it is empty")??;
        if head["format"] != 1 {
            return Err("line 1 is no head of a trace in format 1".to_owned());
        }
        let is_party = |party: &Value| party.as_str().is_some_and(|party| PARTIES.contains(&party));
        let frames = lines.map(|line| {
            let (number, frame) = line?;
            let is_frame = frame["ms"].is_number()
                && is_party(&frame["from"])
                && is_party(&frame["to"])
                && frame["message"]["jsonrpc"] == "2.0";
            if is_frame { Ok(frame) } else { Err(format!("line {number} is no frame")) }
        });
        Ok(Self { head, frames: frames.collect::<std::result::Result<_, _>>()?, is_recorded: true })
    }

    /// A record of nothing but a call, and what came of it.
    pub(super) fn of_call(tool: &Tool, result: &Value) -> Self {
        let told = |method: &str, params: &Value| {
            let message = json!({ "jsonrpc": "2.0", "method": format!("ui/notifications/{method}"), "params": params });
            json!({ "ms": 0, "from": "host", "to": "view", "message": message })
        };
        Self {
            head: json!({ "format": 1, "tool": tool.name }),
            frames: vec![told("tool-input", &json!({ "arguments": {} })), told("tool-result", result)],
            is_recorded: false,
        }
    }

    /// Set if it was recorded with this document, or does not say with which.
    pub(crate) fn is_of(&self, html: &str) -> bool {
        // As the preview writes it: eight bytes of a digest, in hexadecimal digits.
        let hash: String =
            Sha256::digest(html).iter().take(8).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        self.head["document"].as_str().is_none_or(|document| document == hash)
    }

    /// The tool that it begins with, and the document of the server in which it is replayed.
    ///
    /// # Errors
    /// The server has them no more.
    pub(crate) fn view<'a>(&self, served: &'a Served) -> Result<(&'a Tool, &'a View)> {
        let name = self.head["tool"].as_str().unwrap_or_default();
        let shown = crate::text::line(name);
        let tool = served.tool(name).ok_or_else(|| {
            Error::failed(format!("the trace begins with the tool `{shown}`, which the server does not have"))
                .help("record it anew with `cargo pmcp preview`")
        })?;
        let view = served.view_of(tool).ok_or_else(|| {
            Error::failed(format!("the trace begins with the tool `{shown}`, which opens no view"))
                .help("record a call of a tool with a widget")
        })?;
        Ok((tool, view))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::publish::served::tests::served;

    pub(in crate::publish) const TEXT: &str = r#"{"format":1,"tool":"show_board"}
{"ms":0,"from":"host","to":"view","message":{"jsonrpc":"2.0","method":"ui/notifications/tool-input","params":{"arguments":{}}}}
"#;

    #[test]
    fn lines_are_a_head_and_frames() {
        let trace = Trace::parse(TEXT).unwrap();
        assert_eq!((trace.frames.len(), trace.is_recorded), (1, true));
        assert_eq!(trace.view(&served()).unwrap().1.uri, "ui://chess/board/1.html");
        for (text, why) in [
            ("", "it is empty"),
            ("{", "line 1 is no JSON"),
            (r#"{"format":2}"#, "line 1 is no head of a trace in format 1"),
            ("{\"format\":1}\n{\"ms\":0}", "line 2 is no frame"),
            ("{\"format\":1}\n\nx", "line 2 is no JSON"),
        ] {
            assert_eq!(Trace::parse(text).unwrap_err(), why);
        }
    }

    #[test]
    fn a_trace_knows_its_document() {
        assert!(Trace::parse(TEXT).unwrap().is_of("<p>"));
        let of = |hash: &str| {
            Trace::parse(&TEXT.replace("\"format\":1,", &format!("\"format\":1,\"document\":\"{hash}\","))).unwrap()
        };
        assert!(of("e3b0c44298fc1c14").is_of(""));
        assert!(!of("e3b0c44298fc1c14").is_of("<p>"));
    }

    #[test]
    fn a_trace_of_another_server_is_told() {
        let of = |tool: &str| Trace::parse(&TEXT.replace("show_board", tool)).unwrap().view(&served()).unwrap_err();
        assert!(of("draw_map").message.unwrap().contains("which the server does not have"));
        assert!(of("resign").message.unwrap().contains("which opens no view"));
    }

    #[test]
    fn a_large_file_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(LARGEST as u64 + 1).unwrap();
        let is_large = |path: &Path| Trace::read(path).unwrap_err().message.unwrap().contains("more than 4096 KiB");
        assert!(is_large(file.path()));
        #[cfg(unix)]
        assert!(is_large(Path::new("/dev/zero")), "it has no end");
        assert!(Trace::read(Path::new("/nowhere")).unwrap_err().message.unwrap().contains("cannot be read"));
    }
}
