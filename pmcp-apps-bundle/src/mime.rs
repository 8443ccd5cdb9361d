//! Types of files that are not text, by extension.

/// Extensions and their types. A file that is none of these is a mistake: browsers would have to guess.
const TYPES: [(&str, &str); 32] = [
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("mjs", "text/javascript"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("ttf", "font/ttf"),
    ("vtt", "text/vtt"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
];

pub(crate) fn of(path: &str) -> Option<&'static str> {
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1.to_ascii_lowercase();
    TYPES.binary_search_by(|(known, _)| (*known).cmp(&extension)).ok().map(|at| TYPES[at].1)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_extension_is_found() {
        assert!(super::TYPES.is_sorted());
        for (extension, kind) in super::TYPES {
            assert_eq!(super::of(&format!("a.b/c.{}", extension.to_uppercase())), Some(kind));
        }
        assert_eq!(super::of("a.png/b"), None);
    }
}
