//! The place that a new app takes the crates from: as it is told, else as this program itself was installed.

use std::{
    env, fs,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use crate::error::{Error, Result};

/// Set once the crates are in the registry. Until then somebody else's have their names there.
const PUBLISHED: bool = false;

/// A crate that every checkout has.
const SERVER: &str = "pmcp-server";

/// The place that the crates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A directory with a crate in each of its directories.
    Path(PathBuf),
    /// A repository.
    Git {
        /// Its address.
        url: String,
        /// A commit, a tag or a branch; the newest commit if there is none.
        rev: Option<String>,
    },
    /// The registry, in the version of this program.
    Registry,
}

impl Source {
    /// Reads `path:DIR` or `git:URL[#REV]`.
    ///
    /// # Errors
    /// It is neither, or could not stand in a manifest.
    pub(crate) fn parse(text: &str) -> std::result::Result<Self, String> {
        match text.split_once(':') {
            Some(("path", path)) if !path.is_empty() && !path.contains(char::is_control) => Ok(Self::Path(path.into())),
            Some(("git", address)) => {
                let (url, rev) = address.split_once('#').map_or((address, None), |(url, rev)| (url, Some(rev)));
                git(url, rev)
            }
            _ => Err("it is neither `path:DIR` nor `git:URL`, to which `#REV` may be added, such as `path:../pmcp`"
                .to_owned()),
        }
    }

    /// The place for a new app if nothing is told.
    ///
    /// # Errors
    /// Nobody knows where they are.
    pub(crate) fn of_this_program() -> Result<Self> {
        Around::of_this_program().source()
    }

    /// Checks that the crates are there, as far as that can be told without a network.
    ///
    /// # Errors
    /// They are not.
    pub(crate) fn check(&self) -> Result {
        match self {
            Self::Path(path) if !has_crates(path) => {
                let path = path.display();
                Err(Error::usage(format!("`{path}` has no `{SERVER}` in it"))
                    .help("name the directory of the whole repository, as `git clone` makes it"))
            }
            _ => Ok(()),
        }
    }

    /// The key and value of `pmcp-server` in a manifest. A relative path stays one if the manifest will stand in a directory `below` the one
    /// that it begins in, and is written in full else.
    ///
    /// # Errors
    /// A manifest cannot have the path.
    pub(crate) fn dependency(&self, below: Option<&Path>) -> Result<String> {
        Ok(match self {
            Self::Path(path) => format!("path = {}", quoted(&manifest_path(path, below)?)),
            Self::Git { url, rev: None } => format!("git = {}", quoted(url)),
            Self::Git { url, rev: Some(rev) } => format!("git = {}, rev = {}", quoted(url), quoted(rev)),
            Self::Registry => format!("version = {}", quoted(env!("CARGO_PKG_VERSION"))),
        })
    }

    /// The same in words.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Path(path) => format!("pmcp by path, {}", path.display()),
            Self::Git { url, rev: None } => format!("pmcp by git, {url}"),
            Self::Git { url, rev: Some(rev) } => format!("pmcp by git, {url} at {rev}"),
            Self::Registry => format!("pmcp {} of the registry", env!("CARGO_PKG_VERSION")),
        }
    }
}

fn git(url: &str, rev: Option<&str>) -> std::result::Result<Source, String> {
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '"';
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("`{url}` has no scheme such as `https://` or `ssh://`"));
    };
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') || rest.is_empty() || url.contains(is_odd) {
        return Err(format!("`{}` is no address of a repository", url.escape_debug()));
    }
    // A host alone is none; of a scheme such as `file:` all is a path.
    if !rest.trim_end_matches('/').contains('/') {
        return Err(format!("`{url}` names a host and no repository, such as `https://example.com/ann/pmcp`"));
    }
    let user = rest.split('/').next().and_then(|authority| authority.rsplit_once('@'));
    if user.is_some_and(|(user, _)| user.contains(':')) {
        return Err("the address has a password in it, which would stand in the manifest".to_owned());
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    match rev {
        Some(rev) if rev.is_empty() || rev.starts_with('-') || !rev.chars().all(is_plain) => {
            Err(format!("`{}` is no commit, tag or branch", rev.escape_debug()))
        }
        rev => Ok(Source::Git { url: url.to_owned(), rev: rev.map(str::to_owned) }),
    }
}

/// Tells whether the crates are in this directory.
fn has_crates(directory: &Path) -> bool {
    directory.join(SERVER).join("Cargo.toml").is_file()
}

/// The path of the crate, as a manifest has it.
fn manifest_path(directory: &Path, below: Option<&Path>) -> Result<String> {
    let path = directory.join(SERVER);
    let path = match below {
        Some(below) if path.is_relative() => {
            let up =
                below.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| Component::ParentDir);
            up.chain(path.components()).collect()
        }
        _ => std::path::absolute(&path)
            .map_err(|error| Error::because("the directory of the crates is not known", &error))?,
    };
    let names = path.components().filter(|part| *part != Component::CurDir);
    let path: PathBuf = names.collect();
    match path.to_str() {
        Some(text) => Ok(text.replace('\\', "/")),
        None => Err(Error::usage(format!("`{}` is not in Unicode, which a manifest is", path.display()))
            .help("name the directory of the crates by another path")),
    }
}

/// A string of TOML. Control characters are refused before.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The surroundings of this program, by which it knows where it came from.
struct Around {
    /// The directory of the repository that it was built from.
    checkout: PathBuf,
    /// Cargo's own directory.
    cargo_home: Option<PathBuf>,
    /// Directories where Cargo noted what it installed.
    roots: Vec<PathBuf>,
    is_published: bool,
}

impl Around {
    fn of_this_program() -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cargo_home = env::var_os("CARGO_HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
            .or_else(|| Some(env::home_dir()?.join(".cargo")));
        // `cargo install --root` notes it beside the programs.
        let root = env::current_exe().ok().and_then(|program| Some(program.parent()?.parent()?.to_owned()));
        Self {
            checkout: here.parent().unwrap_or(here).to_owned(),
            roots: root.into_iter().chain(cargo_home.clone()).collect(),
            cargo_home,
            is_published: PUBLISHED,
        }
    }

    fn source(&self) -> Result<Source> {
        // What Cargo fetched for an installation is Cargo's own, and may be gone tomorrow.
        let is_caches = self.cargo_home.as_ref().is_some_and(|home| self.checkout.starts_with(home));
        if !is_caches && has_crates(&self.checkout) {
            return Ok(Source::Path(self.checkout.clone()));
        }
        if let Some(source) = self.roots.iter().find_map(|root| installed(root)) {
            return Ok(source);
        }
        if self.is_published {
            return Ok(Source::Registry);
        }
        Err(Error::usage("the pmcp crates are not in the registry").help("pass `--pmcp path:DIR` or `--pmcp git:URL`"))
    }
}

/// The repository that Cargo installed this program from, as it noted it.
fn installed(root: &Path) -> Option<Source> {
    let noted: Value = serde_json::from_str(&fs::read_to_string(root.join(".crates2.json")).ok()?).ok()?;
    // `cargo-pmcp 0.1.0 (git+https://example.com/pmcp?branch=main#0123…)`
    noted["installs"].as_object()?.keys().find_map(|key| {
        let source = key.strip_prefix("cargo-pmcp ")?.split_once(" (git+")?.1.strip_suffix(')')?;
        let (url, rev) = source.split_once('#')?;
        git(url.split_once('?').map_or(url, |(url, _)| url), Some(rev)).ok()
    })
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const REV: &str = "0123456789abcdef0123456789abcdef01234567";

    fn at(url: &str, rev: Option<&str>) -> Source {
        Source::Git { url: url.to_owned(), rev: rev.map(str::to_owned) }
    }

    #[test]
    fn a_place_is_a_directory_or_a_repository() {
        assert_eq!(Source::parse("path:../pmcp"), Ok(Source::Path("../pmcp".into())));
        assert_eq!(Source::parse("git:https://example.com/pmcp"), Ok(at("https://example.com/pmcp", None)));
        assert_eq!(
            Source::parse("git:ssh://git@example.com/pmcp#v0.1"),
            Ok(at("ssh://git@example.com/pmcp", Some("v0.1")))
        );
        let wrong = [
            "",
            "pmcp",
            "path:",
            "git:",
            "git:pmcp",
            "git:git@example.com:pmcp",
            "git:https://",
            "git:https://example.com/\"x",
            "git:https://example.com/a b",
            "git:https://example.com/pmcp#",
            "git:https://example.com/pmcp#-x",
            "git:https://example.com/pmcp#a\"b",
            "git:https://me:secret@example.com/pmcp",
            "path:a\nb",
        ];
        for text in wrong {
            let mistake = Source::parse(text).unwrap_err();
            assert!(!mistake.contains("secret") && !mistake.contains('\n'), "{mistake}");
        }
    }

    #[test]
    fn a_manifest_has_the_place_as_toml() {
        let dependency = |source: &Source, below: &str| source.dependency(Some(Path::new(below))).unwrap();
        let relative = Source::Path("../pmcp".into());
        assert_eq!(dependency(&relative, "chess"), "path = \"../../pmcp/pmcp-server\"");
        assert_eq!(dependency(&relative, "./apps/chess"), "path = \"../../../pmcp/pmcp-server\"");
        assert_eq!(dependency(&Source::Path(".".into()), "chess"), "path = \"../pmcp-server\"");
        assert_eq!(
            dependency(&Source::Path("/opt/\"pmcp\"".into()), "chess"),
            "path = \"/opt/\\\"pmcp\\\"/pmcp-server\""
        );
        assert!(relative.dependency(None).unwrap().starts_with("path = \"/"));
        assert_eq!(dependency(&at("https://x.y/z", None), "chess"), "git = \"https://x.y/z\"");
        assert_eq!(dependency(&at("https://x.y/z", Some("v1")), "chess"), "git = \"https://x.y/z\", rev = \"v1\"");
        assert_eq!(dependency(&Source::Registry, "chess"), format!("version = \"{}\"", env!("CARGO_PKG_VERSION")));
    }

    /// A checkout, a directory of Cargo's, and what it noted there.
    fn around(noted: &str) -> (TempDir, Around) {
        let folder = tempfile::tempdir().unwrap();
        let [checkout, cargo_home] = ["pmcp", "cargo"].map(|name| folder.path().join(name));
        fs::create_dir_all(checkout.join(SERVER)).unwrap();
        fs::write(checkout.join(SERVER).join("Cargo.toml"), "").unwrap();
        fs::create_dir_all(&cargo_home).unwrap();
        fs::write(cargo_home.join(".crates2.json"), noted).unwrap();
        let (roots, cargo_home) = (vec![cargo_home.clone()], Some(cargo_home));
        (folder, Around { checkout, cargo_home, roots, is_published: false })
    }

    fn noted(source: &str) -> String {
        format!(r#"{{"installs": {{"ripgrep 15.0.0 (registry+x)": {{}}, "cargo-pmcp 0.1.0 ({source})": {{}}}}}}"#)
    }

    #[test]
    fn the_checkout_comes_before_what_cargo_noted_and_the_registry_last() {
        let (_folder, around) = around(&noted(&format!("git+https://example.com/pmcp?branch=main#{REV}")));
        assert_eq!(around.source().unwrap(), Source::Path(around.checkout.clone()));

        fs::remove_dir_all(&around.checkout).unwrap();
        assert_eq!(around.source().unwrap(), at("https://example.com/pmcp", Some(REV)));

        let published = Around { roots: Vec::new(), is_published: true, ..around };
        assert_eq!(published.source().unwrap(), Source::Registry);
    }

    #[test]
    fn a_checkout_of_cargo_s_own_is_not_depended_on() {
        let (_folder, mut around) = around(&noted(&format!("git+https://example.com/pmcp#{REV}")));
        let own = around.cargo_home.as_ref().unwrap().join("git/checkouts/pmcp-1/0123456");
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::rename(&around.checkout, &own).unwrap();
        around.checkout = own;
        assert_eq!(around.source().unwrap(), at("https://example.com/pmcp", Some(REV)));
    }

    #[test]
    fn until_the_crates_are_published_one_has_to_tell_where_they_are() {
        for noted in ["{}", "not JSON", &noted("path+file:///gone/pmcp"), &noted("registry+https://example.com/index")]
        {
            let (_folder, around) = around(noted);
            fs::remove_dir_all(&around.checkout).unwrap();
            let error = around.source().unwrap_err();
            assert_eq!(error.message.as_deref(), Some("the pmcp crates are not in the registry"));
            assert_eq!(error.help, ["pass `--pmcp path:DIR` or `--pmcp git:URL`"]);
        }
    }

    #[test]
    fn a_directory_without_the_crates_is_refused() {
        let (_folder, around) = around("");
        assert!(Source::Path(around.checkout.clone()).check().is_ok());
        assert!(Source::Path(around.checkout.join(SERVER)).check().is_err());
    }
}
