//! The page for people who open a server's address in a browser: what it is, and how to connect each host.

use std::fmt::Write as _;

use pmcp_apps_bundle::escape_html;
use serde_json::json;

use crate::WidgetDefinition;

/// Everything the page tells.
#[derive(Clone, Copy, Debug)]
pub struct Landing<'a> {
    /// The server's name, for programs.
    pub name: &'a str,
    /// Its name for people.
    pub title: Option<&'a str>,
    /// Its version.
    pub version: &'a str,
    /// The address of its endpoint.
    pub url: &'a str,
    /// Its widgets.
    pub widgets: &'a [&'static WidgetDefinition],
}

impl Landing<'_> {
    /// Renders the page. It loads nothing, and has no script.
    #[must_use]
    pub fn render(&self) -> String {
        let title = escape_html(self.title.unwrap_or(self.name));
        let (version, url) = (escape_html(self.version), escape_html(self.url));
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
             <body>\n<main>\n<h1>{title} <small>{version}</small></h1>\n\
             <p>This is a server of the Model Context Protocol. Assistants connect to it at <code>{url}</code>.</p>\n"
        );
        // Writing to a `String` does not fail.
        if !self.widgets.is_empty() {
            page.push_str("<h2>What it shows</h2>\n<dl>\n");
            for widget in self.widgets {
                let (name, description) =
                    (escape_html(widget.shown_name()), escape_html(widget.description.unwrap_or_default()));
                let _ = writeln!(page, "<dt>{name}</dt><dd>{description}</dd>");
            }
            page.push_str("</dl>\n");
        }
        page.push_str("<h2>How to connect</h2>\n");
        for (host, how, code) in self.hosts() {
            let _ = writeln!(page, "<h3>{host}</h3>\n<p>{how}</p>");
            if let Some(code) = code {
                let _ = writeln!(page, "<pre tabindex=\"0\"><code>{}</code></pre>", escape_html(&code));
            }
        }
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    /// The hosts, what is to be done in each, and a text to copy.
    fn hosts(&self) -> [(&'static str, &'static str, Option<String>); 6] {
        let (name, url) = (program_name(self.name), self.url);
        let vs_code = json!({ "servers": { &name: { "type": "http", "url": url } } });
        let cursor = json!({ "mcpServers": { &name: { "url": url } } });
        let pretty = |value: &serde_json::Value| format!("{value:#}");
        [
            ("Claude Code", "Run in a terminal:", Some(format!("claude mcp add --transport http {name} {url}"))),
            (
                "Claude",
                "Open <em>Settings</em>, <em>Connectors</em>, <em>Add custom connector</em>, and enter the address. The server has to be \
                 reachable from the internet.",
                None,
            ),
            (
                "ChatGPT",
                "Turn on <em>Developer mode</em> under <em>Settings</em>, <em>Apps</em>, create an app there, and enter the address. The server \
                 has to be reachable from the internet.",
                None,
            ),
            ("VS Code", "Put this into <code>.vscode/mcp.json</code>:", Some(pretty(&vs_code))),
            ("Cursor", "Put this into <code>.cursor/mcp.json</code>:", Some(pretty(&cursor))),
            ("A browser, while you work on it", "Run in a terminal:", Some(format!("cargo pmcp preview --url {url}"))),
        ]
    }
}

/// The name as a word of a command line.
fn program_name(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "server".to_owned() } else { name.to_owned() }
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;font:1rem/1.5 system-ui,sans-serif;color:light-dark(#1b1b1b,#f2f2f2);background:light-dark(#fff,#1b1b1b)}\
main{max-width:44rem;margin:0 auto;padding:1.5rem}h1 small{font-weight:400;opacity:.75}\
pre{padding:.75rem;overflow-x:auto;background:light-dark(#f0f0f0,#2a2a2a)}code{overflow-wrap:anywhere}dt{font-weight:600}dd{margin:0 0 .75rem}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::board;

    fn page(name: &str) -> String {
        let widget: &'static WidgetDefinition =
            Box::leak(Box::new(WidgetDefinition { title: Some("The <board>"), ..board() }));
        let url = "http://127.0.0.1:8080/mcp";
        Landing { name, title: None, version: "1.2.3", url, widgets: &[widget] }.render()
    }

    #[test]
    fn a_page_tells_the_address_and_what_is_shown_as_text() {
        let page = page("chess");
        assert!(page.contains("<code>http://127.0.0.1:8080/mcp</code>"), "{page}");
        assert!(page.contains("<dt>The &lt;board&gt;</dt>"), "{page}");
        assert!(page.contains("claude mcp add --transport http chess http://127.0.0.1:8080/mcp"), "{page}");
        assert!(page.contains("cargo pmcp preview --url http://127.0.0.1:8080/mcp"), "{page}");
        assert!(!page.contains("<script"));
    }

    #[test]
    fn a_name_cannot_add_to_a_command() {
        let page = page("x; rm -rf \"$HOME\"</code>");
        assert!(page.contains("--transport http x--rm--rf---HOME---code http://"), "{page}");
    }
}
