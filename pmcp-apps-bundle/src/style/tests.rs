//! Tests of the scanner, with cssparser as the oracle of its tokens.

use cssparser::{ParseError, Parser, ParserInput, Token as Theirs};
use proptest::prelude::*;

use super::{Form, attribute, sheet};
use crate::style::tokens::{Kind, tokens};

/// Strings, addresses, functions and at-rules of a text as cssparser reads them, with the byte where each ends.
fn theirs(parser: &mut Parser<'_, '_>, out: &mut Vec<(String, String)>) {
    while let Ok(token) = parser.next_including_whitespace_and_comments().cloned() {
        let entry = match &token {
            Theirs::QuotedString(value) => ("string", value.to_string()),
            Theirs::UnquotedUrl(value) => ("url", value.to_string()),
            Theirs::BadUrl(_) => ("bad url", String::new()),
            Theirs::BadString(_) => ("bad string", String::new()),
            Theirs::AtKeyword(name) => ("at", name.to_string()),
            Theirs::Ident(name) => ("word", name.to_string()),
            Theirs::Function(name) => ("function", name.to_string()),
            Theirs::Semicolon => ("semicolon", String::new()),
            Theirs::CurlyBracketBlock | Theirs::SquareBracketBlock | Theirs::ParenthesisBlock => {
                ("open", String::new())
            }
            Theirs::CloseCurlyBracket | Theirs::CloseSquareBracket | Theirs::CloseParenthesis => {
                ("close", String::new())
            }
            Theirs::Comment(_) => ("comment", String::new()),
            _ => continue,
        };
        out.push((entry.0.to_owned(), entry.1));
        if matches!(
            token,
            Theirs::Function(_) | Theirs::CurlyBracketBlock | Theirs::SquareBracketBlock | Theirs::ParenthesisBlock
        ) {
            let _: Result<(), ParseError<'_, ()>> = parser.parse_nested_block(|nested| {
                theirs(nested, out);
                Ok(())
            });
        }
    }
}

/// The same of ours. The closing bracket of a block is no token in cssparser.
fn ours(text: &str) -> Vec<(String, String)> {
    let mut open = Vec::new();
    let mut out = Vec::new();
    for token in tokens(text) {
        let entry = match token.kind {
            Kind::Text { value, closed } if closed || token.span.end == text.len() => ("string", value),
            Kind::Text { .. } => ("bad string", String::new()),
            Kind::Url { value, .. } => ("url", value),
            Kind::BadUrl => ("bad url", String::new()),
            Kind::At(name) => ("at", name),
            Kind::Word(name) => ("word", name),
            Kind::Semicolon => ("semicolon", String::new()),
            Kind::Comment { .. } => ("comment", String::new()),
            Kind::Function(name) => {
                open.push(b')');
                ("function", name)
            }
            Kind::Open(byte) => {
                open.push(if byte == b'(' { b')' } else { byte + 2 });
                ("open", String::new())
            }
            Kind::Close(byte) if open.last() == Some(&byte) => {
                open.pop();
                continue;
            }
            Kind::Close(_) => ("close", String::new()),
            Kind::Space | Kind::Other => continue,
        };
        out.push((entry.0.to_owned(), entry.1));
    }
    out
}

fn agree(text: &str) {
    // The standard differs: `-` before an escaped line end is no name, and a `\` that ends an address after a space may escape a `)`.
    let names = ["-\\\n", "-\\\r", "-\\\u{c}", " \\", "\n\\", "\t\\", "\u{c}\\"];
    if names.iter().any(|name| text.contains(name)) {
        return;
    }
    let mut input = ParserInput::new(text);
    let mut expected = Vec::new();
    theirs(&mut Parser::new(&mut input), &mut expected);
    assert_eq!(ours(text), expected, "{text:?}");
}

/// Pieces that are hard to read, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "url(",
        "URL(",
        "u\\72l(",
        "\\",
        "\\\n",
        "\\41 ",
        "\\000022",
        "\"",
        "'",
        "a",
        "é",
        "-",
        "--",
        "-->",
        "<!--",
        "/*",
        "*/",
        "/",
        "*",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ";",
        ",",
        ":",
        "@import",
        "@",
        "#",
        "#url(",
        "1",
        "1.5e3",
        "1e",
        "+",
        ".",
        "%",
        " ",
        "\n",
        "\r\n",
        "\t",
        "\u{0}",
        "\u{7f}",
        "url( \"x\" )",
        "url(a b)",
        "image-set(",
        "!",
        "_",
        "\u{c}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_those_of_cssparser(text in pieces()) {
        agree(&text);
    }

    #[test]
    fn tokens_cover_any_text_without_a_gap(text in "\\PC{0,64}") {
        let mut end = 0;
        for token in tokens(&text) {
            prop_assert_eq!(token.span.start, end);
            prop_assert!(token.span.end > end && text.is_char_boundary(token.span.end));
            end = token.span.end;
        }
        prop_assert_eq!(end, text.len());
        sheet(&text);
    }
}

fn urls(text: &str) -> Vec<(String, Form, bool)> {
    sheet(text).references.into_iter().map(|found| (found.url, found.form, found.is_font)).collect()
}

#[test]
fn addresses_are_found_wherever_they_stand() {
    let text = "a { background: URL( 'b.png' ), url(c\\.png) } @media print { @font-face { src: local('x'), url(f.woff2) format('woff2') } }\n\
                i { cursor: image-set('d.png' 1x, url(e.png) type('image/png') 2x) }";
    let found = urls(text);
    let expected = [
        ("b.png", Form::Text, false),
        ("c.png", Form::Url, false),
        ("f.woff2", Form::Url, true),
        ("d.png", Form::Text, false),
        ("e.png", Form::Url, false),
    ];
    assert_eq!(found, expected.map(|(url, form, is_font)| (url.to_owned(), form, is_font)));
}

#[test]
fn words_that_look_like_addresses_are_none() {
    assert_eq!(
        urls("/* url(a) */ a::after { content: 'url(b)' } #url(c) {} @namespace url(http://d); b { c: 1url(e) }"),
        []
    );
    assert_eq!(urls("a { c: type('x.png') attr(url) }"), []);
}

#[test]
fn an_import_has_its_conditions() {
    let found = sheet(
        "@charset \"utf-8\";@layer a, b;\n@import url( 'x.css' ) layer(a.b) supports(not (display: grid)) screen and (width > 1px);@import \"y.css\" layer;",
    );
    assert_eq!(found.charset, Some(0..17));
    let [one, two] = found.imports.as_slice() else { panic!("{found:?}") };
    assert_eq!((one.url.as_str(), one.layer.as_deref()), ("x.css", Some("a.b")));
    assert_eq!(
        (one.supports.as_deref(), one.media.as_str()),
        (Some("not (display: grid)"), "screen and (width > 1px)")
    );
    assert_eq!(
        (two.url.as_str(), two.layer.as_deref(), two.supports.as_deref(), two.media.as_str()),
        ("y.css", Some(""), None, "")
    );
    assert!(found.faults.is_empty(), "{:?}", found.faults);
}

#[test]
fn faults_are_told_at_their_place() {
    let told = |text: &str, expected: (usize, &str)| {
        let faults = sheet(text).faults;
        assert_eq!(faults.iter().map(|fault| (fault.at, fault.message.as_str())).collect::<Vec<_>>(), [expected]);
    };
    told("a { b: c } }", (11, "`}` closes nothing"));
    told("a { b: c", (2, "`{` is never closed"));
    told("a { b: 'c\n}", (7, "this string is never closed"));
    told("/* a", (0, "this comment is never closed"));
    told("a {} @import 'x';", (5, "browsers ignore an `@import` after other rules"));
    told("a { b: url(x y) }", (7, "this `url(…)` has a character that ends it"));
}

#[test]
fn a_style_attribute_is_a_list_of_declarations() {
    let found = attribute("background: url(a.png) no-repeat");
    assert_eq!((found[0].url.as_str(), found[0].span.clone()), ("a.png", 12..22));
}
