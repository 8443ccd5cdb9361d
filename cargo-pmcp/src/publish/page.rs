//! The text of the landing page.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{App, bundle::Bundle, demo::Demo};
use crate::text;

/// The page, with `{{NAME}}` where something is put.
const TEMPLATE: &str = include_str!("../../assets/landing/index.html");

pub(super) fn html(app: &App, demo: Option<&Demo>, bundle: Option<&Bundle>) -> String {
    let policy = demo.map_or_else(|| pmcp_preview::policy(&Value::Null), |demo| demo.policy.clone());
    let icon = app.icon().map_or("", |_| "<img class=\"icon\" src=\"icon.png\" alt=\"\" width=\"56\" height=\"56\">\n");
    filled(TEMPLATE, |name| match name {
        "title" => escaped(&app.title()),
        "version" => escaped(app.version()),
        "summary" => escaped(app.summary()),
        "policy" => escaped(&policy),
        "icon" => icon.to_owned(),
        "stage" => demo.map(stage).unwrap_or_default(),
        "connect" => connect(app, bundle),
        "tools" => tools(app),
        "links" => links(app),
        _ => String::new(),
    })
}

/// The template with each name replaced; what is put in is not looked at again.
fn filled(template: &str, put: impl Fn(&str) -> String) -> String {
    let mut parts = template.split("{{");
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or((part, ""));
        page.push_str(&put(name));
        page.push_str(rest);
    }
    page
}

fn stage(demo: &Demo) -> String {
    let title = escaped(&demo.title);
    let note = if demo.is_recorded {
        "A recording. What it holds can be tried here; the server itself answers once it is connected."
    } else {
        "A first sight. The server itself answers once it is connected."
    };
    format!(
        "<section class=\"stage\" aria-labelledby=\"stage-title\">\n\
         <header><h2 id=\"stage-title\">{title}</h2><button type=\"button\" id=\"again\">Play again</button></header>\n\
         <div id=\"view\"></div>\n<p id=\"note\" role=\"status\" data-note=\"{note}\">{note}</p>\n\
         <noscript><p>The view needs scripts.</p></noscript>\n</section>\n\
         <script type=\"application/json\" id=\"demo\">{}</script>\n<script src=\"host.js\" defer></script>\n",
        demo.script()
    )
}

fn connect(app: &App, bundle: Option<&Bundle>) -> String {
    let mut html = String::new();
    // Writing to a text does not fail.
    if let Some(url) = app.public() {
        let _ =
            write!(html, "<p class=\"address\"><code>{}</code></p>\n<div class=\"hosts\">\n", escaped(url.as_str()));
        for (host, how, code) in hosts(app.name(), url.as_str()) {
            let code = code.map(|code| format!("<pre tabindex=\"0\"><code>{}</code></pre>", escaped(&code)));
            let code = code.unwrap_or_default();
            let _ = writeln!(html, "<details name=\"host\"><summary>{host}</summary><p>{how}</p>{code}</details>");
        }
        html.push_str("</div>\n");
    }
    if let Some(bundle) = bundle {
        let system = match bundle.platform {
            "darwin" => "macOS",
            "win32" => "Windows",
            _ => "Linux",
        };
        let _ = write!(
            html,
            "<p class=\"bundle\"><a href=\"{0}\" download>{0}</a> installs it on {system}, without a network.</p>\n\
             <p class=\"hash\">SHA-256 <code>{1}</code></p>\n",
            escaped(&bundle.name),
            bundle.sha256
        );
    }
    if html.is_empty() {
        return html;
    }
    format!("<section aria-labelledby=\"connect-title\">\n<h2 id=\"connect-title\">Connect</h2>\n{html}</section>\n")
}

/// The hosts, what is to be done in each, and a text to copy.
fn hosts(name: &str, url: &str) -> [(&'static str, &'static str, Option<String>); 5] {
    let vs_code = json!({ "servers": { name: { "type": "http", "url": url } } });
    let cursor = json!({ "mcpServers": { name: { "url": url } } });
    [
        (
            "Claude",
            "Open <em>Settings</em>, <em>Connectors</em>, <em>Add custom connector</em>, and enter the address.",
            None,
        ),
        (
            "ChatGPT",
            "Turn on <em>Developer mode</em> under <em>Settings</em>, <em>Apps</em>, create an app there, and enter the address.",
            None,
        ),
        ("Claude Code", "Run in a terminal:", Some(format!("claude mcp add --transport http {name} '{url}'"))),
        ("VS Code", "Put this into <code>.vscode/mcp.json</code>:", Some(format!("{vs_code:#}"))),
        ("Cursor", "Put this into <code>.cursor/mcp.json</code>:", Some(format!("{cursor:#}"))),
    ]
}

fn tools(app: &App) -> String {
    let mut html = String::new();
    for tool in app.served.tools.iter().filter(|tool| tool.is_for_model) {
        let description = text::first_line(tool.description.as_deref().unwrap_or_default());
        let name = escaped(&tool.shown());
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{}</dd></div>", escaped(&description));
    }
    if html.is_empty() {
        return html;
    }
    format!(
        "<section aria-labelledby=\"tools-title\">\n<h2 id=\"tools-title\">What it does</h2>\n<dl>\n{html}</dl>\n</section>\n"
    )
}

fn links(app: &App) -> String {
    let (about, listing) = (app.about(), app.listing());
    let pages = [
        ("Home", &about.homepage),
        ("Source", &about.repository),
        ("Support", &listing.support),
        ("Privacy", &listing.privacy_policy),
        ("Terms", &listing.terms_of_service),
    ];
    let links = pages
        .into_iter()
        .filter_map(|(name, page)| Some(format!("<a href=\"{}\">{name}</a>\n", escaped(page.as_ref()?))));
    links.collect()
}

/// A text as it stands in HTML, in elements and in attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{app::tests::app, bundle::tests::made};

    const URL: &str = "https://example.com/mcp?a=1&b=2";

    #[test]
    fn every_place_of_the_page_is_filled_once() {
        let app = app(&json!({ "privacy-policy": "https://example.com/privacy" }), Some(URL));
        let page = html(&app, None, Some(&made(&app)));
        assert!(!page.contains("{{") && !page.contains("}}"), "{page}");
        assert!(page.contains("<h1>Chess board"), "{page}");
        assert!(page.contains("<code>https://example.com/mcp?a=1&amp;b=2</code>"), "{page}");
        assert!(page.contains("<a href=\"https://example.com/privacy\">Privacy</a>"), "{page}");
        assert!(page.contains("<dt>Show the board</dt><dd>Shows the board.</dd>"), "{page}");
        assert!(!page.contains("move_piece"), "a tool for views alone is no news");
        assert!(page.contains("<a href=\"chess.mcpb\" download>"), "{page}");
    }

    #[test]
    fn words_of_a_server_are_text() {
        let mut app = app(&json!({}), Some("https://example.com/mcp?a=$(x)"));
        app.served.tools[0].title = Some("<img src=x onerror=alert(1)>{{stage}}".into());
        app.served.title = Some("</title><script>".into());
        let page = html(&app, None, None);
        assert!(!page.contains("<img src=x") && !page.contains("<script"), "{page}");
        assert!(page.contains("onerror=alert(1)&gt;{{stage}}"), "what is put in is not looked at again");
        assert!(page.contains("chess 'https://example.com/mcp?a=$(x)'"), "{page}");
    }

    #[test]
    fn a_server_that_is_nowhere_is_not_connected_to() {
        let page = html(&app(&json!({}), None), None, None);
        assert!(!page.contains(">Connect<"), "{page}");
    }
}
