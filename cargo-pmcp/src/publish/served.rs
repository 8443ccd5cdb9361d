//! What a server says of itself, asked of the program that is published.

use std::collections::HashSet;

use pmcp_client::{Client, ClientBuilder, ClientError};
use pmcp_protocol::{UI_EXTENSION, UI_MIME_TYPE, meta::SERVER_INFO};
use serde_json::{Value, json};

use crate::{
    error::{Error, Result},
    output::{bytes, string},
    target::{Connected, list},
    text,
};

/// The most bytes of a document that is published.
const LARGEST: usize = 8 << 20;
/// The most bytes of all documents.
const TOGETHER: usize = 64 << 20;

/// A server in its own words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) instructions: Option<String>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) views: Vec<View>,
}

/// A tool.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) annotations: Value,
    pub(crate) input_schema: Value,
    /// Set if models are told of it, and not views alone.
    pub(crate) is_for_model: bool,
    /// The document that it opens.
    pub(crate) view: Option<String>,
}

/// A document of a widget.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) uri: String,
    pub(crate) html: String,
    /// `_meta.ui` of the resource.
    pub(crate) meta: Value,
}

impl Served {
    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The document that a tool opens.
    pub(crate) fn view_of(&self, tool: &Tool) -> Option<&View> {
        let uri = tool.view.as_deref()?;
        self.views.iter().find(|view| view.uri == uri)
    }
}

impl Tool {
    fn read(raw: &Value) -> Self {
        let text = |field: &str| raw[field].as_str().map(str::to_owned);
        let ui = &raw["_meta"]["ui"];
        let visibility = ui["visibility"].as_array();
        Self {
            name: string(raw, "name").to_owned(),
            title: text("title"),
            description: text("description"),
            annotations: raw["annotations"].clone(),
            input_schema: raw["inputSchema"].clone(),
            is_for_model: visibility.is_none_or(|to| to.iter().any(|to| to == "model")),
            view: ui["resourceUri"].as_str().map(str::to_owned),
        }
    }

    /// Its name for people, in a line.
    pub(crate) fn shown(&self) -> String {
        self.title.as_deref().map_or_else(|| text::as_title(&self.name), text::line)
    }

    /// An annotation that is true or false; `None` if the tool says neither.
    pub(crate) fn annotation(&self, name: &str) -> Option<bool> {
        self.annotations[name].as_bool()
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.annotation("readOnlyHint") == Some(true)
    }

    /// Set if it can be called without arguments.
    pub(crate) fn needs_nothing(&self) -> bool {
        self.input_schema["required"].as_array().is_none_or(Vec::is_empty)
    }
}

/// A client that is told of widgets.
pub(crate) fn describing() -> ClientBuilder {
    Client::builder("cargo-pmcp", env!("CARGO_PKG_VERSION"))
        .extension(UI_EXTENSION, json!({ "mimeTypes": [UI_MIME_TYPE] }))
        .session_stream(false)
}

/// Asks a server for all that is published of it.
///
/// # Errors
/// It does not answer, or a tool opens a document that is none.
pub(crate) async fn ask(connected: &mut Connected) -> Result<Served> {
    match told(&connected.client).await {
        Ok(served) => served,
        Err(error) => Err(connected.explain(error).await),
    }
}

async fn told(client: &Client) -> std::result::Result<Result<Served>, ClientError> {
    let about = match client.server() {
        Some(about) => about,
        None => client.discover().await?,
    };
    let tools: Vec<_> = list(client, "tools/list", "tools").await?.iter().map(Tool::read).collect();
    let (mut views, mut known, mut bytes) = (Vec::new(), HashSet::new(), 0);
    for uri in tools.iter().filter_map(|tool| tool.view.as_deref()).filter(|uri| known.insert(*uri)) {
        let read = client.read_resource(uri).await?;
        let view = match document(uri, &read["contents"][0]) {
            Ok(view) => view,
            Err(error) => return Ok(Err(error)),
        };
        bytes += view.html.len();
        if bytes > TOGETHER {
            return Ok(Err(Error::failed(format!("the documents have more than {} MiB together", TOGETHER >> 20))
                .help("make the widgets smaller: leave out source maps and large pictures")));
        }
        views.push(view);
    }
    let info = if about["serverInfo"].is_null() { &about["_meta"][SERVER_INFO] } else { &about["serverInfo"] };
    let text = |field: &str| info[field].as_str().map(str::to_owned);
    Ok(Ok(Served {
        name: text("name").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        title: text("title"),
        description: text("description"),
        website: text("websiteUrl"),
        instructions: about["instructions"].as_str().map(str::to_owned),
        tools,
        views,
    }))
}

fn document(uri: &str, content: &Value) -> Result<View> {
    let shown = text::line(uri);
    let html = content["text"].as_str().map(str::to_owned);
    let html = html.or_else(|| String::from_utf8(bytes(content, "blob")?).ok());
    match html {
        Some(html) if html.len() <= LARGEST => {
            Ok(View { uri: uri.to_owned(), html, meta: content["_meta"]["ui"].clone() })
        }
        Some(html) => {
            Err(Error::failed(format!("`{shown}` has {} KiB; a page takes {} KiB", html.len() >> 10, LARGEST >> 10))
                .help("make the widget smaller: leave out source maps and large pictures"))
        }
        None => Err(Error::failed(format!("`{shown}` is no document")).help("run `cargo pmcp app check`")),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A server with a view that asks for an origin, a tool for the view, and one that changes something.
    pub(in crate::publish) fn served() -> Served {
        let board = json!({ "ui": { "resourceUri": "ui://chess/board/1.html" } });
        let tools = [
            json!({ "name": "show_board", "title": "Show the board", "description": "Shows the board.\nMore of it.",
                "annotations": { "readOnlyHint": true }, "inputSchema": { "type": "object" }, "_meta": board }),
            json!({ "name": "move_piece", "_meta": { "ui": { "visibility": ["app"] } } }),
            json!({ "name": "resign", "description": "Gives up.", "annotations": { "readOnlyHint": false, "destructiveHint": true },
                "inputSchema": { "type": "object", "required": ["game"] } }),
        ];
        let csp =
            json!({ "csp": { "resourceDomains": ["https://tiles.example.com"] }, "permissions": { "camera": {} } });
        Served {
            name: "chess".into(),
            version: "1.2.3".into(),
            title: Some("Chess board".into()),
            instructions: Some("Ask for the colour first.".into()),
            tools: tools.iter().map(Tool::read).collect(),
            views: vec![View {
                uri: "ui://chess/board/1.html".into(),
                html: "<!doctype html><p>Board</p>".into(),
                meta: csp,
            }],
            ..Served::default()
        }
    }

    #[test]
    fn tools_are_for_models_unless_they_say_otherwise() {
        let served = served();
        let of = |name: &str| served.tool(name).unwrap();
        assert!(of("show_board").is_for_model && of("show_board").is_read_only() && of("show_board").needs_nothing());
        assert!(!of("move_piece").is_for_model);
        assert!(!of("resign").needs_nothing() && !of("resign").is_read_only());
        assert_eq!(served.view_of(of("show_board")).unwrap().uri, "ui://chess/board/1.html");
    }

    #[test]
    fn a_document_is_text_or_base64() {
        let uri = "ui://a/b";
        assert_eq!(document(uri, &json!({ "text": "<p>" })).unwrap().html, "<p>");
        assert_eq!(document(uri, &json!({ "blob": "PHA+" })).unwrap().html, "<p>");
        assert!(document(uri, &json!({})).unwrap_err().message.unwrap().contains("is no document"));
        assert!(
            document(uri, &json!({ "text": "a".repeat(LARGEST + 1) })).unwrap_err().message.unwrap().contains("KiB")
        );
    }
}
