//! Widgets over HTTP, in both eras: who is told of them, what is read, and what does not fit together.

use std::{fs, path::Path, sync::LazyLock};

use pmcp_server::{
    BearerTokens, Error, Offer, Server,
    apps::{Csp, Permissions, Widget, WidgetDefinition, WidgetError, WidgetSource},
};
use pmcp_tasks::{gate::TargetKind, prelude::*, tool::ToolWidget};
use serde_json::{Map, Value, json};

use crate::support::{App, Http, Legacy, LineClient, Modern, call, code, listening, modern, server, text};

const MIME_TYPE: &str = "text/html;profile=mcp-app";

/// A widget as a release has it.
struct Board;

static BOARD: WidgetDefinition = WidgetDefinition {
    package: "chess",
    version: "1.0.0",
    name: "board",
    title: Some("Board"),
    description: Some("The board, with its legal moves."),
    csp: Csp { connect: &["https://api.example.com"], resource: &[], frame: &[], base_uri: &[], redirect: &[] },
    permissions: Permissions { camera: false, microphone: false, geolocation: false, clipboard_write: false },
    domain: None,
    border: Some(true),
    tools: &["move_piece", "analyse"],
    modes: &["inline"],
    invoking: Some("Setting up"),
    invoked: None,
    bridge: true,
    budget: 512 * 1024,
    document: "<!doctype html><html lang=\"en\"><head><title>Board</title></head></html>",
    source: None,
};

impl ToolWidget for Board {
    fn fill(meta: &mut Map<String, Value>) {
        BOARD.fill_tool(meta);
    }
}

impl Widget for Board {
    fn definition() -> &'static WidgetDefinition {
        &BOARD
    }
}

/// Shows the board.
#[task_tool(support = "forbidden", widget = Board)]
async fn show_board() -> String {
    "the board".into()
}

#[task_tool(support = "forbidden", visibility = "app")]
async fn move_piece(to: String) -> String {
    to
}

/// Thinks about it, and asks how deep.
#[task_tool]
async fn analyse(task: TaskContext) -> Result<String, ToolError> {
    let depth: u8 = task.elicit("How deep?").await?;
    Ok(format!("{depth} plies"))
}

fn chess() -> Server<App> {
    server().0.tool::<show_board>().tool::<move_piece>().tool::<analyse>().widget::<Board>()
}

/// The capabilities of a client that shows widgets.
fn with_ui() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/ui": { "mimeTypes": [MIME_TYPE] } } })
}

/// Clients of both eras with these capabilities.
enum Client {
    Legacy(Legacy),
    Modern(Http, Value),
}

impl Client {
    async fn both(http: &Http, capabilities: Value) -> [Self; 2] {
        let legacy = Legacy::begin_in(http, "2025-11-25", capabilities.clone()).await;
        [Self::Legacy(legacy), Self::Modern(http.clone(), capabilities)]
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        match self {
            Self::Legacy(client) => client.ask(1, method, params).await,
            Self::Modern(http, capabilities) => {
                Modern::of(method, params, capabilities.clone()).send(http).await.response().await
            }
        }
    }

    /// What the server says it can do.
    async fn server(&self) -> Value {
        match self {
            Self::Legacy(client) => client.welcome["result"]["capabilities"].clone(),
            Self::Modern(..) => self.ask("server/discover", json!({})).await["result"]["capabilities"].clone(),
        }
    }

    async fn list(&self, what: &str) -> Vec<Value> {
        let list = self.ask(&format!("{what}/list"), json!({})).await;
        list["result"][what].as_array().unwrap_or_else(|| panic!("{list}")).clone()
    }

    async fn tool(&self, name: &str) -> Option<Value> {
        self.list("tools").await.into_iter().find(|tool| tool["name"] == name)
    }
}

#[tokio::test]
async fn a_client_that_shows_widgets_finds_one_by_its_tool_and_reads_it() {
    let (_running, http) = listening(chess()).await;
    for client in Client::both(&http, with_ui()).await {
        assert_eq!(client.server().await["extensions"]["io.modelcontextprotocol/ui"], json!({}));
        let tool = client.tool("show_board").await.unwrap();
        let uri = tool["_meta"]["ui"]["resourceUri"].as_str().unwrap().to_owned();
        assert_eq!(tool["_meta"]["openai/outputTemplate"], uri);
        assert_eq!(tool["_meta"]["openai/toolInvocation/invoking"], "Setting up");
        let listed = client.list("resources").await.into_iter().find(|resource| resource["uri"] == uri).unwrap();
        assert_eq!((&listed["mimeType"], &listed["title"]), (&json!(MIME_TYPE), &json!("Board")));
        assert_eq!(listed["_meta"]["ui"]["csp"]["connectDomains"], json!(["https://api.example.com"]));
        let read = client.ask("resources/read", json!({ "uri": uri })).await;
        let document = &read["result"]["contents"][0];
        assert_eq!((&document["uri"], &document["text"]), (&json!(uri), &json!(BOARD.document)));
        assert_eq!(document["mimeType"], MIME_TYPE);
        assert_eq!(document["_meta"], listed["_meta"], "hosts read the policy where they read the document");
        let called = client.ask("tools/call", call("show_board", json!({}))).await;
        assert!(called["result"]["_meta"]["run.pmcp/view"].is_string(), "{called}");
    }
}

#[tokio::test]
async fn a_widget_that_one_may_not_use_is_told_nowhere() {
    let is_widget = |uri: &str| uri.starts_with("ui://") && uri.contains("/board/");
    let server = chess().authorize(move |_, target| target.kind != TargetKind::Resource || !is_widget(target.name));
    let (_running, http) = listening(server).await;
    for client in Client::both(&http, with_ui()).await {
        let tool = client.tool("show_board").await.unwrap();
        assert!(!tool.to_string().contains("ui://"), "{tool}");
        assert!(!client.list("resources").await.iter().any(|it| is_widget(it["uri"].as_str().unwrap())));
        let called = client.ask("tools/call", call("show_board", json!({}))).await;
        assert!(called["error"].is_null() && !called.to_string().contains("ui://"), "{called}");
        let read = client.ask("resources/read", json!({ "uri": BOARD.uri() })).await;
        assert_eq!(read["error"]["message"], "unknown resource");
    }
    let page = Http { path: "/", ..http }.send("GET", &[], "").await.text().await;
    assert!(page.contains("How to connect") && !page.contains("The board"), "{page}");
}

#[tokio::test]
async fn a_client_that_does_not_is_told_nothing_and_served_all_the_same() {
    let (_running, http) = listening(chess()).await;
    let other = json!({ "extensions": { "io.modelcontextprotocol/ui": { "mimeTypes": ["text/html"] } } });
    for capabilities in [json!({}), other] {
        for client in Client::both(&http, capabilities).await {
            assert_eq!(client.server().await.pointer("/extensions/io.modelcontextprotocol~1ui"), None);
            assert_eq!(client.tool("show_board").await.unwrap().get("_meta"), None);
            assert_eq!(client.tool("move_piece").await, None);
            assert!(client.list("resources").await.iter().all(|resource| resource["uri"] != BOARD.uri()));
            let called = client.ask("tools/call", call("move_piece", json!({ "to": "e4" }))).await;
            assert_eq!(text(&called), "e4");
            let read = client.ask("resources/read", json!({ "uri": BOARD.uri() })).await;
            assert_eq!(read["result"]["contents"][0]["text"], BOARD.document);
        }
    }
}

#[tokio::test]
async fn hosts_that_forget_to_declare_are_served_if_the_server_says_so() {
    let (_running, http) = listening(chess().widgets(Offer::Always)).await;
    for client in Client::both(&http, json!({})).await {
        assert_eq!(client.server().await["extensions"]["io.modelcontextprotocol/ui"], json!({}));
        assert!(client.tool("move_piece").await.is_some());
        assert!(client.list("resources").await.iter().any(|resource| resource["uri"] == BOARD.uri()));
    }
}

#[tokio::test]
async fn a_host_that_kept_an_older_uri_gets_the_document_of_today_under_it() {
    let (_running, http) = listening(chess()).await;
    for client in Client::both(&http, with_ui()).await {
        for uri in ["ui://chess/board/0123456789abcdef.html", "ui://chess/board/dev.html"] {
            let read = client.ask("resources/read", json!({ "uri": uri })).await;
            let document = &read["result"]["contents"][0];
            assert_eq!((&document["uri"], &document["text"]), (&json!(uri), &json!(BOARD.document)));
        }
    }
}

/// URIs that are nobody's: each looks like that of a document, and leads to a file or elsewhere.
fn nobodys(widget: &str) -> Vec<String> {
    let below = format!("ui://chess/{widget}");
    let names = [
        "",
        "../secret.html",
        "../../secret.html",
        "%2e%2e/secret.html",
        "..%2fsecret.html",
        "%2e%2e%2fsecret.html",
        "..\\secret.html",
        "..%5csecret.html",
        "....//secret.html",
        "./dev.html",
        "/dev.html",
        "//etc/passwd.html",
        "a%2Fb.html",
        "%64ev.html",
        "%2564ev.html",
        "dev.html?x",
        "dev.html#x",
        "dev.html/",
        "dev.HTML",
        "dev",
        "dev.htm",
        "dev .html",
        " dev.html",
        "dev.html ",
        "dev\0.html",
        "\0",
        "dev.html\0",
        "..\0.html",
        "dev%00.html",
        "dev\n.html",
        "d\u{e9}v.html",
        "dev\u{202e}.html",
        "\u{ff0e}\u{ff0e}/secret.html",
        "index.html.html",
        "app.js",
        "mcp.d.ts",
    ];
    let elsewhere = [
        "ui://app/../x",
        "ui://chess",
        "ui://chess/",
        "ui://chess/other/dev.html",
        "ui://other/board/dev.html",
        "ui://chess/board/draft/dev.html",
        "ui:///board/dev.html",
        "ui://chess@other/board/dev.html",
        "ui://chess:80/board/dev.html",
        "UI://chess/board/dev.html",
        "ui:chess/board/dev.html",
        "http://chess/board/dev.html",
        "file:///etc/passwd",
        "file:///secret.html",
        "/etc/passwd",
        "secret.html",
        "",
        "\0",
    ];
    let long = [format!("{below}/{}.html/", "x".repeat(4_000)), format!("{below}/{}secret.html", "../".repeat(1_000))];
    names.iter().map(|name| format!("{below}/{name}")).chain(elsewhere.map(str::to_owned)).chain(long).collect()
}

#[tokio::test]
async fn a_uri_is_a_document_s_or_nobody_s_and_never_a_file_s() {
    for (server, widget) in [(chess as fn() -> Server<App>, "board"), (server_of_notes, "notes")] {
        let (_running, http) = listening(server()).await;
        for client in Client::both(&http, with_ui()).await {
            let unknown = if matches!(client, Client::Modern(..)) { -32602 } else { -32002 };
            for uri in nobodys(widget) {
                let read = client.ask("resources/read", json!({ "uri": uri })).await;
                assert_eq!(code(&read), unknown, "{uri:?}");
                assert!(!read.to_string().contains("secret</p>"), "{uri:?}: {read}");
            }
            // A name that a file has, and names of any length, are versions of the document.
            for name in ["secret", "index", &"x".repeat(4_000)] {
                let uri = format!("ui://chess/{widget}/{name}.html");
                let read = client.ask("resources/read", json!({ "uri": uri })).await;
                let document = &read["result"]["contents"][0];
                assert_eq!(document["uri"], uri);
                assert!(document["text"].as_str().is_some_and(|text| !text.contains("secret</p>")), "{read}");
            }
        }
    }
}

#[tokio::test]
async fn a_uri_of_a_mebibyte_is_answered_in_a_few_words() {
    let uri = format!("ui://chess/board/{}.html/", "x".repeat(1 << 20));
    let mut client = LineClient::begun(chess(), "2025-11-25", with_ui()).await;
    let read = client.ask(1, "resources/read", json!({ "uri": uri })).await;
    assert_eq!(code(&read), -32602, "it is too long to be looked for");
    assert!(read.to_string().len() < 4_096, "{} bytes", read.to_string().len());
    client.vanish().await;
    let mut client = LineClient::new(chess());
    let read = client.ask(1, "resources/read", modern(json!({ "uri": uri }), with_ui())).await;
    assert_eq!(code(&read), -32602);
    assert!(read.to_string().len() < 4_096, "{} bytes", read.to_string().len());
    client.vanish().await;
}

#[tokio::test]
async fn what_depends_on_the_client_is_not_kept_for_others() {
    let scope = async |http: &Http, method: &str| {
        Modern::new(method, json!({})).send(http).await.json().await["result"]["cacheScope"].clone()
    };
    let (_running, with) = listening(chess()).await;
    let (_running, without) = listening(server().0).await;
    for method in ["server/discover", "tools/list", "resources/list"] {
        assert_eq!(scope(&with, method).await, "private", "{method}");
        assert_eq!(scope(&without, method).await, "public", "{method}");
    }
    assert_eq!(scope(&with, "resources/templates/list").await, "public");
}

#[tokio::test]
async fn a_view_follows_a_task_by_tools_and_answers_it() {
    let (_running, http) = listening(chess()).await;
    for client in Client::both(&http, with_ui()).await {
        let mut params = call("analyse", json!({}));
        params["_meta"]["run.pmcp/wait"] = 0.into();
        let handle = client.ask("tools/call", params).await["result"]["_meta"]["run.pmcp/task"].clone();
        let tool = |name: &str| handle["tools"][name].as_str().unwrap_or_else(|| panic!("{handle}")).to_owned();
        let about = |more: Value| {
            let mut arguments = json!({ "task_id": handle["taskId"] });
            arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            arguments
        };
        let listed = client.tool(&tool("status")).await.unwrap();
        assert_eq!(listed["_meta"]["ui"]["visibility"], json!(["app"]));
        let asked = client.ask("tools/call", call(&tool("status"), about(json!({ "wait_seconds": 5 })))).await;
        let asked = asked["result"]["_meta"]["run.pmcp/task"].clone();
        let question = &asked["questions"][0];
        assert_eq!((&asked["status"], &question["message"]), (&json!("input_required"), &json!("How deep?")));
        let field = question["schema"]["properties"].as_object().unwrap().keys().next().unwrap().clone();
        let answer = about(json!({ "question": question["question"], "answer": { field: 7 } }));
        client.ask("tools/call", call(&tool("answer"), answer)).await;
        let told = client.ask("tools/call", call(&tool("status"), about(json!({ "wait_seconds": 5 })))).await;
        assert_eq!(told["result"]["_meta"]["run.pmcp/task"]["status"], "completed");
        let result = client.ask("tools/call", call(&tool("result"), about(json!({})))).await;
        assert_eq!(text(&result), "7 plies");
    }
}

#[tokio::test]
async fn widgets_and_tools_that_do_not_fit_together_are_told_by_name() {
    let error = |server: Server<App>| server.into_router().err().unwrap();
    let without_tool = server().0.tool::<show_board>().tool::<analyse>().widget::<Board>();
    let told = error(without_tool);
    assert!(matches!(told, Error::Widget(WidgetError::UnknownTool { widget: "board", tool: "move_piece" })), "{told}");
    assert!(told.to_string().contains("`board`") && told.to_string().contains("`move_piece`"), "{told}");
    let without_widget = server().0.tool::<show_board>();
    let told = error(without_widget);
    assert!(matches!(&told, Error::Widget(WidgetError::UnknownWidget { tool, .. }) if tool == "show_board"), "{told}");
    let told = error(chess().widget::<Board>());
    assert!(matches!(told, Error::Widget(WidgetError::Duplicate { name: "board", .. })), "{told}");
}

#[tokio::test]
async fn people_who_open_the_address_are_told_how_to_connect() {
    let (running, http) = listening(chess()).await;
    let page = Http { path: "/", ..http.clone() };
    let reply = page.send("GET", &[], "").await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(reply.header("content-security-policy").contains("default-src 'none'"));
    let shown = reply.text().await;
    assert!(shown.contains(&running.url()) && shown.contains("The board, with its legal moves."), "{shown}");
    // A page elsewhere, or a name that was bound to this address, gets nothing.
    assert_eq!(page.send("GET", &[("host", "evil.example")], "").await.status, 403);
    assert_eq!(page.send("GET", &[("origin", "https://evil.example")], "").await.status, 403);
    // What there is to show is for those who are let in.
    let (_running, guarded) = listening(chess().authenticator(BearerTokens::new().with("ann", "s3cret"))).await;
    let shown = Http { path: "/", ..guarded }.send("GET", &[], "").await.text().await;
    assert!(shown.contains("How to connect") && !shown.contains("The board"), "{shown}");
    let (_running, without) = listening(server().0).await;
    assert_eq!(Http { path: "/", ..without }.send("GET", &[], "").await.status, 404);
}

/// A widget in development: its directory is made for the test.
struct Draft;

static DRAFT: LazyLock<WidgetDefinition> = LazyLock::new(|| in_development("draft", &["sketch"]));

fn in_development(name: &'static str, tools: &'static [&'static str]) -> WidgetDefinition {
    let folder = tempfile::tempdir().unwrap().keep();
    fs::create_dir(folder.join(name)).unwrap();
    fs::write(folder.join(name).join("index.html"), PAGE).unwrap();
    let crate_dir = folder.to_str().unwrap().to_owned().leak();
    WidgetDefinition { name, tools, source: Some(WidgetSource { crate_dir, dir: name }), ..BOARD.clone() }
}

const PAGE: &str =
    "<!doctype html>\n<html lang=\"en\">\n<head><title>Draft</title></head>\n<body><p>first</p></body>\n</html>\n";

impl ToolWidget for Draft {
    fn fill(meta: &mut Map<String, Value>) {
        DRAFT.fill_tool(meta);
    }
}

impl Widget for Draft {
    fn definition() -> &'static WidgetDefinition {
        &DRAFT
    }
}

#[task_tool(support = "forbidden", widget = Draft)]
async fn sketch(strokes: u32) -> u32 {
    strokes
}

/// Another one, with files beside it that are nobody's to read.
struct Notes;

static NOTES: LazyLock<WidgetDefinition> = LazyLock::new(|| {
    let notes = in_development("notes", &["jot"]);
    let folder = Path::new(notes.source.unwrap().crate_dir);
    for name in ["secret.html", "notes/secret.html", "notes/secret"] {
        fs::write(folder.join(name), "<p>a secret</p>").unwrap();
    }
    notes
});

impl ToolWidget for Notes {
    fn fill(meta: &mut Map<String, Value>) {
        NOTES.fill_tool(meta);
    }
}

impl Widget for Notes {
    fn definition() -> &'static WidgetDefinition {
        &NOTES
    }
}

#[task_tool(support = "forbidden", widget = Notes)]
async fn jot() -> String {
    String::new()
}

fn server_of_notes() -> Server<App> {
    server().0.tool::<jot>().widget::<Notes>()
}

#[tokio::test]
async fn in_development_a_page_is_what_its_files_are() {
    let server = server_of_sketch();
    let source = DRAFT.source.unwrap();
    let folder = Path::new(source.crate_dir).join(source.dir);
    let (_running, http) = listening(server).await;
    let [_, client] = Client::both(&http, with_ui()).await;
    let uri = client.tool("sketch").await.unwrap()["_meta"]["ui"]["resourceUri"].clone();
    assert_eq!(uri, "ui://chess/draft/dev.html");
    let read = async || {
        let read = client.ask("resources/read", json!({ "uri": uri })).await;
        read["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{read}")).to_owned()
    };
    let first = read().await;
    assert!(first.contains("<p>first</p>") && first.contains("<script>("), "the bridge is in it");
    fs::write(folder.join("index.html"), PAGE.replace("first", "second")).unwrap();
    assert!(read().await.contains("<p>second</p>"));
    fs::write(folder.join("index.html"), PAGE.replace("<p>first", "<p><b>first")).unwrap();
    let mistake = read().await;
    assert!(mistake.contains("draft/index.html:4:") && mistake.contains("is never closed"), "{mistake}");
    assert!(!mistake.contains(source.crate_dir), "{mistake}");
}

fn server_of_sketch() -> Server<App> {
    server().0.tool::<sketch>().widget::<Draft>()
}
