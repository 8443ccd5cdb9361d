//! Mistakes as data: a place in a file, what is wrong there, and the edit that mends it.

use std::fmt;

use crate::by_name::ByName;

/// Errors that are told of one directory, and as many warnings. More would be read by nobody, and each costs a walk to its line.
const MOST: usize = 100;

/// A fault of a widget's directory, or advice about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The place in a file. A mistake of the directory as a whole has none.
    pub place: Option<Place>,
    /// The fault, in one line, lower case, without a full stop.
    pub message: String,
    /// The edit to make.
    pub help: String,
    /// The weight of it.
    pub kind: Kind,
    /// The matter that it belongs to.
    pub topic: Topic,
}

/// The matters that mistakes are about, by which somebody who knows better may leave some of them be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Anything else about the files, or what they become as one document.
    #[default]
    Document,
    /// HTML that browsers would have to guess at.
    Markup,
    /// People who do not see the page, or not all of it.
    Access,
    /// Origins that are loaded from and not declared, or declared and not used.
    Origins,
    /// Addresses that lead nowhere in a host, or that hosts block whatever is declared.
    Addresses,
    /// Code that hosts block, or that does nothing there.
    Code,
    /// Abilities of the browser that are used and not asked for.
    Permissions,
    /// Tools that are called and are not there.
    Tools,
    /// Links, and what else leaves the document.
    Links,
    /// Secrets in plain sight.
    Secrets,
    /// The size of the document.
    Size,
}

/// A fault of one text: of a page, a style sheet or a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its byte.
    pub at: usize,
    /// The fault, as a mistake's.
    pub message: String,
    /// The edit to make.
    pub help: String,
}

/// A place in a file, as editors count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path from the crate's directory, with `/` between its parts.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

/// The weight of a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No document is made.
    Error,
    /// The document is made.
    Warning,
}

impl fmt::Display for Mistake {
    /// Writes the place and the message on one line. The help is apart.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(out, "{place}: {}", self.message),
            None => out.write_str(&self.message),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl Place {
    /// The place of a byte of a text. A byte within a character stands for the character.
    pub(crate) fn of(file: &str, text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { file: file.to_owned(), line, column }
    }
}

/// Mistakes in the order of files and places, whenever they are found: each once, and not without end.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: Vec<Mistake>,
    /// Messages that one edit mends wherever they were found.
    said: ByName<()>,
    errors: Count,
    warnings: Count,
}

/// Mistakes of one kind.
#[derive(Debug, Default)]
struct Count {
    told: usize,
    is_over: bool,
}

impl Mistakes {
    /// Adds a mistake that one edit mends everywhere: it is told at the first place only, and only that is looked for.
    pub(crate) fn once(&mut self, mistake: Mistake, place: impl FnOnce() -> Option<Place>) {
        if self.said.insert(&mistake.message, ()) {
            // Nobody reads the place of a mistake that is not told.
            let place = if self.is_full(mistake.kind) { None } else { place() };
            self.add(Mistake { place, ..mistake });
        }
    }

    /// Ends the search of places once nobody would read them.
    pub(crate) fn is_full(&self, kind: Kind) -> bool {
        let count = if kind == Kind::Error { &self.errors } else { &self.warnings };
        count.told >= MOST
    }

    pub(crate) fn add(&mut self, mistake: Mistake) {
        // Two looks at one place may find the same, with a help that differs.
        let is_same = |known: &&Mistake| known.place == mistake.place && known.message == mistake.message;
        if self.found.iter().any(|known| is_same(&known)) {
            return;
        }
        let is_full = self.is_full(mistake.kind);
        let count = if mistake.kind == Kind::Error { &mut self.errors } else { &mut self.warnings };
        if is_full {
            count.is_over = true;
            return;
        }
        count.told += 1;
        let at = self.found.partition_point(|known| known.place <= mistake.place);
        self.found.insert(at, mistake);
    }

    /// The mistakes in the order of files and places, errors before what has no place.
    pub(crate) fn finish(mut self) -> Vec<Mistake> {
        for (count, what, kind) in
            [(&self.errors, "mistakes", Kind::Error), (&self.warnings, "warnings", Kind::Warning)]
        {
            if count.is_over {
                let message = format!("there are more than {MOST} {what}; the others are not told");
                self.found.push(Mistake {
                    place: None,
                    message,
                    help: "mend these first".to_owned(),
                    kind,
                    topic: Topic::Document,
                });
            }
        }
        self.found
    }
}
