//! The order of a look at a directory: the page and what it loads, then what only the whole can tell.

use crate::{
    declared::Declared,
    document::{PAGE, document},
    folder::{Folder, Missing},
    job::{At, Job},
    mistake::{Kind, Mistake, Topic},
    policy, secrets,
    source::{Bundle, Source},
};

/// Reads, checks, links and inlines a widget's directory.
#[must_use]
pub fn bundle(source: &Source<'_>, declared: &Declared) -> Bundle {
    let folder = match Folder::open(source) {
        Ok(folder) => folder,
        Err(mistake) => return Bundle { mistakes: vec![mistake], ..Bundle::default() },
    };
    let mut job = Job::new(folder, declared);
    let document = read_page(&mut job);
    if let Some(document) = &document {
        check_budget(&mut job, document);
    }
    check_secrets(&mut job);
    let files = job.folder.touched();
    let unused = unused(&job);
    let mut mistakes = job.mistakes.finish();
    if mistakes.iter().any(|mistake| mistake.kind == Kind::Error) {
        mistakes.retain(|mistake| mistake.kind == Kind::Error);
        return Bundle { document: None, mistakes, files };
    }
    mistakes.extend(unused);
    Bundle { document, mistakes, files }
}

fn read_page(job: &mut Job<'_>) -> Option<String> {
    let shown = job.folder.shown(PAGE);
    match job.folder.bytes(PAGE) {
        Ok(_) => {
            let page = job.text(PAGE)?;
            Some(document(job, &page))
        }
        Err(Missing::Absent(_)) => {
            let dir = &job.folder.dir;
            let help =
                format!("paths are relative to the crate's `Cargo.toml`; run `cargo pmcp app new {dir}` to create it");
            job.once(Kind::Error, Topic::Document, None, format!("`{shown}` does not exist"), help);
            None
        }
        Err(Missing::Link) => {
            let help = format!("copy the file into `{}`", job.folder.dir);
            job.once(
                Kind::Error,
                Topic::Document,
                None,
                format!("`{shown}` is a link out of the widget's directory"),
                help,
            );
            None
        }
        Err(_) => {
            let help = "make it a file of at most 16 MiB";
            job.once(Kind::Error, Topic::Document, None, format!("`{shown}` cannot be read"), help);
            None
        }
    }
}

fn check_budget(job: &mut Job<'_>, document: &str) {
    let budget = job.declared.budget;
    if document.len() <= budget {
        return;
    }
    let mut largest: Vec<(&str, usize)> = Vec::new();
    for (path, size) in job.sizes.iter() {
        let at = largest.partition_point(|(_, larger)| larger >= size);
        largest.insert(at, (path, *size));
        largest.truncate(3);
    }
    let files: Vec<String> =
        largest.iter().map(|(path, size)| format!("`{path}` takes {} KiB", size.div_ceil(1024))).collect();
    let files = if files.is_empty() { String::new() } else { format!(": {}", files.join(", ")) };
    let has = document.len().div_ceil(1024);
    let message = format!("the document has {has} KiB; the budget is {}{files}", kibibytes(budget));
    let help = format!("make it smaller, or set `budget = \"{}\"`", enough(document.len()));
    job.tell(Kind::Error, Topic::Size, At { file: PAGE, offset: 0 }, message, help);
}

/// Looks at every text: whatever a view gets, whoever looks at it has.
pub(crate) fn check_secrets(job: &mut Job<'_>) {
    let found: Vec<(String, usize, &str)> = job
        .folder
        .texts()
        .flat_map(|(path, text)| secrets::find(text).map(|(offset, shown)| (path.to_owned(), offset, shown)))
        .collect();
    for (path, offset, shown) in found {
        let message = format!("this looks like a secret (`{shown}`)");
        let help = "keep it on the server and ask a tool";
        job.tell(Kind::Error, Topic::Secrets, At { file: &path, offset }, message, help);
    }
}

fn kibibytes(bytes: usize) -> String {
    if bytes.is_multiple_of(1024) { format!("{} KiB", bytes / 1024) } else { format!("{bytes} bytes") }
}

/// A round budget that the size is within.
fn enough(bytes: usize) -> String {
    const QUARTER: usize = 256 * 1024;
    const WHOLE: usize = 1024 * 1024;
    if bytes <= WHOLE - QUARTER {
        return format!("{}KiB", bytes.div_ceil(QUARTER) * 256);
    }
    format!("{}MiB", bytes.div_ceil(WHOLE))
}

fn unused(job: &Job<'_>) -> Vec<Mistake> {
    let texts: Vec<String> = job.folder.texts().map(|(_, text)| text.to_ascii_lowercase()).collect();
    let dir = &job.folder.dir;
    policy::unused(&job.declared.csp, &job.used, &texts)
        .into_iter()
        .map(|origin| Mistake {
            place: None,
            message: format!("`{origin}` is declared in `csp(…)`, but nothing in `{dir}` uses it"),
            help: "remove it; `cargo pmcp app check` tells what is used at run time".to_owned(),
            kind: Kind::Warning,
            topic: Topic::Origins,
        })
        .collect()
}
