//! Mistakes of style sheets, and of origins that files name.

use crate::{case, check, support::Widget};

#[test]
fn origins() {
    let body = Widget::body;
    check([
        case(
            body(
                "<img alt=\"\" src=\"https://tiles.example.com/1.png\"><img alt=\"\" src=\"https://tiles.example.com/2.png\">",
            ),
            "w/index.html:2:13: `https://tiles.example.com` is not in `csp(resource = […])`, so hosts block this request",
            "add `csp(resource = [\"https://tiles.example.com\"])` to the attribute",
            |w| w.declared.csp.resource.push("https://tiles.example.com".to_owned()),
        ),
        case(
            body("<iframe title=a src=\"https://video.example.com/x\"></iframe>"),
            "w/index.html:2:17: `https://video.example.com` is not in `csp(frame = […])`, so hosts block this request",
            "add `csp(frame = [\"https://video.example.com\"])` to the attribute",
            |w| w.declared.csp.frame.push("https://video.example.com".to_owned()),
        ),
        case(
            Widget::new(&[(
                "index.html",
                "<!doctype html><html lang=en><title>a</title><base href=https://a.example/x/>",
            )]),
            "w/index.html:1:52: `https://a.example` is not in `csp(base_uri = […])`, so hosts block this request",
            "add `csp(base_uri = [\"https://a.example\"])` to the attribute",
            |w| w.declared.csp.base_uri.push("https://a.example".to_owned()),
        ),
        case(
            body("<link rel=stylesheet href=a.css>").file("a.css", "@import \"https://fonts.example.com/x.css\";"),
            "w/a.css:1:9: `https://fonts.example.com` is not in `csp(resource = […])`, so hosts block this request",
            "add `csp(resource = [\"https://fonts.example.com\"])` to the attribute",
            |w| w.declared.csp.resource.push("https://fonts.example.com".to_owned()),
        ),
        case(
            body("<p>").declare(|d| d.csp.connect.push("https://api.example.com".to_owned())),
            "warning: `https://api.example.com` is declared in `csp(…)`, but nothing in `w` uses it",
            "remove it; `cargo pmcp app check` tells what is used at run time",
            |w| w.declared.csp.connect.clear(),
        ),
        case(
            body("<img alt=\"\" src=\"http://a.example/x.png\">")
                .declare(|d| d.csp.resource.push("https://a.example".to_owned())),
            "w/index.html:2:13: plain `http` loads are blocked",
            "use `https`",
            |w| w.edit("index.html", "http:", "https:"),
        ),
        case(
            body("<img alt=\"\" src=\"//a.example/x.png\">")
                .declare(|d| d.csp.resource.push("https://a.example".to_owned())),
            "w/index.html:2:13: a protocol-relative URL depends on the host",
            "use `https`",
            |w| w.edit("index.html", "\"//", "\"https://"),
        ),
    ]);
}

#[test]
fn styles() {
    let sheet = |text: &str| Widget::body("<link rel=stylesheet href=a.css>").file("a.css", text);
    check([
        case(sheet("p {\n  color: red"), "w/a.css:1:3: `{` is never closed", "add `}` at the end of its rule", |w| {
            w.write("a.css", "p {\n  color: red\n}");
        }),
        case(sheet("p { }\n}"), "w/a.css:2:1: `}` closes nothing", "remove it, or open the block before", |w| {
            w.write("a.css", "p { }\n");
        }),
        case(sheet("p { content: \"a\n}"), "w/a.css:1:14: this string is never closed", "add the quote", |w| {
            w.edit("a.css", "a\n", "a\"\n");
        }),
        case(sheet("p { } /* a"), "w/a.css:1:7: this comment is never closed", "add `*/`", |w| {
            w.write("a.css", "p { } /* a*/");
        }),
        case(
            sheet("p { background: url(a b.png) }").file("a b.png", "x"),
            "w/a.css:1:17: this `url(…)` has a character that ends it",
            "write the address between quotes",
            |w| w.edit("a.css", "a b.png", "\"a b.png\""),
        ),
        case(
            sheet("p { }\n@import \"b.css\";").file("b.css", ""),
            "w/a.css:2:1: browsers ignore an `@import` after other rules",
            "move it to the beginning of the sheet",
            |w| w.write("a.css", "@import \"b.css\";\np { }"),
        ),
        case(sheet("@import;"), "w/a.css:1:1: this `@import` names nothing", "write `@import \"./other.css\";`", |w| {
            w.write("a.css", "");
        }),
        case(sheet("p { }\nfoo"), "w/a.css:2:1: this rule has no block", "add `{ … }`, or remove it", |w| {
            w.edit("a.css", "foo", "foo { }");
        }),
        case(
            sheet("@import \"b.css\";").file("b.css", "@import \"c.css\";").file("c.css", "@import \"./b.css\";"),
            "w/c.css:1:9: style sheets import each other: `b.css` → `c.css` → `b.css`",
            "move what both need into a third file",
            |w| w.write("c.css", ""),
        ),
        case(
            sheet("@import \"b.css\";\n@import \"https://a.example/x.css\";")
                .file("b.css", "p { }")
                .declare(|d| d.csp.resource.push("https://a.example".to_owned())),
            "w/a.css:2:9: this import from another origin would come after rules of other files",
            "put it before all others, in a sheet that the page links",
            |w| w.write("a.css", "@import \"https://a.example/x.css\";\n@import \"b.css\";"),
        ),
        case(
            sheet("@import \"b.css\" print;")
                .file("b.css", "@import \"https://a.example/x.css\";")
                .declare(|d| d.csp.resource.push("https://a.example".to_owned())),
            "w/a.css:1:9: this import from another origin would come after rules of other files",
            "put it before all others, in a sheet that the page links",
            |w| w.write("a.css", "@import \"https://a.example/x.css\";"),
        ),
        case(
            sheet("@import \"b.css\";").file("b.css", "@namespace url(http://www.w3.org/1999/xhtml);"),
            "w/a.css:1:9: `@namespace` holds for a file of its own, and imports are put into one",
            "link the sheet from the page, or do without the namespace",
            |w| w.write("b.css", ""),
        ),
        case(
            sheet("@font-face { font-family: a; src: url(a.woff2) }").file("a.woff2", "x"),
            "warning: w/a.css:1:35: an inlined font is blocked by hosts that follow the specification",
            "use `var(--font-sans)` from the host",
            |w| w.write("a.css", "p { font: var(--font-sans) }"),
        ),
    ]);
}
