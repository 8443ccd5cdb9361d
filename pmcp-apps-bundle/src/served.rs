//! A look at a document as a host gets it: one text, with nothing beside it.

use crate::{
    bundling::check_secrets,
    declared::Declared,
    document::{PAGE, document},
    folder::Folder,
    job::Job,
    mistake::{Kind, Mistake, Topic},
    policy,
};

/// Checks a document that a server serves, ours or not. It is named in places by `name`, such as its URI.
///
/// The rules are those of [`bundle`](crate::bundle), but for what is about files: a document that names any is wrong, as nothing is served
/// beside it. The helps speak of the document's metadata, since it may come from anywhere. The budget does not count; a bridge that was
/// put into the document is part of it.
///
/// ```
/// use pmcp_apps_bundle::{Declared, Topic, check_served};
///
/// let page = "<!doctype html><html lang=en><head><title>Map</title><script src=app.js></script></head></html>";
/// let mistakes = check_served("ui://weather/map.html", page, &Declared::default());
/// assert_eq!(mistakes[0].topic, Topic::Addresses);
/// assert!(mistakes[0].to_string().starts_with("ui://weather/map.html:1:"));
/// ```
#[must_use]
pub fn check_served(name: &str, text: &str, declared: &Declared) -> Vec<Mistake> {
    let declared = Declared { bridge: None, ..declared.clone() };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut job = Job::new(Folder::served(name, PAGE, text), &declared);
    if let Some(page) = job.text(PAGE) {
        // Nothing is put into it, so what it would become is what it is.
        let _ = document(&mut job, &page);
    }
    check_secrets(&mut job);
    let unused = policy::unused(&declared.csp, &job.used, &[text.to_ascii_lowercase()]);
    let mut mistakes = job.mistakes.finish();
    // Where something could not be read, nothing tells what it uses.
    if mistakes.iter().all(|mistake| mistake.kind != Kind::Error) {
        mistakes.extend(unused.into_iter().map(|origin| Mistake {
            place: None,
            message: format!("`{origin}` is declared, but nothing in the document names it"),
            help: "remove it, unless addresses of it come with data".to_owned(),
            kind: Kind::Warning,
            topic: Topic::Origins,
        }));
    }
    mistakes
}
