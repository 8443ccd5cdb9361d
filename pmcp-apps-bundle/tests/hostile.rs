//! No bytes make it panic, take long or look elsewhere.

mod support;

use std::time::{Duration, Instant};

use pmcp_apps_bundle::Identity;
use proptest::prelude::*;
use support::{Widget, page};

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<",
        ">",
        "</",
        "/>",
        "<script ",
        "<script type=module ",
        "src=a.js",
        "</script>",
        "<style>",
        "</style>",
        "<link rel=stylesheet href=",
        "a.css",
        "<img src=",
        "a.png",
        "../",
        "/",
        "<svg>",
        "</svg>",
        "<use href=a.svg#x>",
        "<image href=a.png>",
        "style=\"",
        "url(",
        ")",
        "\"",
        "'",
        "@import ",
        ";",
        "{",
        "}",
        "import x from ",
        "\"./a.js\"",
        "\"./b.json\"",
        " with { type: \"json\" }",
        "export default 1",
        "import(",
        "fetch(",
        "`",
        "${",
        "<!--",
        "-->",
        "srcset=",
        " 1x, ",
        "<base href=x/>",
        "<title>",
        "</title>",
        "<html lang=en>",
        "<!doctype html>",
        "\\",
        "é",
        "\u{0}",
        "\r\n",
        "&amp;",
        "=",
        " ",
        "\n",
        "https://a.example",
        "//",
        "eval(",
        "onclick=\"",
        "<iframe src=",
        "<template>",
        "</template>",
        "<a href=",
        "defer ",
        "<![CDATA[",
        "]]>",
        "@charset \"x\";",
        "location.href",
        "=>",
        "class A extends (",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the files say, there is a document or an error, and only files of the directory are read.
    #[test]
    fn any_files_give_a_document_or_a_mistake(page in pieces(), css in pieces(), js in pieces(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let widget = Widget::new(&[("index.html", &page), ("a.css", &css), ("a.js", &js)])
            .file("a.png", &bytes)
            .file("b.json", &bytes)
            .declare(|d| d.bridge = Some(Identity::default()));
        let bundle = widget.bundle();
        let is_wrong = bundle.mistakes.iter().any(|mistake| mistake.kind == pmcp_apps_bundle::Kind::Error);
        prop_assert_eq!(bundle.document.is_none(), is_wrong);
        let known = ["w/index.html", "w/a.css", "w/a.js", "w/a.png", "w/b.json"];
        prop_assert!(bundle.files.iter().all(|file| known.contains(&file.as_str())));
        for mistake in &bundle.mistakes {
            prop_assert!(!mistake.message.is_empty() && !mistake.help.is_empty());
        }
    }

    #[test]
    fn any_bytes_are_a_page_or_a_mistake(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        Widget::new(&[]).file("index.html", &bytes).bundle();
    }
}

/// Texts whose reading would take the square of their length, if anything looked at the rest again for each piece.
#[test]
fn hostile_texts_are_read_in_a_line() {
    let many = |text: &str| text.repeat(200_000);
    let pages = [
        many("<b>"),
        many("</b>"),
        many("<p a"),
        many("<!--"),
        many("<p id=a id=a>"),
        format!("<p {}>", many("a ")),
        format!("<p {}>", (0..100_000).map(|n| format!("a{n}=b")).collect::<Vec<_>>().join(" ")),
        many("<button>"),
        many("<svg><title>") + &many("</desc>"),
        many("<button></button>"),
        format!("<img alt='' srcset=\"{}\">", many("a ( ,")),
        format!("<p style=\"{}\">", many("url(")),
        many("<svg><title>"),
        many("<template>"),
        many("&"),
        many("<style>"),
        many("<img src=none.png>"),
    ];
    for text in pages {
        let start = Instant::now();
        Widget::body(&text).bundle();
        assert!(start.elapsed() < Duration::from_secs(20), "{}… takes {:?}", &text[..20], start.elapsed());
    }
    for css in [
        many("/*"),
        many("{"),
        many("}"),
        many("url("),
        many("\\"),
        many("@import 'b.css';"),
        many("image-set("),
        many("\"\n"),
        many("@a "),
    ] {
        let start = Instant::now();
        Widget::new(&[("index.html", &page("<link rel=stylesheet href=a.css>")), ("a.css", &css), ("b.css", "p { }")])
            .bundle();
        assert!(start.elapsed() < Duration::from_secs(20), "{}… takes {:?}", &css[..5], start.elapsed());
    }
}

/// Each sheet imports the next twice: the document would have a thousand million copies of the last.
#[test]
fn imports_that_multiply_are_refused() {
    let widget = Widget::body("<link rel=stylesheet href=0.css>");
    for level in 0..30 {
        let next = level + 1;
        widget.write(&format!("{level}.css"), format!("@import '{next}.css';@import '{next}.css' print;"));
    }
    widget.write("30.css", "p { color: red }");
    let told = widget.told();
    assert_eq!(told, ["the document would have more than 64 MiB\nhelp: name large files once"]);
}

#[test]
fn files_have_a_largest_size() {
    let widget = Widget::body("<img alt='' src=a.png>").file("a.png", vec![0; (16 << 20) + 1]);
    assert_eq!(
        widget.told(),
        ["w/index.html:2:13: `a.png` has more than 16 MiB\nhelp: make it smaller, or load it from an origin of yours"]
    );
}

/// A chain of files that export each other whole would make a text of hundreds of megabytes.
#[test]
fn exports_that_multiply_are_refused() {
    let widget = Widget::body("<script type=module src=a0.js></script>");
    for n in 0..1_000 {
        let more = format!("export * from './a{}.js'; export const x{n} = 1;", n + 1);
        widget.write(&format!("a{n}.js"), if n == 999 { "export const last = 1;".to_owned() } else { more });
    }
    let told = widget.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("export more than 262144 names"), "{told:?}");
}

#[test]
fn one_mistake_made_often_is_looked_for_once() {
    let begin = Instant::now();
    let asks = "fetch('https://a.example');\n".repeat(100_000);
    let widget = Widget::body("<script src=a.js></script>").file("a.js", asks).declare(|d| d.budget = usize::MAX);
    assert_eq!(widget.told().len(), 1);
    let images: Vec<String> = (0..20_000).map(|n| format!("<img alt='' src=none{n}.png>\n")).collect();
    let widget = Widget::body(&images.concat());
    for n in 0..900 {
        widget.write(&format!("some{n}.png"), "x");
    }
    assert_eq!(widget.told().len(), 101);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

#[test]
fn places_of_mistakes_that_are_not_told_are_not_looked_for() {
    let begin = Instant::now();
    let asks: Vec<String> = (0..60_000).map(|n| format!("fetch('https://a{n}.example');\n")).collect();
    let widget =
        Widget::body("<script src=a.js></script>").file("a.js", asks.concat()).declare(|d| d.budget = usize::MAX);
    assert_eq!(widget.told().len(), 101);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn mistakes_have_an_end() {
    let told = Widget::body(&"<b></i>".repeat(5_000)).told();
    assert_eq!(told.len(), 101);
    assert_eq!(told[100], "there are more than 100 mistakes; the others are not told\nhelp: mend these first");
}

/// A pipe would keep the compiler waiting for ever.
#[cfg(unix)]
#[test]
fn pipes_are_not_read() {
    let widget = Widget::body("<img alt='' src=a.png>");
    assert!(std::process::Command::new("mkfifo").arg(widget.path("w/a.png")).status().unwrap().success());
    assert_eq!(widget.told(), ["w/index.html:2:13: `a.png` is not a file\nhelp: name a file"]);
}
