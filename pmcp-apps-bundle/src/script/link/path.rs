//! Paths: the file that a specifier means.

/// The path that a relative specifier leads to from a module, without query and fragment; none if it leaves the directory.
///
/// `from` is the path of the module below the widget's directory, perhaps with `#` and something behind.
#[must_use]
pub fn resolve(from: &str, specifier: &str) -> Option<String> {
    let from = from.split('#').next().unwrap_or_default();
    let end = specifier.find(['?', '#']).unwrap_or(specifier.len());
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    let decoded = decode(&specifier[..end])?;
    for part in decoded.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Resolves `%20` and its like. What is no text has no file.
fn decode(specifier: &str) -> Option<String> {
    if !specifier.contains('%') {
        return Some(specifier.to_owned());
    }
    let bytes = specifier.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = specifier.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            // A slash in a name is none of the path, and there is no file of such a name.
            Some(b'/' | 0) => return None,
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn specifiers_lead_to_files() {
        for (from, specifier, path) in [
            ("app.js", "./a.js", Some("a.js")),
            ("lib/app.js", "./a.js", Some("lib/a.js")),
            ("lib/app.js", "../a.js?v=1#x", Some("a.js")),
            ("lib/app.js", "../../a.js", None),
            ("app.js", "./lib/../a.js", Some("a.js")),
            ("app.js", "./a%20b.js", Some("a b.js")),
            ("app.js", "./a%2Fb.js", None),
            ("app.js", "./%2e%2e/a.js", None),
            ("app.js", "./%FF.js", None),
            ("app.js", "./100%.js", Some("100%.js")),
            ("pages/index.html#2", "./a.js", Some("pages/a.js")),
        ] {
            assert_eq!(resolve(from, specifier).as_deref(), path, "{specifier} from {from}");
        }
    }
}
