//! Mistakes of files and directories.

use crate::{
    case, check,
    support::{self, Widget, page},
};

#[test]
fn files() {
    let body = Widget::body;
    check([
        case(
            Widget::new(&[]),
            "`w/index.html` does not exist",
            "paths are relative to the crate's `Cargo.toml`; run `cargo pmcp app new w` to create it",
            |w| w.write("index.html", page("")),
        ),
        case(
            body("<p>\n  é<img alt=\"\" src=\"pieces/knigth.svg\">").file("pieces/knight.svg", "<svg/>"),
            "w/index.html:3:16: `pieces/knigth.svg` does not exist",
            "did you mean `pieces/knight.svg`?",
            |w| w.edit("index.html", "knigth", "knight"),
        ),
        case(
            body("<img alt=\"\" src=\"queen.svg\">"),
            "w/index.html:2:13: `queen.svg` does not exist",
            "create `w/queen.svg`",
            |w| w.write("queen.svg", "<svg/>"),
        ),
        case(
            body("<p style=\"background: url(/img/a.png)\">").file("img/a.png", "x"),
            "w/index.html:2:4: `/img/a.png` is absolute; a widget has no server behind it",
            "name the file relative to this one",
            |w| w.edit("index.html", "/img", "img"),
        ),
        case(
            body("<img alt=\"\" src=\"../a.png\">").file("../a.png", "x"),
            "w/index.html:2:13: `../a.png` leaves the widget's directory",
            "move the file into `w`",
            |w| {
                std::fs::rename(w.path("a.png"), w.path("w/a.png")).unwrap();
                w.edit("index.html", "../", "");
            },
        ),
        case(
            body("<link rel=stylesheet href=css/a.css>").file("css/a.css", "p {\n  background: url(b.png) }"),
            "w/css/a.css:2:15: `b.png` does not exist",
            "create `w/css/b.png`",
            |w| w.write("css/b.png", "x"),
        ),
        case(
            body("<img alt=\"\" src=\"a.xyz\">").file("a.xyz", "x"),
            "w/index.html:2:13: nothing tells the type of `a.xyz`",
            "give it the extension of its type, such as `.png`, `.svg`, `.woff2` or `.mp4`",
            |w| {
                w.write("a.png", "x");
                w.edit("index.html", "xyz", "png");
            },
        ),
        case(
            body("<link rel=stylesheet href=a.css>").file("a.css", b"p {}\n\xc3\xa9 b\xff"),
            "w/a.css:2:4: this is not UTF-8",
            "save the file as UTF-8",
            |w| w.write("a.css", "p {}"),
        ),
        case(
            body("<img alt=\"\" src=\"img\">").file("img/a.png", ""),
            "w/index.html:2:13: `img` is not a file",
            "name a file",
            |w| {
                w.edit("index.html", "src=\"img", "src=\"img/a.png");
            },
        ),
        case(
            body(&format!("<p>{}", "x".repeat(2_000)))
                .file("a.css", "p { color: red }".repeat(1_000))
                .declare(|d| d.budget = 2 * 1024),
            "w/index.html:1:1: the document has 3 KiB; the budget is 2 KiB",
            "make it smaller, or set `budget = \"256KiB\"`",
            |w| w.declared.budget = 256 * 1024,
        ),
        case(
            body("<link rel=stylesheet href=a.css><img alt=\"\" src=b.png>")
                .file("a.css", "p { color: red }".repeat(1_000))
                .file("b.png", vec![0; 600_000]),
            "w/index.html:1:1: the document has 798 KiB; the budget is 512 KiB: `b.png` takes 782 KiB, `a.css` takes 16 KiB",
            "make it smaller, or set `budget = \"1MiB\"`",
            |w| w.declared.budget = 1 << 20,
        ),
    ]);
}

#[test]
fn directories() {
    let told = |dir: &str| {
        let widget = Widget::body("");
        let bundle = support::bundle_of(widget.crate_dir.path(), dir, &widget.declared);
        assert_eq!((bundle.document, bundle.files), (None, vec![]));
        bundle.mistakes.iter().map(support::shown).collect::<Vec<_>>()
    };
    let absent = "widget directory `widgets/x` does not exist\n\
                  help: paths are relative to the crate's `Cargo.toml`; run `cargo pmcp app new widgets/x` to create it";
    assert_eq!(told("widgets/x"), [absent]);
    let leaves = "`dir` leaves the crate\nhelp: move the directory into the crate";
    for dir in ["/tmp", "../x", "w/../../x", "w/../w"] {
        assert_eq!(told(dir), [leaves], "{dir}");
    }
    assert_eq!(
        told("w/index.html"),
        ["`w/index.html` is not a directory\nhelp: name the directory that `index.html` is in"]
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_the_directory() {
    use std::os::unix::fs::symlink;

    let widget = Widget::body("<img alt=\"\" src=a.png><img alt=\"\" src=b/a.png><img alt=\"\" src=c.png>");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("a.png"), "secret").unwrap();
    symlink(outside.path().join("a.png"), widget.path("w/a.png")).unwrap();
    symlink(outside.path(), widget.path("w/b")).unwrap();
    // A link within the directory is like a file.
    widget.write("d.png", "x");
    symlink("d.png", widget.path("w/c.png")).unwrap();
    let help = "copy the file into `w`";
    assert_eq!(
        widget.told(),
        [
            format!("w/index.html:2:13: `a.png` is a link out of the widget's directory\nhelp: {help}"),
            format!("w/index.html:2:35: `b/a.png` is a link out of the widget's directory\nhelp: {help}"),
        ]
    );
    symlink(outside.path(), widget.path("out")).unwrap();
    let bundle = support::bundle_of(widget.crate_dir.path(), "out", &widget.declared);
    assert_eq!(bundle.mistakes[0].message, "`dir` leaves the crate");
}

/// Eight mistakes in one build, each once, in the order of files and places.
#[test]
fn many_mistakes_are_told_at_once() {
    let widget = Widget::new(&[
        (
            "index.html",
            "<html>\n<link rel=stylesheet href=a.css>\n<div><img src=none.png><b></div>\n<form action=x></form>",
        ),
        ("a.css", "p { background: url(none.png) } }"),
    ]);
    let told: Vec<String> = widget.bundle().mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "w/a.css:1:17: `none.png` does not exist",
            "w/a.css:1:33: `}` closes nothing",
            "w/index.html:1:1: the document has no doctype",
            "w/index.html:1:1: the document has no `lang`",
            "w/index.html:1:1: the document has no `title`",
            "w/index.html:3:6: this image has no `alt`",
            "w/index.html:3:11: `none.png` does not exist",
            "w/index.html:3:24: `<b>` is never closed",
            "w/index.html:4:7: a form's `action` is blocked by every host",
        ]
    );
}

/// Errors and warnings are counted apart, so that no advice hides an error, or keeps a document from being made.
#[test]
fn many_warnings_are_no_error() {
    let links = "<a href='https://a.example'>a</a>\n".repeat(150);
    let widget = Widget::body(&links);
    let bundle = widget.bundle();
    assert!(bundle.document.is_some());
    assert_eq!(bundle.mistakes.len(), 101);
    let last = support::shown(&bundle.mistakes[100]);
    let overflow = "warning: there are more than 100 warnings; the others are not told\nhelp: mend these first";
    assert_eq!(last, overflow);
    widget.write("index.html", support::page(&format!("{links}<img alt='' src=a.png>")));
    assert_eq!(widget.told(), ["w/index.html:152:13: `a.png` does not exist\nhelp: create `w/a.png`"]);
    // One edit mends all of these.
    let faces = "@font-face { src: url(a.woff2) }\n".repeat(150);
    let fonts = Widget::body("<link rel=stylesheet href=a.css>").file("a.css", faces).file("a.woff2", "x");
    assert_eq!(fonts.told().len(), 1);
    let many = Widget::body(&"<img alt='' src=a.png>\n".repeat(150)).told();
    let overflow = "there are more than 100 mistakes; the others are not told\nhelp: mend these first";
    assert_eq!((many.len(), many[100].as_str()), (101, overflow));
}

/// Warnings wait until all files can be read: until then every origin may look unused.
#[test]
fn warnings_are_told_without_errors_only() {
    let widget = Widget::body("<link rel=stylesheet href=a.css>")
        .declare(|d| d.csp.resource.push("https://a.example".to_owned()));
    widget.edit("index.html", "<link", "<p onclick='alert(1)'><link");
    assert_eq!(widget.told(), ["w/index.html:2:44: `a.css` does not exist\nhelp: create `w/a.css`"]);
    widget.write("a.css", "p { }");
    assert_eq!(
        widget.told(),
        [
            "warning: w/index.html:2:4: `alert` does nothing in hosts\nhelp: show it in the page",
            "warning: `https://a.example` is declared in `csp(…)`, but nothing in `w` uses it\n\
             help: remove it; `cargo pmcp app check` tells what is used at run time",
        ]
    );
    // An origin that a text names in any form may be used.
    widget.write("a.css", "p { --tiles: 'a.example' }");
    assert_eq!(widget.told().len(), 1);
}
