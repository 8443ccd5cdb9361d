//! One look at a directory: the files, what is declared, and the mistakes so far. Every address that anything names is followed here.

use std::{collections::HashSet, rc::Rc};

use crate::{
    by_name::ByName,
    declared::Declared,
    folder::{Folder, Missing, NoText},
    mime,
    mistake::{Kind, Mistake, Mistakes, Place, Topic},
    origin::Origin,
    policy::{Declarations, Directive},
    reference::{Local, Target, join, target},
    text::base64,
};

/// Bytes that are put into a document. A small file that is named often would make it grow without end.
const LARGEST: usize = 64 << 20;

/// The way out of an address that names a file beside a document that is served alone.
const BESIDE: &str = "put its content into the document, or name an origin that serves it";

#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) folder: Folder,
    pub(crate) declared: &'a Declared,
    /// The origins of `declared`.
    pub(crate) declarations: Declarations,
    pub(crate) mistakes: Mistakes,
    pub(crate) used: HashSet<(Directive, Origin)>,
    /// The bytes that each file takes in the document.
    pub(crate) sizes: ByName<usize>,
    spent: usize,
}

/// The place of an address: a byte of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    pub(crate) file: &'a str,
    pub(crate) offset: usize,
}

/// A file that an address leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) fragment: String,
}

impl<'a> Job<'a> {
    pub(crate) fn new(folder: Folder, declared: &'a Declared) -> Self {
        let (mistakes, used, sizes) = Default::default();
        let declarations = Declarations::new(&declared.csp);
        Self { folder, declared, declarations, mistakes, used, sizes, spent: 0 }
    }

    /// Tells an error about the document as such.
    pub(crate) fn error(&mut self, at: At<'_>, message: impl Into<String>, help: impl Into<String>) {
        self.tell(Kind::Error, Topic::Document, at, message, help);
    }

    /// Tells a mistake about a matter.
    pub(crate) fn tell(
        &mut self,
        kind: Kind,
        topic: Topic,
        at: At<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(at, kind);
        self.mistakes.add(Mistake { place, message: message.into(), help: help.into(), kind, topic });
    }

    fn place(&self, at: At<'_>, kind: Kind) -> Option<Place> {
        // Nobody reads the place of a mistake that is not told.
        (!self.mistakes.is_full(kind)).then(|| place(&self.folder, at))
    }

    /// Tells a mistake that one edit mends wherever it is made, at the first such place, if it has one.
    pub(crate) fn once(
        &mut self,
        kind: Kind,
        topic: Topic,
        at: Option<At<'_>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let folder = &self.folder;
        let mistake = Mistake { place: None, message: message.into(), help: help.into(), kind, topic };
        self.mistakes.once(mistake, || at.map(|at| place(folder, at)));
    }

    /// Follows an address that browsers load. It is relative to the file `base`, or to a page of another origin.
    pub(crate) fn reach(&mut self, url: &str, at: At<'_>, base: &str, directive: Directive) -> Option<Found> {
        let local = match target(url) {
            Target::Local(_) | Target::Absolute if matches!(target(base), Target::Remote(_)) => {
                self.check_remote(target(base), base, at, directive);
                return None;
            }
            Target::Local(local) => local,
            other => {
                self.check_remote(other, url, at, directive);
                return None;
            }
        };
        if self.folder.is_served() {
            let message = format!("`{url}` is not in the document, and nothing is served beside it");
            self.tell(Kind::Error, Topic::Addresses, at, message, BESIDE);
            return None;
        }
        let Local { path, fragment } = local;
        let Some(found) = join(base, &path) else {
            let help = format!("move the file into `{}`", self.folder.dir);
            self.error(at, format!("`{url}` leaves the widget's directory"), help);
            return None;
        };
        match self.folder.bytes(&found) {
            Ok(_) => Some(Found { path: found, fragment }),
            Err(missing) => {
                self.missing(&missing, url, &path, &found, at);
                None
            }
        }
    }

    /// Checks an address that leads elsewhere.
    pub(crate) fn check_remote(&mut self, target: Target, url: &str, at: At<'_>, directive: Directive) {
        match target {
            Target::Nothing | Target::Local(_) => {}
            Target::ProtocolRelative => {
                let message = "a protocol-relative URL depends on the host";
                self.tell(Kind::Error, Topic::Addresses, at, message, "use `https`");
            }
            Target::Plain(scheme) => {
                let safe = if scheme == "ws" { "wss" } else { "https" };
                let message = format!("plain `{scheme}` loads are blocked");
                self.tell(Kind::Error, Topic::Addresses, at, message, format!("use `{safe}`"));
            }
            Target::Absolute => {
                let message = format!("`{url}` is absolute; a widget has no server behind it");
                let help = if self.folder.is_served() { BESIDE } else { "name the file relative to this one" };
                self.tell(Kind::Error, Topic::Addresses, at, message, help);
            }
            Target::Remote(origin) => {
                if !self.declarations.cover(directive, &origin) {
                    let (kind, message, help) = if self.folder.is_served() {
                        directive.refusal_of_served(&origin)
                    } else {
                        directive.refusal(&origin)
                    };
                    self.once(kind, Topic::Origins, Some(at), message, help);
                }
                self.used.insert((directive.declared(), origin));
            }
            Target::Data(scheme) => {
                if let Some((message, help)) = directive.refusal_of_data(&scheme) {
                    self.tell(Kind::Error, Topic::Addresses, at, message, help);
                }
            }
        }
    }

    fn missing(&mut self, missing: &Missing, url: &str, path: &str, found: &str, at: At<'_>) {
        let dir = &self.folder.dir;
        let (message, help) = match missing {
            Missing::Absent(other) => {
                let help = match other {
                    Some(name) => {
                        let parent = path.rfind('/').map_or("", |end| &path[..=end]);
                        format!("did you mean `{parent}{name}`?")
                    }
                    None => format!("create `{}`", self.folder.shown(found)),
                };
                (format!("`{url}` does not exist"), help)
            }
            Missing::Link => {
                (format!("`{url}` is a link out of the widget's directory"), format!("copy the file into `{dir}`"))
            }
            Missing::NoFile => (format!("`{url}` is not a file"), "name a file".to_owned()),
            Missing::Unreadable => (format!("`{url}` cannot be read"), "let the compiler read it".to_owned()),
            Missing::TooLarge => (
                format!("`{url}` has more than 16 MiB"),
                "make it smaller, or load it from an origin of yours".to_owned(),
            ),
            Missing::TooMany => (
                "the files have more than 64 MiB, or there are more than 4096".to_owned(),
                "name fewer or smaller ones".to_owned(),
            ),
        };
        self.error(at, message, help);
    }

    /// The text of a file that was reached.
    pub(crate) fn text(&mut self, path: &str) -> Option<Rc<str>> {
        match self.folder.text(path) {
            Ok(text) => Some(text),
            Err(NoText::Encoding(line, column)) => {
                let place = Place { file: self.folder.shown(path), line, column };
                self.mistakes.add(Mistake {
                    place: Some(place),
                    message: "this is not UTF-8".to_owned(),
                    help: "save the file as UTF-8".to_owned(),
                    kind: Kind::Error,
                    topic: Topic::Document,
                });
                None
            }
            // Told where it was reached.
            Err(NoText::Missing(_)) => None,
        }
    }

    /// The address that holds a file itself.
    pub(crate) fn data_url(&mut self, found: &Found, at: At<'_>) -> Option<String> {
        let Some(kind) = mime::of(&found.path) else {
            let name = found.path.rsplit('/').next().unwrap_or_default();
            let help = "give it the extension of its type, such as `.png`, `.svg`, `.woff2` or `.mp4`";
            self.error(at, format!("nothing tells the type of `{name}`"), help);
            return None;
        };
        let bytes = self.folder.bytes(&found.path).ok()?;
        self.spend(&found.path, bytes.len().div_ceil(3) * 4)?;
        Some(format!("data:{kind};base64,{}{}", base64(&bytes), found.fragment))
    }

    /// Counts bytes of a file that go into the document. `None` if there are too many.
    pub(crate) fn spend(&mut self, path: &str, bytes: usize) -> Option<()> {
        self.spent = self.spent.saturating_add(bytes);
        let earlier = self.sizes.get(path).copied().unwrap_or_default();
        self.sizes.insert(path, earlier + bytes);
        if self.spent > LARGEST {
            self.once(
                Kind::Error,
                Topic::Size,
                None,
                "the document would have more than 64 MiB",
                "name large files once",
            );
            return None;
        }
        Some(())
    }
}

fn place(folder: &Folder, at: At<'_>) -> Place {
    let text = folder.text_read(at.file).map_or("", AsRef::as_ref);
    Place::of(&folder.shown(at.file), text, at.offset)
}
