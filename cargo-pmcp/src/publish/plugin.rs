//! A plugin of Agent Plugins 1.0.0, which Codex, Copilot, VS Code and Cursor read: `plugin.json` and `mcp.json`.

use serde_json::{Value, json};

use super::{App, File, without_nulls};
use crate::text;

const SCHEMAS: &str = "https://agent-plugins.org/schemas/1.0.0";

/// The folder of the plugin.
pub(super) const FOLDER: &str = "plugin";

/// The picture in the plugin, if the server has one.
pub(super) const ICON: &str = "assets/icon.png";

/// What every manifest of a plugin says.
pub(super) fn common(app: &App) -> Value {
    let (author, mail) = app.author();
    let about = app.about();
    json!({
        "name": app.name(),
        "version": app.version(),
        "description": app.summary(),
        "author": { "name": author, "email": mail },
        "homepage": about.homepage,
        "repository": about.repository,
        "license": about.license,
        "keywords": Some(&about.keywords).filter(|words| !words.is_empty()),
    })
}

/// The files. A server that has no address is a plugin of its skill alone.
pub(super) fn files(app: &App) -> Vec<File> {
    let mut manifest = common(app);
    manifest["$schema"] = format!("{SCHEMAS}/plugin.schema.json").into();
    let mut files = vec![File::json(format!("{FOLDER}/plugin.json"), &without_nulls(manifest))];
    if let Some(url) = app.public() {
        let servers = json!({ app.name(): { "type": "streamable-http", "url": url.as_str() } });
        let mcp = json!({ "$schema": format!("{SCHEMAS}/mcp.schema.json"), "mcpServers": servers });
        files.push(File::json(format!("{FOLDER}/mcp.json"), &mcp));
    }
    files.push(File::new(format!("{FOLDER}/README.md"), readme(app)));
    files.extend(app.icon().map(|icon| File::new(format!("{FOLDER}/{ICON}"), icon.bytes.clone())));
    files
}

/// Tells people what the plugin is.
fn readme(app: &App) -> String {
    let (title, summary, name) = (text::prose(&app.title()), text::prose(app.summary()), app.name());
    let server = app.public().map(|url| format!(", the MCP server at <{}>", url.as_str()));
    let server = server.unwrap_or_default();
    format!("# {title}\n\n{summary}\n\nThis plugin brings the skill `{name}`{server}.\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::publish::{app::tests::app, registry::tests::read};

    #[test]
    fn a_plugin_has_the_fields_of_the_specification_and_no_other() {
        let files = files(&app(&json!({}), Some("https://example.com/mcp")));
        let manifest = read(&files[0]);
        let names: BTreeSet<_> = manifest.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            names,
            BTreeSet::from(["$schema", "name", "version", "description", "author", "license", "keywords"])
        );
        assert_eq!(manifest["author"], json!({ "name": "Ann", "email": "ann@example.com" }));
        let mcp = read(&files[1]);
        assert_eq!(
            mcp["mcpServers"],
            json!({ "chess": { "type": "streamable-http", "url": "https://example.com/mcp" } })
        );
    }

    #[test]
    fn a_server_without_an_address_is_its_skill_alone() {
        let files = files(&app(&json!({}), None));
        assert_eq!(
            files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["plugin/plugin.json", "plugin/README.md"]
        );
    }
}
