//! A server as it is published: the files of `cargo pmcp app build`, from what the server itself says and what its package tells.
//!
//! [`app`] is everything that is known of a server, and no file asks it for more. Each output is a file here: a function from an [`App`] to
//! the [`File`]s it stands for, which touches neither disk nor network. Rules of those who take the files are checked where the words come
//! from ([`listing`], [`names`]), before anything is built. [`dist`] puts the files into a directory, whole or not at all.

mod app;
mod bundle;
mod challenge;
mod demo;
mod dist;
mod icon;
mod landing;
mod legacy;
mod listing;
mod names;
mod opening;
mod page;
mod plugin;
mod registry;
#[cfg(test)]
mod schemas;
mod served;
mod skill;
mod submission;
mod trace;
mod vendors;

pub(crate) use app::{App, Words};
pub(crate) use bundle::bundle;
pub(crate) use challenge::Challenge;
pub(crate) use dist::Dist;
pub(crate) use names::PublicUrl;
pub(crate) use opening::opening;
pub(crate) use served::{ask, describing};
pub(crate) use trace::Trace;

use serde_json::Value;

/// A file of what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its path in the directory, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

impl File {
    fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into() }
    }

    fn json(path: impl Into<String>, value: &Value) -> Self {
        Self::new(path, format!("{value:#}\n"))
    }
}

/// The parts of it that have to be asked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) bundle: Option<bundle::Bundle>,
    pub(crate) challenge: Option<Challenge>,
    pub(crate) legacy: bool,
    pub(crate) trace: Option<Trace>,
}

/// Every file that the server is published with.
pub(crate) fn files(app: &App, wanted: &Wanted) -> Vec<File> {
    let bundle = wanted.bundle.as_ref();
    let mut files = landing::files(app, wanted.trace.as_ref(), bundle);
    files.extend(plugin::files(app));
    files.extend(vendors::files(app));
    files.push(skill::file(app));
    files.extend(registry::file(app, bundle));
    files.extend(bundle.map(|bundle| File::new(bundle.name.clone(), bundle.bytes.clone())));
    files.extend(wanted.challenge.as_ref().map(Challenge::file));
    if wanted.legacy {
        files.extend(legacy::files(app));
    }
    files.push(submission::file(app, wanted));
    files
}

/// A value without the fields that are null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_nulls).collect()),
        value => value,
    }
}
