//! The plugin's manifests in the forms of Codex and of Claude Code, which both read `.mcp.json` beside them.

use serde_json::json;

use super::{
    App, File,
    plugin::{FOLDER, ICON, common},
    without_nulls,
};

/// The files.
pub(super) fn files(app: &App) -> Vec<File> {
    let (author, _) = app.author();
    let (about, listing) = (app.about(), app.listing());
    let common = common(app);
    let icon = app.icon().map(|_| format!("./{ICON}"));
    let title = app.title();
    let mut codex = common.clone();
    codex["skills"] = json!("./skills/");
    codex["mcpServers"] = json!(app.public().map(|_| "./.mcp.json"));
    codex["interface"] = json!({
        "displayName": super::listing::if_short(&title),
        "shortDescription": app.short(),
        "longDescription": app.long().chars().take(super::listing::LONG).collect::<String>(),
        "developerName": author,
        "category": listing.category,
        "capabilities": capabilities(app),
        "websiteURL": about.homepage,
        "privacyPolicyURL": listing.privacy_policy,
        "termsOfServiceURL": listing.terms_of_service,
        "defaultPrompt": Some(&listing.prompts).filter(|prompts| !prompts.is_empty()),
        "composerIcon": icon,
        "logo": icon,
    });
    let mut files = vec![
        File::json(format!("{FOLDER}/.codex-plugin/plugin.json"), &without_nulls(codex)),
        File::json(format!("{FOLDER}/.claude-plugin/plugin.json"), &without_nulls(common)),
    ];
    if let Some(url) = app.public() {
        let mcp = json!({ "mcpServers": { app.name(): { "type": "http", "url": url.as_str() } } });
        files.push(File::json(format!("{FOLDER}/.mcp.json"), &mcp));
    }
    files
}

/// What the server does, as Codex groups it.
fn capabilities(app: &App) -> Vec<&'static str> {
    let writes = app.served.tools.iter().any(|tool| !tool.is_read_only());
    let said = [("Interactive", !app.served.views.is_empty()), ("Read", true), ("Write", writes)];
    said.into_iter().filter_map(|(name, is_so)| is_so.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{
        app::tests::{app, with_icon},
        registry::tests::read,
    };

    #[test]
    fn each_path_begins_in_the_plugin_and_is_there() {
        let app = with_icon("https://example.com/mcp");
        let all: Vec<_> =
            crate::publish::files(&app, &crate::publish::Wanted::default()).into_iter().map(|file| file.path).collect();
        let codex = read(&files(&app)[0]);
        for field in
            [&codex["skills"], &codex["mcpServers"], &codex["interface"]["logo"], &codex["interface"]["composerIcon"]]
        {
            let path = field.as_str().unwrap().strip_prefix("./").unwrap();
            assert!(all.iter().any(|file| file.starts_with(&format!("{FOLDER}/{path}"))), "{path}: {all:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let written = files(&app(&json!({ "prompts": ["Show me a board"] }), None));
        let codex = read(&written[0]);
        assert_eq!(codex["interface"]["defaultPrompt"], json!(["Show me a board"]));
        assert_eq!(codex["interface"]["capabilities"], json!(["Interactive", "Read", "Write"]));
        assert!(codex.get("mcpServers").is_none() && codex["interface"].get("logo").is_none());
        assert_eq!(written.len(), 2, "no address, so no `.mcp.json`");
        let claude = read(&written[1]);
        assert_eq!((&claude["name"], claude.get("interface")), (&json!("chess"), None));
    }

    #[test]
    fn a_title_that_is_too_long_is_none() {
        let mut app = app(&json!({}), None);
        app.served.title = Some("t".repeat(31));
        assert!(read(&files(&app)[0])["interface"].get("displayName").is_none());
    }
}
