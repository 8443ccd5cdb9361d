//! Directories for tests.

/// The mistakes of a page alone, as text.
pub(crate) fn mistakes_of(page: &str) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("w")).unwrap();
    std::fs::write(dir.path().join("w/index.html"), page).unwrap();
    let bundle = crate::bundle(&crate::Source { crate_dir: dir.path(), dir: "w" }, &crate::Declared::default());
    bundle.mistakes.iter().map(|mistake| format!("{mistake}\nhelp: {}", mistake.help)).collect()
}
