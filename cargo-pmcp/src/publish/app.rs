//! Everything that is known of a server that is published.

use super::{
    icon::Icon,
    listing::{self, Listing, if_short},
    names::{self, PublicUrl},
    served::Served,
};
use crate::{
    error::{Error, Result},
    target::{About, Program},
    text,
};

/// The words of whoever publishes it, which are checked before anything is built.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    /// The name of the plugin and its skill.
    name: String,
    version: String,
    /// A line about it.
    summary: String,
    about: About,
    listing: Listing,
    icon: Option<Icon>,
    /// The name in the registry, if there is a domain that it could be in.
    registry: Option<String>,
    /// They stand in a manifest of a package here, where more of them can be written.
    is_of_package: bool,
}

impl Words {
    /// Reads the words of a package.
    ///
    /// # Errors
    /// One is missing, or those who list servers do not take it.
    pub(crate) fn of_package(program: &Program, public: Option<&PublicUrl>) -> Result<Self> {
        let listing = Listing::read(&program.about.metadata)?;
        let icon = listing.icon.as_deref().map(|path| Icon::read(&program.folder, path)).transpose()?;
        let words = Self::checked(&program.name, &program.version, program.about.clone(), listing, icon, public)?;
        Ok(Self { is_of_package: true, ..words })
    }

    /// The words of a server that is no package here.
    ///
    /// # Errors
    /// One is missing, or those who list servers do not take it.
    pub(crate) fn of_server(served: &Served, public: Option<&PublicUrl>) -> Result<Self> {
        // Few servers describe themselves, and their instructions are for models.
        let shown = served.title.as_deref().unwrap_or(&served.name);
        let description =
            served.description.clone().unwrap_or_else(|| format!("{shown}, a server of the Model Context Protocol"));
        let about = About { description: Some(description), homepage: served.website.clone(), ..About::default() };
        Self::checked(&served.name, &served.version, about, Listing::default(), None, public)
    }

    fn checked(
        name: &str,
        version: &str,
        about: About,
        listing: Listing,
        icon: Option<Icon>,
        public: Option<&PublicUrl>,
    ) -> Result<Self> {
        let name = names::plugin(name)?;
        names::check_version(version)?;
        let summary = listing::summary(&listing, about.description.as_deref())?;
        // What is no page is not linked to.
        let page = |address: Option<String>| address.filter(|address| names::is_page(address));
        let about = About { homepage: page(about.homepage), repository: page(about.repository), ..about };
        let registry = listing.registry_name.clone().or_else(|| {
            let owner = about.repository.as_deref().and_then(Repository::parse).and_then(Repository::github_owner);
            let namespace = owner.map(|owner| format!("io.github.{owner}")).or_else(|| public?.namespace())?;
            Some(format!("{namespace}/{name}"))
        });
        registry.as_deref().map(names::check_registry).transpose()?;
        Ok(Self { name, version: version.to_owned(), summary, about, listing, icon, registry, is_of_package: false })
    }

    /// Checks that there is a name in the registry.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn need_registry(&self) -> Result {
        match self.registry {
            Some(_) => Ok(()),
            None => Err(Error::failed("the server has no name for the registry").help(
                "write `registry-name = \"com.example/NAME\"` under `[package.metadata.pmcp]`, with a domain of yours; or a \
                 `repository` on GitHub under `[package]`",
            )),
        }
    }
}

/// A server, its words, and where it is.
#[derive(Debug)]
pub(crate) struct App {
    words: Words,
    public: Option<PublicUrl>,
    pub(super) served: Served,
}

impl App {
    pub(crate) fn new(words: Words, public: Option<PublicUrl>, served: Served) -> Self {
        Self { words, public, served }
    }

    /// Set if its words stand in the manifest of a package here.
    pub(super) fn is_of_package(&self) -> bool {
        self.words.is_of_package
    }

    /// The name of the plugin and its skill.
    pub(super) fn name(&self) -> &str {
        &self.words.name
    }

    pub(super) fn version(&self) -> &str {
        &self.words.version
    }

    /// The name for people.
    pub(super) fn title(&self) -> String {
        let said = self.words.listing.title.as_deref().or(self.served.title.as_deref());
        said.map_or_else(|| text::as_title(&self.words.name), text::line)
    }

    /// A line about it.
    pub(super) fn summary(&self) -> &str {
        &self.words.summary
    }

    /// More about it: at most 4000 characters.
    pub(super) fn long(&self) -> &str {
        let listing = self.words.listing.long_description.as_deref();
        listing.or(self.words.about.description.as_deref()).unwrap_or(&self.words.summary)
    }

    /// A text of at most 30 characters, if there is one.
    pub(super) fn short(&self) -> Option<&str> {
        self.words.listing.short_description.as_deref().or_else(|| if_short(&self.words.summary))
    }

    pub(super) fn about(&self) -> &About {
        &self.words.about
    }

    pub(super) fn listing(&self) -> &Listing {
        &self.words.listing
    }

    pub(super) fn icon(&self) -> Option<&Icon> {
        self.words.icon.as_ref()
    }

    pub(super) fn registry(&self) -> Option<&str> {
        self.words.registry.as_deref()
    }

    pub(super) fn public(&self) -> Option<&PublicUrl> {
        self.public.as_ref()
    }

    pub(super) fn repository(&self) -> Option<Repository<'_>> {
        Repository::parse(self.words.about.repository.as_deref()?)
    }

    /// Whoever stands behind it, and an address for mail.
    pub(super) fn author(&self) -> (String, Option<String>) {
        let first = self.words.about.authors.first().map(String::as_str).unwrap_or_default();
        let (name, mail) = match first.split_once('<') {
            Some((name, rest)) => (name.trim(), Some(rest.trim_end_matches('>').trim().to_owned())),
            None => (first.trim(), None),
        };
        let listed = self.words.listing.developer.as_deref();
        let name = listed.or(Some(name).filter(|name| !name.is_empty())).map_or_else(|| self.title(), text::line);
        (name, mail.filter(|mail| mail.contains('@')))
    }
}

/// A repository at a service whose releases the registry knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repository<'a> {
    pub(super) url: &'a str,
    /// The service, as the registry calls it.
    pub(super) source: &'static str,
    path: &'a str,
}

impl<'a> Repository<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let (source, path) = [("github", "https://github.com/"), ("gitlab", "https://gitlab.com/")]
            .into_iter()
            .find_map(|(source, start)| Some((source, url.strip_prefix(start)?)))?;
        let path = path.trim_end_matches('/').trim_end_matches(".git");
        let is_plain =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let parts: Vec<_> = path.split('/').collect();
        let is_one =
            parts.len() >= 2 && (source == "gitlab" || parts.len() == 2) && parts.iter().all(|part| is_plain(part));
        is_one.then_some(Self { url, source, path })
    }

    fn github_owner(self) -> Option<&'a str> {
        self.path.split('/').next().filter(|_| self.source == "github")
    }

    /// The address of a file of a release.
    pub(super) fn release(self, version: &str, file: &str) -> String {
        let path = self.path;
        match self.source {
            "github" => format!("https://github.com/{path}/releases/download/v{version}/{file}"),
            _ => format!("https://gitlab.com/{path}/-/releases/v{version}/downloads/{file}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::publish::served::tests::served;

    /// A package with these words more.
    pub(in crate::publish) fn words(metadata: &Value, public: Option<&str>) -> Words {
        let program = program(&json!({ "metadata": { "pmcp": metadata } }));
        Words::of_package(&program, public.map(|url| PublicUrl::parse(url).unwrap()).as_ref()).unwrap()
    }

    pub(in crate::publish) fn app(metadata: &Value, public: Option<&str>) -> App {
        App::new(words(metadata, public), public.map(|url| PublicUrl::parse(url).unwrap()), served())
    }

    /// A package whose sources lie here.
    pub(in crate::publish) fn with_repository(url: &str) -> App {
        let words = Words::of_package(&program(&json!({ "repository": url })), None).unwrap();
        App::new(words, None, served())
    }

    /// A package with a picture.
    pub(in crate::publish) fn with_icon(url: &str) -> App {
        let mut app = app(&json!({}), Some(url));
        app.words.icon = Some(Icon { bytes: crate::publish::icon::tests::picture(128, 128, *b"IDAT"), side: 128 });
        app
    }

    fn program(more: &Value) -> Program {
        let mut about = json!({ "description": "Plays chess.", "license": "MIT", "authors": ["Ann <ann@example.com>"], "keywords": ["chess"] });
        about.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Program {
            package: "chess".into(),
            version: "1.2.3".into(),
            id: "chess".into(),
            folder: "/nowhere".into(),
            target: "/nowhere/target".into(),
            name: "chess".into(),
            is_example: false,
            is_release: true,
            about: serde_json::from_value(about).unwrap(),
        }
    }

    #[test]
    fn the_name_in_the_registry_lies_in_a_domain_of_ones_own() {
        let public = PublicUrl::parse("https://mcp.example.com/mcp").unwrap();
        let name =
            |more: &Value, public: Option<&PublicUrl>| Words::of_package(&program(more), public).unwrap().registry;
        let github = json!({ "repository": "https://github.com/Ann-B/chess.git" });
        assert_eq!(name(&github, Some(&public)).as_deref(), Some("io.github.Ann-B/chess"));
        assert_eq!(name(&json!({}), Some(&public)).as_deref(), Some("com.example.mcp/chess"));
        assert_eq!(name(&json!({ "repository": "https://gitlab.com/ann/chess" }), None), None);
        let own = json!({ "metadata": { "pmcp": { "registry-name": "com.example/board" } } });
        assert_eq!(name(&own, Some(&public)).as_deref(), Some("com.example/board"));
        let none = Words::of_package(&program(&json!({})), None).unwrap();
        assert!(none.need_registry().unwrap_err().help[0].contains("registry-name"));
    }

    #[test]
    fn a_release_has_an_address() {
        let at = Repository::parse("https://github.com/ann/chess/").unwrap();
        assert_eq!(
            at.release("1.0.0", "chess.mcpb"),
            "https://github.com/ann/chess/releases/download/v1.0.0/chess.mcpb"
        );
        let at = Repository::parse("https://gitlab.com/team/games/chess").unwrap();
        assert_eq!(
            at.release("1.0.0", "chess.mcpb"),
            "https://gitlab.com/team/games/chess/-/releases/v1.0.0/downloads/chess.mcpb"
        );
        for other in [
            "https://github.com/ann",
            "https://example.com/ann/chess",
            "https://github.com/ann/chess/tree/main",
            "https://github.com/ann/\"x",
        ] {
            assert_eq!(Repository::parse(other), None, "{other}");
        }
    }

    #[test]
    fn an_author_has_a_name_and_perhaps_mail() {
        assert_eq!(app(&json!({}), None).author(), ("Ann".into(), Some("ann@example.com".into())));
        let app = app(&json!({ "developer": "Games Ltd" }), None);
        assert_eq!(app.author().0, "Games Ltd");
        assert_eq!(app.title(), "Chess board");
        assert_eq!(app.short(), Some("Plays chess."));
    }
}
