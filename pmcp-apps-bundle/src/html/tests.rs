//! Tests of the places of tags and attributes.

use proptest::prelude::*;

use super::{Token, tokens};

/// Checks that every place is the bytes it says it is.
fn check(page: &str) {
    let mut end = 0;
    for token in tokens(page).0 {
        let span = token.span().clone();
        assert!(span.start >= end && span.end <= page.len(), "{page:?}: {token:?}");
        let text = page.get(span.clone()).unwrap_or_else(|| panic!("{page:?}: {token:?}"));
        end = span.end;
        match token {
            Token::Start(tag) => {
                assert!(text.starts_with('<') && text.ends_with('>'), "{page:?}: {text:?}");
                for attribute in tag.attributes {
                    let written = &page[attribute.span.clone()];
                    assert!(
                        span.start < attribute.span.start && attribute.span.end < span.end,
                        "{page:?}: {written:?}"
                    );
                    // Zeros are replaced in names.
                    if !page.contains('\0') {
                        assert!(written.to_ascii_lowercase().starts_with(&attribute.name), "{page:?}: {attribute:?}");
                    }
                    if !written.contains(['&', '\0', '\r']) {
                        let value = written.trim_end_matches(['"', '\'']);
                        assert!(
                            value.ends_with(attribute.value.trim_end_matches(['"', '\''])),
                            "{page:?}: {attribute:?}"
                        );
                    }
                }
            }
            Token::End { .. } => assert!(text.starts_with("</") && text.ends_with('>'), "{page:?}: {text:?}"),
            Token::Comment { .. } => assert!(text.starts_with('<'), "{page:?}: {text:?}"),
            Token::Doctype { .. } => assert!(text.starts_with("<!"), "{page:?}: {text:?}"),
        }
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<",
        ">",
        "/",
        "</",
        "a",
        "b",
        " ",
        "\n",
        "\r",
        "\r\n",
        "=",
        "\"",
        "'",
        "&",
        "&amp;",
        "&lt",
        "&#x41;",
        "&#65",
        "&notit;",
        "é",
        "\u{0}",
        "<!--",
        "-->",
        "--!>",
        "<!",
        "<!doctype html>",
        "<script",
        "</script>",
        "<style>",
        "</style>",
        "<svg>",
        "</svg>",
        "<svg/>",
        "<![CDATA[",
        "]]>",
        "<title>",
        "</title>",
        "<p ",
        "x=1",
        "y='2'",
        "<br/>",
        "<textarea>",
        "?",
        "&ampx",
        "\t",
        "\u{1F600}",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn places_are_bytes_of_the_page(page in pieces()) {
        check(&page);
    }
}

#[test]
fn an_attribute_has_the_bytes_of_its_value() {
    let page = "<img alt SRC = 'a&amp;b.png' width=5>";
    let (tokens, faults) = tokens(page);
    let [Token::Start(tag)] = tokens.as_slice() else { panic!("{tokens:?}") };
    let source = tag.attribute("src").unwrap();
    assert_eq!((&page[source.span.clone()], source.value.as_str()), ("SRC = 'a&amp;b.png'", "a&b.png"));
    assert_eq!(tag.attribute("width").map(|width| &page[width.span.clone()]), Some("width=5"));
    assert_eq!(tag.attribute("alt").map(|alt| &page[alt.span.clone()]), Some("alt"));
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn the_content_of_scripts_is_no_html() {
    let page = "<script>if (a < b) '<p>'</script><svg><script>x</script><title><b></b></title></svg>";
    let names: Vec<String> = tokens(page).0.iter().map(|token| page[token.span().clone()].to_owned()).collect();
    assert_eq!(
        names,
        ["<script>", "</script>", "<svg>", "<script>", "</script>", "<title>", "<b>", "</b>", "</title>", "</svg>"]
    );
}

#[test]
fn mistakes_have_the_names_of_the_standard() {
    let faults = |page: &str| tokens(page).1.into_iter().map(|fault| (fault.at, fault.message)).collect::<Vec<_>>();
    assert_eq!(faults("<p id=a id=b>"), [(8, "malformed HTML: duplicate attribute".to_owned())]);
    assert_eq!(faults("<p>&foo;"), [(7, "malformed HTML: unknown named character reference".to_owned())]);
    assert_eq!(faults("<p a"), [(0, "malformed HTML: eof in tag".to_owned())]);
    assert_eq!(faults("a<!-- b"), [(1, "malformed HTML: eof in comment".to_owned())]);
    assert_eq!(faults("<p></p a=1>"), [(7, "malformed HTML: end tag with attributes".to_owned())]);
}
