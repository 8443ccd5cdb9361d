//! The guide: a book made of the pages in `guide/src`, whose code blocks the doctests of the crate `guide` run.

use crate::command::{program, root, run};
use crate::setup;

pub(crate) const HELP: &str = "\
Make the guide a book in target/guide, with mdBook, which is installed into .tools/ if it is not there.

Usage: cargo xtask guide
";

/// Builds the book.
pub(crate) fn build() -> anyhow::Result<()> {
    run(program(setup::mdbook()?).arg("build").arg(root().join("guide")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_page_is_in_the_book_and_tested_and_its_links_lead_to_pages() {
        let pages = root().join("guide/src");
        let summary = fs::read_to_string(pages.join("SUMMARY.md")).unwrap();
        let tested = fs::read_to_string(root().join("guide/lib.rs")).unwrap();
        let mut names = Vec::new();
        for entry in fs::read_dir(&pages).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let text = fs::read_to_string(pages.join(&name)).unwrap();
            for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = target.split('#').next().unwrap_or_default();
                assert!(target.contains("://") || pages.join(file).is_file(), "{name} leads to {target}");
            }
            names.push((name, text));
        }
        for (name, text) in names.iter().filter(|(name, _)| name != "SUMMARY.md") {
            assert!(summary.contains(&format!("({name})")), "{name} is not in the summary");
            let has_code = text.contains("```rust");
            assert_eq!(tested.contains(&format!("\"{name}\"")), has_code, "{name} is tested if it has code");
        }
    }
}
