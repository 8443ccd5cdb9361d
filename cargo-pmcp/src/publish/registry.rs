//! `server.json`, for the registry of MCP servers (schema of 2025-12-11; the registry is in preview).

use serde_json::{Value, json};

use super::{App, File, bundle::Bundle, without_nulls};

const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

/// The most characters of a title, and of a picture's address.
const TITLE: usize = 100;
const SOURCE: usize = 255;

/// The file.
pub(super) fn file(app: &App, bundle: Option<&Bundle>) -> Option<File> {
    let name = app.registry()?;
    let remotes = app.public().map(|url| json!([{ "type": "streamable-http", "url": url.as_str() }]));
    let packages = bundle.and_then(|bundle| package(app, bundle)).map(|package| json!([package]));
    // A server that is nowhere is not listed.
    if remotes.is_none() && packages.is_none() {
        return None;
    }
    let repository = app.repository().map(|at| json!({ "url": at.url, "source": at.source }));
    let title = app.title();
    let icon = app.public().zip(app.icon()).and_then(|(url, icon)| {
        let (source, size) = (format!("{}/icon.png", url.origin()), format!("{0}x{0}", icon.side));
        (source.len() <= SOURCE).then(|| json!([{ "src": source, "mimeType": "image/png", "sizes": [size] }]))
    });
    Some(File::json(
        "server.json",
        &without_nulls(json!({
            "$schema": SCHEMA,
            "name": name,
            "title": title.chars().take(TITLE).collect::<String>(),
            "description": app.summary(),
            "version": app.version(),
            "websiteUrl": app.about().homepage,
            "repository": repository,
            "icons": icon,
            "remotes": remotes,
            "packages": packages,
        })),
    ))
}

/// The bundle as a package. The registry takes one that lies with the releases of a repository.
fn package(app: &App, bundle: &Bundle) -> Option<Value> {
    Some(json!({
        "registryType": "mcpb",
        "identifier": app.repository()?.release(app.version(), &bundle.name),
        "version": app.version(),
        "fileSha256": bundle.sha256,
        "transport": { "type": "stdio" },
    }))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::publish::{
        app::tests::{app, with_repository},
        bundle::tests::made,
    };

    pub(in crate::publish) fn read(file: &File) -> Value {
        serde_json::from_slice(&file.bytes).unwrap()
    }

    #[test]
    fn a_server_is_listed_with_its_address() {
        let listed = read(&file(&app(&json!({}), Some("https://mcp.example.com/mcp")), None).unwrap());
        assert_eq!(listed["name"], "com.example.mcp/chess");
        assert_eq!(listed["title"], "Chess board");
        assert_eq!((&listed["description"], &listed["version"]), (&json!("Plays chess."), &json!("1.2.3")));
        assert_eq!(listed["remotes"], json!([{ "type": "streamable-http", "url": "https://mcp.example.com/mcp" }]));
        assert!(listed.get("packages").is_none() && listed.get("repository").is_none());
    }

    #[test]
    fn a_bundle_is_listed_where_a_release_has_it() {
        let app = with_repository("https://github.com/ann/chess");
        let bundle = made(&app);
        let listed = read(&file(&app, Some(&bundle)).unwrap());
        assert_eq!(listed["repository"], json!({ "url": "https://github.com/ann/chess", "source": "github" }));
        let package = &listed["packages"][0];
        assert_eq!(package["identifier"], "https://github.com/ann/chess/releases/download/v1.2.3/chess.mcpb");
        assert_eq!(package["fileSha256"], bundle.sha256);
        assert!(listed.get("remotes").is_none());
    }

    #[test]
    fn a_server_that_is_nowhere_is_not_listed() {
        assert_eq!(file(&with_repository("https://github.com/ann/chess"), None), None);
        let app = app(&json!({ "registry-name": "com.example/chess" }), None);
        assert_eq!(file(&app, Some(&made(&app))), None, "a bundle without a release to lie with");
    }
}
