//! The page that is served in place of a document with mistakes, while its author works on it.

use std::fmt::Write as _;

use crate::{
    mistake::{Kind, Mistake},
    text::escape_html,
};

/// Renders mistakes as a page: readable without scripts, in both themes and by a screen reader.
#[must_use]
pub fn page(mistakes: &[Mistake]) -> String {
    let errors = mistakes.iter().filter(|mistake| mistake.kind == Kind::Error).count();
    let title = match errors {
        0 => "This widget has warnings".to_owned(),
        1 => "This widget has 1 mistake".to_owned(),
        many => format!("This widget has {many} mistakes"),
    };
    let mut items = String::new();
    for mistake in mistakes {
        let kind = match mistake.kind {
            Kind::Error => "error",
            Kind::Warning => "warning",
        };
        let place = mistake.place.as_ref().map(|place| format!("<code>{}</code> ", escape_html(&place.to_string())));
        let _ = write!(
            items,
            "\n<li><p>{}<strong>{kind}:</strong> {}</p><p>help: {}</p></li>",
            place.unwrap_or_default(),
            escape_html(&mistake.message),
            escape_html(&mistake.help),
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main role=\"alert\">\n<h1>{title}</h1>\n<ul>{items}\n</ul>\n</main>\n</body>\n</html>\n"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:1rem;font:1rem/1.5 system-ui,sans-serif;color:light-dark(#1b1b1b,#f2f2f2);background:light-dark(#fff,#1b1b1b)}\
h1{font-size:1.25rem}ul{padding:0;list-style:none}li{margin-block:1rem;padding-inline-start:.75rem;border-inline-start:4px solid #c62828}\
p{margin:0;overflow-wrap:anywhere}";

#[cfg(test)]
mod tests {
    use super::page;
    use crate::{Kind, Mistake, Place};

    #[test]
    fn a_mistake_is_text_with_its_place_and_help() {
        let shown = page(&[Mistake {
            place: Some(Place { file: "widgets/<b>/index.html".to_owned(), line: 3, column: 7 }),
            message: "`<b>` is never closed".to_owned(),
            help: "add `</b>` before `</p>`".to_owned(),
            kind: Kind::Error,
            topic: crate::Topic::Markup,
        }]);
        assert!(shown.contains("<h1>This widget has 1 mistake</h1>"), "{shown}");
        assert!(shown.contains("<code>widgets/&lt;b&gt;/index.html:3:7</code>"), "{shown}");
        assert!(shown.contains("<strong>error:</strong> `&lt;b&gt;` is never closed"), "{shown}");
        assert!(shown.contains("help: add `&lt;/b&gt;` before `&lt;/p&gt;`"), "{shown}");
    }

    /// The page is a document of ours, and keeps the rules that ours keep.
    #[test]
    fn the_page_has_no_mistakes_itself() {
        let mistakes = crate::testing::mistakes_of(&page(&[]));
        assert_eq!(mistakes, Vec::<String>::new());
    }
}
