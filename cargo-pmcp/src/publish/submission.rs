//! `SUBMISSION.md`: what is left to do by hand before others list the server, with what is known already.

use std::fmt::Write as _;

use super::{App, File, Wanted, challenge, plugin, served::Tool};
use crate::text;

/// The file.
pub(super) fn file(app: &App, wanted: &Wanted) -> File {
    let mut list = List(format!("# Publishing {} {}\n\n{INTRODUCTION}", text::prose(&app.title()), app.version()));
    list.reach(app, wanted);
    list.listing(app);
    list.tools(app);
    list.places(app, wanted);
    File::new("SUBMISSION.md", list.0)
}

const INTRODUCTION: &str = "\
`cargo pmcp app build` wrote this folder, and replaces it as a whole: keep nothing of your own in it. A box with a cross is done; the others
are yours.
";

/// A list of what is to be done, as it is written.
struct List(String);

impl List {
    fn title(&mut self, title: &str) {
        // Writing to a text does not fail.
        let _ = write!(self.0, "\n## {title}\n\n");
    }

    fn item(&mut self, is_done: bool, text: &str) {
        let _ = writeln!(self.0, "- [{}] {text}", if is_done { 'x' } else { ' ' });
    }

    /// Something that is known, or is to be written into the manifest.
    fn field(&mut self, what: &str, value: Option<&str>, how: &str) {
        match value {
            Some(value) => self.item(true, &format!("{what}: {}", text::line(value))),
            None => self.item(false, &format!("{what}: {how}")),
        }
    }

    fn reach(&mut self, app: &App, wanted: &Wanted) {
        self.title("Reach");
        let url = app.public().map(|url| format!("<{}>", url.as_str()));
        self.field("A public address with HTTPS", url.as_deref(), "build again with `--public-url URL`");
        self.item(
            false,
            "The server runs there, and `cargo pmcp inspect tools --url URL` lists its tools from another network",
        );
        let origin = app.public().map_or_else(|| "https://HOST".to_owned(), super::PublicUrl::origin);
        let challenge = format!("`{origin}/{}` answers with the token, as plain text", challenge::PATH);
        self.item(
            false,
            &match wanted.challenge {
                Some(_) => format!("{challenge}: serve `{}` of this folder", challenge::PATH),
                None => format!("{challenge} (ChatGPT): build again with `--challenge TOKEN`"),
            },
        );
    }

    fn listing(&mut self, app: &App) {
        self.title("Listing");
        let listing = app.listing();
        let table = |field: &str| {
            if app.is_of_package() {
                format!("write `{field}` under `[package.metadata.pmcp]`")
            } else {
                format!(
                    "write it where you submit; a build of the server's package reads `{field}` of `[package.metadata.pmcp]`"
                )
            }
        };
        let title = app.title();
        self.field("Title, at most 30 characters", super::listing::if_short(&title), &table("title"));
        self.field("Short text, at most 30 characters", app.short(), &table("short-description"));
        self.field("Line of the registry, at most 100 characters", Some(app.summary()), "");
        self.field("Category", listing.category.as_deref(), &table("category"));
        self.field("Icon", app.icon().map(|icon| format!("{0} × {0} pixels", icon.side)).as_deref(), &table("icon"));
        self.field("Privacy policy", listing.privacy_policy.as_deref(), &table("privacy-policy"));
        self.field("Terms of service", listing.terms_of_service.as_deref(), &table("terms-of-service"));
        self.field("Support", listing.support.as_deref(), &table("support"));
        self.item(!listing.prompts.is_empty(), "Up to three prompts to begin with (`prompts`)");
        self.item(false, "Screenshots: `cargo pmcp preview`, then one of each view, light and dark");
    }

    fn tools(&mut self, app: &App) {
        self.title("Tools");
        self.0.push_str("Reviewers compare what a tool says of itself with what it does.\n\n| tool | reads only | destroys | reaches out |\n|---|---|---|---|\n");
        let said = |is: Option<bool>| match is {
            Some(true) => "yes",
            Some(false) => "no",
            None => "**not said**",
        };
        // The rule `annotations` of a check: what is for views alone no model calls.
        let is_said = |tool: &Tool| {
            !tool.is_for_model || ["readOnlyHint", "destructiveHint"].iter().any(|hint| tool.annotation(hint).is_some())
        };
        for tool in &app.served.tools {
            let name = text::code(&tool.name).replace('|', "\\|");
            // What only reads destroys nothing.
            let destroys = if tool.is_read_only() { Some(false) } else { tool.annotation("destructiveHint") };
            let [reads, destroys, open] =
                [tool.annotation("readOnlyHint"), destroys, tool.annotation("openWorldHint")].map(said);
            let _ = writeln!(self.0, "| {name} | {reads} | {destroys} | {open} |");
        }
        self.0.push('\n');
        let tools = &app.served.tools;
        self.item(
            tools.iter().all(is_said),
            "Each tool that models call says whether it changes anything: `read_only`, or `destructive = …`",
        );
        let is_open_said = |tool: &Tool| !tool.is_for_model || tool.annotation("openWorldHint").is_some();
        self.item(
            tools.iter().all(is_open_said),
            "Each of them says whether it reaches out of the server, which ChatGPT asks for: `open_world = …`",
        );
        self.item(false, "Five test cases or more, each with a prompt and what is to come of it:");
        for tool in app.served.tools.iter().filter(|tool| tool.is_for_model).take(5) {
            let _ = writeln!(self.0, "  - a prompt for which {} is called", text::code(&tool.name));
        }
        self.item(false, "Three prompts for which nothing of the server is to be called");
        self.item(false, "An account for reviewers, if the server asks who calls");
        self.item(false, "`cargo pmcp app check` has no error");
    }

    fn places(&mut self, app: &App, wanted: &Wanted) {
        self.title("Places");
        let folder = plugin::FOLDER;
        self.item(
            false,
            &format!("ChatGPT and Codex: submit the folder `{folder}`, whose manifest is `.codex-plugin/plugin.json`"),
        );
        self.item(
            false,
            &format!(
                "Claude Code: add the folder `{folder}` to a marketplace; its manifest is `.claude-plugin/plugin.json`"
            ),
        );
        self.item(
            false,
            &format!("Copilot, VS Code, Cursor and others: the folder `{folder}` is one of Agent Plugins 1.0.0"),
        );
        let has_release = wanted.bundle.is_some() && app.repository().is_some();
        let (registry, has_place) = (app.registry(), app.public().is_some() || has_release);
        self.item(
            false,
            &match registry {
                Some(name) if has_place => {
                    format!("The registry: `mcp-publisher publish` here, as whoever owns the name `{name}`")
                }
                _ if !app.is_of_package() => "The registry: build again with `--public-url URL`".to_owned(),
                _ => "The registry: build again with `--public-url URL`, or with `--mcpb` and a `repository` on GitHub or GitLab in `Cargo.toml`".to_owned(),
            },
        );
        if let Some(bundle) = &wanted.bundle {
            let (name, hash) = (&bundle.name, &bundle.sha256);
            let release = app.repository().map(|at| at.release(app.version(), name));
            let to = release.map_or_else(
                || "with the releases of a repository on GitHub or GitLab; name that as `repository` in `Cargo.toml`, and build again".to_owned(),
                |at| format!("as <{at}>"),
            );
            self.item(
                false,
                &format!("The bundle: put `{name}` {to}. It is for {}; its SHA-256 is `{hash}`", bundle.platform),
            );
        }
        self.item(false, "The page: publish `index.html`, `host.js` and `host.css` as they are, at any static host");
        if let Some(trace) = &wanted.trace {
            let what = if trace.is_recorded { "The trace" } else { "The result of a first call" };
            self.item(false, &format!("{what} is on the page for everybody: look through it for what is not theirs"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::publish::{
        app::tests::{app, with_repository},
        bundle::tests::made,
    };

    fn text(app: &App, wanted: &Wanted) -> String {
        String::from_utf8(file(app, wanted).bytes).unwrap()
    }

    #[test]
    fn what_is_known_is_done_and_the_rest_says_how() {
        let app = app(&json!({ "category": "Games" }), Some("https://example.com/mcp"));
        let list = text(&app, &Wanted::default());
        for line in [
            "- [x] A public address with HTTPS: <https://example.com/mcp>\n",
            "- [x] Category: Games\n",
            "- [x] Short text, at most 30 characters: Plays chess.\n",
            "- [ ] Privacy policy: write `privacy-policy` under `[package.metadata.pmcp]`\n",
            "| `show_board` | yes | no | **not said** |\n",
            "| `move_piece` | **not said** | **not said** | **not said** |\n",
            "| `resign` | no | yes | **not said** |\n",
            "- [x] Each tool that models call says whether it changes anything: `read_only`, or `destructive = …`\n",
            "- [ ] Each of them says whether it reaches out of the server",
            "  - a prompt for which `resign` is called\n",
            "as whoever owns the name `com.example/chess`\n",
        ] {
            assert!(list.contains(line), "{line}{list}");
        }
        assert!(!list.contains("The bundle"));
    }

    #[test]
    fn names_of_a_server_are_neither_links_nor_elements() {
        let mut app = app(&json!({}), None);
        app.served.title = Some("<img src=x> [a](https://evil.example)".into());
        app.served.tools[0].name = "a`](https://evil.example) <img src=x> |`` b".into();
        let list = text(&app, &Wanted::default());
        assert!(list.contains("# Publishing \\<img src=x> \\[a](https://evil.example) 1.2.3\n"), "{list}");
        assert!(list.contains("| ```a`](https://evil.example) <img src=x> \\|`` b``` | yes |"), "{list}");
        assert!(list.contains("for which ```a`](https://evil.example) <img src=x> |`` b``` is called"), "{list}");
    }

    #[test]
    fn what_a_call_came_to_is_looked_through_too() {
        let app = app(&json!({}), None);
        let trace = super::super::Trace::of_call(&app.served.tools[0], &json!({ "content": [] }));
        let list = text(&app, &Wanted { trace: Some(trace), ..Wanted::default() });
        assert!(list.contains("- [ ] The result of a first call is on the page for everybody"), "{list}");
    }

    #[test]
    fn a_bundle_is_told_where_it_goes() {
        let app = with_repository("https://github.com/ann/chess");
        let bundle = made(&app);
        let hash = bundle.sha256.clone();
        let list = text(&app, &Wanted { bundle: Some(bundle), ..Wanted::default() });
        assert!(
            list.contains("put `chess.mcpb` as <https://github.com/ann/chess/releases/download/v1.2.3/chess.mcpb>"),
            "{list}"
        );
        assert!(list.contains(&hash));
        let nowhere = with_repository("https://example.com/chess");
        let list = text(&nowhere, &Wanted { bundle: Some(made(&nowhere)), ..Wanted::default() });
        assert!(list.contains("name that as `repository` in `Cargo.toml`"), "{list}");
    }
}
