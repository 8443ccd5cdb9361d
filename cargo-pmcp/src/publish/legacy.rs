//! `legacy/ai-plugin.json`: the manifest of the plugins of 2023, for who still asks for it.

use serde_json::json;

use super::{App, File, without_nulls};

/// The most characters of its texts.
const NAME: usize = 20;
const MODEL_NAME: usize = 50;
const HUMAN: usize = 100;
const MODEL: usize = 8000;

const README: &str = "\
# A manifest of 2023

`ai-plugin.json` is the manifest of the plugins that ChatGPT had before it spoke MCP. Nothing that we know of reads it in 2026: hosts take
`../plugin` and `../server.json`. Its field `api` named a description in OpenAPI; an MCP server has none, so it names the endpoint, and
says `mcp`.
";

/// The files, if the server has an address.
pub(super) fn files(app: &App) -> Vec<File> {
    let Some(url) = app.public() else { return Vec::new() };
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let (_, mail) = app.author();
    let logo = app.icon().map(|_| format!("{}/icon.png", url.origin()));
    let manifest = without_nulls(json!({
        "schema_version": "v1",
        "name_for_human": cut(&app.title(), NAME),
        "name_for_model": cut(&app.name().replace('-', "_"), MODEL_NAME),
        "description_for_human": cut(app.summary(), HUMAN),
        "description_for_model": cut(app.served.instructions.as_deref().unwrap_or(app.long()), MODEL),
        "auth": { "type": "none" },
        "api": { "type": "mcp", "url": url.as_str() },
        "logo_url": logo,
        "contact_email": mail,
        "legal_info_url": app.listing().terms_of_service,
    }));
    vec![File::json("legacy/ai-plugin.json", &manifest), File::new("legacy/README.md", README)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{app::tests::app, registry::tests::read};

    #[test]
    fn the_old_manifest_is_marked_as_old() {
        let files = files(&app(&json!({}), Some("https://example.com/mcp")));
        let manifest = read(&files[0]);
        assert_eq!((&manifest["schema_version"], &manifest["name_for_model"]), (&json!("v1"), &json!("chess")));
        assert_eq!(manifest["api"]["url"], "https://example.com/mcp");
        assert_eq!(manifest["description_for_model"], "Ask for the colour first.");
        assert!(
            String::from_utf8(files[1].bytes.clone()).unwrap().contains("Nothing that we know of reads it in 2026")
        );
    }
}
