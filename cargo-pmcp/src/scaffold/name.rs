//! Names of new crates and widgets: what Cargo, Rust and file systems take, and nothing that could be taken for something else.

use heck::{ToKebabCase as _, ToUpperCamelCase as _};

use crate::error::{Error, Result};

/// The most characters of a name, as registries have it.
const LONGEST: usize = 64;

/// The most characters of a title.
const LONGEST_TITLE: usize = 64;

/// The words of Rust that cannot be the name of a crate, those that are kept for later among them.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Crates that come with Rust, and directories of Cargo in `target`.
const RUST: &[&str] =
    &["alloc", "build", "core", "deps", "examples", "incremental", "proc-macro", "proc_macro", "std", "test"];

/// Crates that a new app names: one by such a name would be taken for them.
const CRATES: &[&str] = &["pmcp-apps", "pmcp-server", "pmcp-tasks", "schemars", "serde", "serde-json", "tokio"];

/// Names of devices, which no file on Windows can have.
const DEVICES: &[&str] = &[
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1", "lpt2", "lpt3",
    "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// Types that every file of Rust knows: one by such a name would hide them.
const PRELUDE: &[&str] = &[
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Copy",
    "Default",
    "Drop",
    "Eq",
    "Err",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "Into",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "Unpin",
    "Vec",
];

/// Checks the name of a crate.
///
/// # Errors
/// No package can have it, or it would be taken for something else.
pub(crate) fn check_crate(name: &str) -> Result {
    check_widget(name)?;
    let because = |reason: &str| {
        Err(Error::usage(format!("`{name}` {reason}")).help(format!("choose another name, such as `{name}-app`")))
    };
    let has = |names: &[&str]| names.contains(&name);
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        return Err(Error::usage(format!("`{name}` has capitals, which names of crates have not"))
            .help(format!("name it `{}`", name.to_kebab_case())));
    }
    if has(KEYWORDS) {
        return because("is a keyword of Rust");
    }
    if has(RUST) {
        return because("is a name that Rust and Cargo have for something of their own");
    }
    if CRATES.contains(&name.replace('_', "-").as_str()) {
        return because("is a crate that the app depends on");
    }
    if has(DEVICES) {
        return because("is a device on Windows, where no file can have its name");
    }
    Ok(())
}

/// Checks the name of a widget's directory.
///
/// # Errors
/// It is not of letters, digits, `-` and `_`, and so no part of an address.
pub(crate) fn check_widget(name: &str) -> Result {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mistake = if let Some(other) = name.chars().find(|c| !is_plain(*c)) {
        format!("`{name}` has `{}` in it", other.escape_debug())
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        format!("`{name}` does not begin with a letter")
    } else if name.len() > LONGEST {
        format!("the name has {} characters, and may have {LONGEST}", name.len())
    } else {
        return Ok(());
    };
    let mended = name.to_kebab_case();
    let mended = mended.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let is_mended = mended != name && mended.chars().all(is_plain) && (1..=LONGEST).contains(&mended.len());
    Err(Error::usage(mistake).help(if is_mended {
        format!("name it `{mended}`")
    } else {
        "name it with letters, digits, `-` and `_`, such as `my-app`".to_owned()
    }))
}

/// The name as Rust has it for a module or a crate.
pub(crate) fn ident(name: &str) -> String {
    name.replace('-', "_")
}

/// The name of a type, which is none of these and hides nothing that every file knows.
pub(crate) fn type_name(name: &str, is_taken: impl FnOnce(&str) -> bool) -> String {
    let camel = name.to_upper_camel_case();
    if PRELUDE.contains(&camel.as_str()) || is_taken(&camel) { format!("{camel}Widget") } else { camel }
}

/// The title that a name stands for: `my-app` is `My app`.
pub(crate) fn title(name: &str) -> String {
    let mut title = name.to_kebab_case().replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

/// Reads a title from the command line.
///
/// # Errors
/// It is empty, too long, or not one line of text.
pub(crate) fn parse_title(title: &str) -> std::result::Result<String, String> {
    let title = title.trim();
    let length = title.chars().count();
    if title.is_empty() {
        return Err("it is empty".to_owned());
    }
    if title.contains(char::is_control) {
        return Err("it is not one line of text".to_owned());
    }
    if length > LONGEST_TITLE {
        return Err(format!("it has {length} characters, and may have {LONGEST_TITLE}"));
    }
    Ok(title.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(name: &str) -> String {
        let error = check_crate(name).unwrap_err();
        format!("{}; {}", error.message.unwrap_or_default(), error.help.join("; "))
    }

    #[test]
    fn names_that_cargo_and_rust_take_are_taken() {
        for name in ["a", "chess", "my-app", "my_app", "r2-d2", "tea", "server", "app-name", "_".repeat(0).as_str()] {
            assert!(name.is_empty() || check_crate(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn every_other_name_is_told_with_what_to_do() {
        let cases = [
            ("-x", "`-x` does not begin with a letter; name it `x`"),
            ("2d", "`2d` does not begin with a letter; name it `d`"),
            ("", "`` does not begin with a letter; name it with letters, digits, `-` and `_`, such as `my-app`"),
            ("_", "`_` does not begin with a letter; name it with letters, digits, `-` and `_`, such as `my-app`"),
            ("my app", "`my app` has ` ` in it; name it `my-app`"),
            ("a\nb", "`a\nb` has `\\n` in it; name it `a-b`"),
            ("x\"]", "`x\"]` has `\\\"` in it; name it `x`"),
            ("tée", "`tée` has `é` in it; name it with letters, digits, `-` and `_`, such as `my-app`"),
            ("MyApp", "`MyApp` has capitals, which names of crates have not; name it `my-app`"),
            ("move", "`move` is a keyword of Rust; choose another name, such as `move-app`"),
            (
                "test",
                "`test` is a name that Rust and Cargo have for something of their own; choose another name, such as `test-app`",
            ),
            (
                "serde_json",
                "`serde_json` is a crate that the app depends on; choose another name, such as `serde_json-app`",
            ),
            (
                "nul",
                "`nul` is a device on Windows, where no file can have its name; choose another name, such as `nul-app`",
            ),
        ];
        for (name, expected) in cases {
            assert_eq!(mistake(name), expected);
        }
        let long = "a".repeat(65);
        assert!(mistake(&long).starts_with("the name has 65 characters, and may have 64"));
    }

    #[test]
    fn a_widget_s_directory_may_have_a_name_that_a_crate_has_not() {
        for name in ["move", "Board", "test"] {
            assert!(check_widget(name).is_ok(), "{name}");
        }
        assert!(check_widget("my board").is_err());
    }

    #[test]
    fn a_type_hides_no_other() {
        assert_eq!(type_name("my-app", |_| false), "MyApp");
        assert_eq!(type_name("string", |_| false), "StringWidget");
        assert_eq!(type_name("self", |_| false), "SelfWidget");
        assert_eq!(type_name("tea", |name| name == "Tea"), "TeaWidget");
    }

    #[test]
    fn a_title_is_made_of_the_name_or_given() {
        assert_eq!(title("my_new-app"), "My new app");
        assert_eq!(parse_title(" Chess & co. "), Ok("Chess & co.".to_owned()));
        for wrong in ["", "  ", "a\nb", "a\u{1b}[2J", &"a".repeat(65)] {
            assert!(parse_title(wrong).is_err(), "{wrong:?}");
        }
    }
}
