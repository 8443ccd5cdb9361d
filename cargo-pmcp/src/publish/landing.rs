//! The landing page: what the server is, how to connect it, and a view of it under the real host, which replays a trace.

use super::{App, File, bundle::Bundle, demo::Demo, page, trace::Trace};

/// The page's script and style, which `cargo xtask ui` builds from `preview-page/`.
const HOST: &str = include_str!("../../assets/landing/host.js");
const STYLE: &str = include_str!("../../assets/landing/host.css");

/// The files.
pub(super) fn files(app: &App, trace: Option<&Trace>, bundle: Option<&Bundle>) -> Vec<File> {
    let demo = trace.and_then(|trace| Demo::of(app, trace));
    let page = page::html(app, demo.as_ref(), bundle);
    let mut files = vec![File::new("index.html", page), File::new("host.js", HOST), File::new("host.css", STYLE)];
    files.extend(app.icon().map(|icon| File::new("icon.png", icon.bytes.clone())));
    files
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::publish::app::tests::app;

    #[test]
    fn a_server_without_a_view_has_a_page_too() {
        let files = files(&app(&json!({}), None), None, None);
        let names: Vec<_> = files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(names, ["index.html", "host.js", "host.css"]);
        let page = String::from_utf8(files[0].bytes.clone()).unwrap();
        assert!(!page.contains("<script"), "{page}");
    }
}
