//! The server as a resource that an OAuth authorization server protects (RFC 9728).

use axum::http::Uri;
use serde_json::{Map, Value, json};

/// The path under which metadata of resources are found.
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Metadata of the server for clients that have no token yet: where they get one, and for what.
///
/// They are served without authentication at `/.well-known/oauth-protected-resource`, and there with the path of the endpoint and of the
/// resource behind it. Each answer 401 and 403 of the endpoint names them in `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    resource: String,
    authorization_servers: Vec<String>,
    scopes: Vec<String>,
    name: Option<String>,
    documentation: Option<String>,
}

impl ProtectedResource {
    /// A resource with this URL: that of the endpoint as clients have it, such as `https://mcp.example.com/mcp`. They get tokens for it
    /// under exactly that name.
    pub fn new(resource: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
            name: None,
            documentation: None,
        }
    }

    /// The issuer of an authorization server that gives tokens for it. There may be several.
    #[must_use]
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Self {
        self.authorization_servers.push(issuer.into());
        self
    }

    /// Scopes that clients ask for at first, beside those that are [required](crate::Server::required_scopes): the few that a client
    /// needs to be of any use. It asks for those of a single tool when it calls that.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// A name for people.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// The URL of a page about it, for developers.
    #[must_use]
    pub fn documentation(self, url: impl Into<String>) -> Self {
        Self { documentation: Some(url.into()), ..self }
    }

    /// Fails if it is none that clients could ask tokens for (RFC 9728, 1.2).
    pub(super) fn check(&self) -> Result<(), String> {
        let resource = &self.resource;
        let uri = self.uri().filter(|uri| matches!(uri.scheme_str(), Some("https" | "http")));
        if uri.is_none_or(|uri| uri.authority().is_none()) || resource.contains(['#', '"', '\\']) {
            return Err(format!("`{resource}` is not the URL of a resource, such as `https://mcp.example.com/mcp`"));
        }
        Ok(())
    }

    fn uri(&self) -> Option<Uri> {
        self.resource.parse().ok()
    }

    /// The path of its metadata (RFC 9728, 3.1).
    pub(crate) fn path(&self) -> String {
        let path = self.uri().map(|uri| uri.path().to_owned()).unwrap_or_default();
        format!("{WELL_KNOWN}{}", path.trim_end_matches('/'))
    }

    /// The URL of its metadata.
    pub(super) fn url(&self) -> String {
        let Some(uri) = self.uri() else { return String::new() };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return String::new() };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{scheme}://{authority}{}{query}", self.path())
    }

    /// Its metadata (RFC 9728, 2), where these scopes are needed for everything.
    pub(crate) fn document(&self, required: &[String]) -> Value {
        let mut document = Map::from_iter([
            ("resource".to_owned(), self.resource.as_str().into()),
            ("bearer_methods_supported".to_owned(), json!(["header"])),
        ]);
        let mut scopes = required.to_vec();
        scopes.extend(self.scopes.iter().filter(|scope| !required.contains(scope)).cloned());
        for (key, list) in [("authorization_servers", &self.authorization_servers), ("scopes_supported", &scopes)] {
            if !list.is_empty() {
                document.insert(key.into(), json!(list));
            }
        }
        for (key, text) in [("resource_name", &self.name), ("resource_documentation", &self.documentation)] {
            document.extend(text.as_deref().map(|text| (key.to_owned(), text.into())));
        }
        document.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_are_found_between_host_and_path() {
        for (resource, url) in [
            ("https://mcp.example.com/mcp", "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"),
            ("https://mcp.example.com/", "https://mcp.example.com/.well-known/oauth-protected-resource"),
            ("https://mcp.example.com", "https://mcp.example.com/.well-known/oauth-protected-resource"),
            ("http://[::1]:8080/a/mcp?t=1", "http://[::1]:8080/.well-known/oauth-protected-resource/a/mcp?t=1"),
        ] {
            let resource = ProtectedResource::new(resource);
            assert_eq!((resource.check(), &*resource.url()), (Ok(()), url));
        }
        for wrong in ["mcp", "/mcp", "mcp://x/y", "https:///mcp", "https://x/y#z", "https://x/\"y", "", "a b"] {
            assert!(ProtectedResource::new(wrong).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_document_says_what_is_known() {
        let plain = ProtectedResource::new("https://x/mcp");
        assert_eq!(plain.document(&[]), json!({ "resource": "https://x/mcp", "bearer_methods_supported": ["header"] }));
        let full =
            plain.authorization_server("https://auth").scopes(["a", "b"]).name("X").documentation("https://x/doc");
        assert_eq!(
            full.document(&["use".to_owned(), "a".to_owned()]),
            json!({
                "resource": "https://x/mcp",
                "authorization_servers": ["https://auth"],
                "scopes_supported": ["use", "a", "b"],
                "bearer_methods_supported": ["header"],
                "resource_name": "X",
                "resource_documentation": "https://x/doc",
            })
        );
    }
}
