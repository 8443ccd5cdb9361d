//! A server of a few lines that says what a test wants, in both eras, over HTTP.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::{Value, json};

const UI: &str = "io.modelcontextprotocol/ui";
const MIME_TYPE: &str = "text/html;profile=mcp-app";
pub(crate) const URI: &str = "ui://weather/map.html";

/// The things that a server says.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// Its name and title.
    pub(crate) server: Value,
    pub(crate) tools: Value,
    pub(crate) resources: Value,
    /// The tools and resources for clients without widgets.
    pub(crate) plain_tools: Value,
    pub(crate) plain_resources: Value,
    /// The tools in 2025-11-25, if they are others.
    pub(crate) older_tools: Option<Value>,
    /// The contents of its one document; none if it is not there.
    pub(crate) contents: Option<Value>,
    /// The result of its tool.
    pub(crate) result: Value,
    /// The error of what is not there, and whether it is that of resources, too.
    pub(crate) error: &'static str,
    pub(crate) hides_resource_errors: bool,
    /// It knows the request that 2026-07-28 begins with. Other requests it answers in any case.
    pub(crate) speaks_newest: bool,
}

impl Script {
    /// A server that keeps every rule: a tool, and the widget that it opens.
    pub(crate) fn good() -> Self {
        let meta = json!({
            "ui": { "csp": { "connectDomains": [], "resourceDomains": [], "frameDomains": [], "baseUriDomains": [] } },
        });
        let tool = json!({
            "name": "show_map",
            "description": "Show the weather on a map.",
            "inputSchema": { "type": "object" },
            "outputSchema": { "type": "object", "properties": { "celsius": { "type": "number" } }, "required": ["celsius"] },
            "annotations": { "readOnlyHint": true },
            "_meta": { "ui": { "resourceUri": URI, "visibility": ["model", "app"] } },
        });
        let mut plain = tool.clone();
        plain.as_object_mut().unwrap().remove("_meta");
        let resource = json!({ "uri": URI, "name": "map", "mimeType": MIME_TYPE, "_meta": meta });
        Self {
            server: json!({ "name": "weather", "version": "1.2.3" }),
            tools: json!([tool]),
            resources: json!([resource]),
            plain_tools: json!([plain]),
            plain_resources: json!([]),
            older_tools: None,
            contents: Some(json!([{ "uri": URI, "mimeType": MIME_TYPE, "text": page("<p>Sun</p>"), "_meta": meta }])),
            result: json!({ "content": [{ "type": "text", "text": "Sun, 21 °C." }], "structuredContent": { "celsius": 21 } }),
            error: "there is none such",
            hides_resource_errors: false,
            speaks_newest: true,
        }
    }

    /// The same with this body of its page.
    pub(crate) fn body(mut self, body: &str) -> Self {
        self.contents.as_mut().unwrap()[0]["text"] = page(body).into();
        self
    }

    /// The same with metadata of its document, in the list and where it is read.
    pub(crate) fn meta(mut self, meta: &Value) -> Self {
        self.resources[0]["_meta"] = meta.clone();
        self.contents.as_mut().unwrap()[0]["_meta"] = meta.clone();
        self
    }

    /// The same with other metadata, annotations or texts of its tool.
    pub(crate) fn tool(mut self, change: impl Fn(&mut Value)) -> Self {
        change(&mut self.tools[0]);
        self
    }

    /// The same with something else about it.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Serves it until the tests end; its address.
    pub(crate) fn serve(self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let script = Arc::new(self);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let script = script.clone();
                thread::spawn(move || script.talk(stream.unwrap()));
            }
        });
        url
    }

    fn talk(&self, mut stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        loop {
            let (mut length, mut session, mut is_post) = (0, String::new(), true);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                } else if let Some(value) = lower.strip_prefix("mcp-session-id:") {
                    value.trim().clone_into(&mut session);
                } else if lower.starts_with("get ") || lower.starts_with("delete ") {
                    is_post = false;
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            let response = if is_post {
                self.respond(&body, &session)
            } else {
                "HTTP/1.1 405 No\r\ncontent-length: 0\r\n\r\n".into()
            };
            if stream.write_all(response.as_bytes()).is_err() {
                return;
            }
        }
    }

    fn respond(&self, body: &[u8], session: &str) -> String {
        let request: Value = serde_json::from_slice(body).unwrap();
        let Some(id) = request.get("id") else { return "HTTP/1.1 202 Yes\r\ncontent-length: 0\r\n\r\n".into() };
        let method = request["method"].as_str().unwrap();
        let params = &request["params"];
        let is_old = method == "initialize" || !session.is_empty();
        let capabilities = if method == "initialize" {
            &params["capabilities"]
        } else {
            &params["_meta"]["io.modelcontextprotocol/clientCapabilities"]
        };
        let shows = !capabilities["extensions"][UI].is_null() || session == "ui";
        let mut answer = match self.answer(method, params, shows, is_old) {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(message) => {
                let code = if message == "no such method" { -32601 } else { -32602 };
                json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
            }
        };
        if !is_old && answer.get("result").is_some() {
            let result = answer["result"].as_object_mut().unwrap();
            result.insert("resultType".into(), "complete".into());
            result.insert("ttlMs".into(), 0.into());
            result.insert("cacheScope".into(), "private".into());
        }
        let answer = answer.to_string();
        let session = if method != "initialize" {
            ""
        } else if shows {
            "mcp-session-id: ui\r\n"
        } else {
            "mcp-session-id: plain\r\n"
        };
        format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{session}content-length: {}\r\n\r\n{answer}",
            answer.len()
        )
    }

    fn answer(&self, method: &str, params: &Value, shows: bool, is_old: bool) -> Result<Value, &'static str> {
        let capabilities = json!({ "tools": {}, "resources": {} });
        Ok(match method {
            "initialize" => {
                json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "serverInfo": self.server })
            }
            "server/discover" if !self.speaks_newest => return Err("no such method"),
            "server/discover" => json!({
                "supportedVersions": ["2026-07-28", "2025-11-25"],
                "capabilities": capabilities,
                "_meta": { "io.modelcontextprotocol/serverInfo": self.server },
            }),
            "tools/list" => match (&self.older_tools, shows) {
                (Some(tools), true) if is_old => json!({ "tools": tools }),
                (_, true) => json!({ "tools": self.tools }),
                (_, false) => json!({ "tools": self.plain_tools }),
            },
            "resources/list" => json!({ "resources": if shows { &self.resources } else { &self.plain_resources } }),
            "resources/read" if params["uri"] == self.resources[0]["uri"] => match &self.contents {
                Some(contents) => json!({ "contents": contents }),
                None => return Err("there is none such"),
            },
            "tools/call" if params["name"] == self.tools[0]["name"] => self.result.clone(),
            "resources/read" if self.hides_resource_errors => return Err("there is none such"),
            _ => return Err(self.error),
        })
    }
}

/// A page with this body, which begins at line 2.
fn page(body: &str) -> String {
    format!("<!doctype html><html lang=\"en\"><head><title>Map</title></head><body>\n{body}\n</body></html>\n")
}
