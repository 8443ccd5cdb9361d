//! The files of the page, which are built from `preview-page/`, and of the client in it, from `pmcp-preview-web/`.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

const INDEX: &str = include_str!("../assets/index.html");
const OPEN: &str = include_str!("../assets/open.html");

/// Each file with its name and its media type.
const FILES: [(&str, &str, &[u8]); 7] = [
    ("page.js", "text/javascript; charset=utf-8", include_bytes!("../assets/page.js")),
    ("open.js", "text/javascript; charset=utf-8", include_bytes!("../assets/open.js")),
    ("page.css", "text/css; charset=utf-8", include_bytes!("../assets/page.css")),
    ("axe.js", "text/javascript; charset=utf-8", include_bytes!("../assets/axe.js")),
    ("client.js", "text/javascript; charset=utf-8", include_bytes!("../assets/client.js")),
    ("client.wasm", "application/wasm", include_bytes!("../assets/client.wasm")),
    ("LICENSES", "text/plain; charset=utf-8", include_bytes!("../assets/LICENSES")),
];

/// The document of the page. There is no data in it.
pub(crate) async fn index() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], INDEX).into_response()
}

/// The document of the way in, which goes on to the page with the key alone.
pub(crate) async fn open() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], OPEN).into_response()
}

/// A file that the page loads.
pub(crate) async fn file(Path(name): Path<String>) -> Response {
    match FILES.iter().find(|(known, ..)| *known == name) {
        Some((_, media_type, bytes)) => ([(header::CONTENT_TYPE, *media_type)], *bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
