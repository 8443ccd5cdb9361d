//! Mistakes of a page.

use crate::{
    case, check,
    support::{Widget, page},
};

#[test]
fn html() {
    let body = Widget::body;
    let whole = |text: &str| Widget::new(&[("index.html", text)]);
    let guess = "browsers would guess what is meant; write what is meant";
    check([
        case(body("<p id=a\n id=b>"), "w/index.html:3:2: malformed HTML: duplicate attribute", guess, |w| {
            w.edit("index.html", "id=b", "");
        }),
        case(body("<p>&nosuch;"), "w/index.html:2:11: malformed HTML: unknown named character reference", guess, |w| {
            w.edit("index.html", "&nosuch;", "&amp;nosuch;");
        }),
        case(
            body("<div><span>a</div>"),
            "w/index.html:2:6: `<span>` is never closed",
            "add `</span>` before `</div>`",
            |w| w.edit("index.html", "</div>", "</span></div>"),
        ),
        case(
            body("<p>a</b>"),
            "w/index.html:2:5: `</b>` closes nothing",
            "remove it, or open the element before",
            |w| {
                w.edit("index.html", "</b>", "");
            },
        ),
        case(
            whole("<html lang=en><title>a</title>"),
            "w/index.html:1:1: the document has no doctype",
            "write `<!doctype html>` in the first line",
            |w| w.edit("index.html", "<html", "<!doctype html>\n<html"),
        ),
        case(
            whole("<!doctype html>\n<html><title>a</title>"),
            "w/index.html:2:1: the document has no `lang`",
            "write `<html lang=\"en\">`, or the language it is in",
            |w| w.edit("index.html", "<html>", "<html lang=\"en\">"),
        ),
        case(
            whole("<!doctype html>\n<html lang=en><head></head>"),
            "w/index.html:2:15: the document has no `title`",
            "write `<title>…</title>` in its `head`",
            |w| w.edit("index.html", "<head>", "<head><title>a</title>"),
        ),
        case(
            body("<img src=a.png>").file("a.png", "x"),
            "w/index.html:2:1: this image has no `alt`",
            "describe it in `alt=\"…\"`; write `alt=\"\"` if it is decoration",
            |w| w.edit("index.html", "<img", "<img alt=\"\""),
        ),
        case(
            body("<button></button>"),
            "w/index.html:2:1: this button has no text",
            "write text in it, or `aria-label=\"…\"`",
            |w| {
                w.edit("index.html", "<button", "<button aria-label=\"a\"");
            },
        ),
    ]);
}

#[test]
fn elements_that_are_blocked() {
    let body = Widget::body;
    check([
        case(
            body("<object data=a.pdf></object>"),
            "w/index.html:2:1: `<object>` is blocked by every host",
            "use `<img>`, a frame with `csp(frame = …)`, or a tool",
            |w| w.edit("index.html", "<object data=a.pdf></object>", "<p>a"),
        ),
        case(
            body("<embed src=a.pdf>"),
            "w/index.html:2:1: `<embed>` is blocked by every host",
            "use `<img>`, a frame with `csp(frame = …)`, or a tool",
            |w| w.edit("index.html", "<embed src=a.pdf>", "<p>a"),
        ),
        case(
            body("<form action=save></form>"),
            "w/index.html:2:7: a form's `action` is blocked by every host",
            "use `<img>`, a frame with `csp(frame = …)`, or a tool",
            |w| w.edit("index.html", " action=save", ""),
        ),
        case(
            body("<iframe title=a src=inner.html></iframe>"),
            "w/index.html:2:17: `inner.html` cannot be a frame, as a widget is one document",
            "put its content into the page, or into `srcdoc`",
            |w| w.edit("index.html", "src=inner.html", "srcdoc=\"<p>a\""),
        ),
        case(
            body("<iframe title=a srcdoc='<p>a<img alt=\"\" src=a.png>'></iframe>").file("a.png", "x"),
            "w/index.html:2:17: `a.png` in `srcdoc` is not put into the document",
            "put the element into the page",
            |w| w.write("index.html", page("<iframe title=a srcdoc='<p>a'></iframe><img alt='' src=a.png>")),
        ),
        case(
            body("<iframe title=a srcdoc='<script>fetch(\"https://a.example\")</script>'></iframe>"),
            "w/index.html:2:17: `https://a.example` is not in `csp(connect = […])`, so hosts block this request",
            "add `csp(connect = [\"https://a.example\"])` to the attribute",
            |w| w.declared.csp.connect.push("https://a.example".to_owned()),
        ),
        case(
            body("<svg><g><div><video src=v.mp4></video></div></g></svg>").file("v.mp4", "x"),
            "w/index.html:2:9: `<div>` ends the `<svg>` around it",
            "put it into a `<foreignObject>`, or behind the `</svg>`",
            |w| {
                w.edit("index.html", "<div>", "<foreignObject><div>");
                w.edit("index.html", "</div>", "</div></foreignObject>");
            },
        ),
        case(
            body("<svg><use href=\"sprite.svg#a\"/></svg>"),
            "w/index.html:2:11: `<use>` cannot reach into another file, as a widget is one document",
            "put the element into this page, and name it `#a`",
            |w| w.edit("index.html", "sprite.svg#a", "#a"),
        ),
        case(
            body("<link rel='alternate stylesheet' title=a href=a.css>").file("a.css", ""),
            "w/index.html:2:42: browsers offer no choice of an alternate style sheet in a widget",
            "leave out `alternate`, and choose by a class or by `media`",
            |w| w.edit("index.html", "alternate ", ""),
        ),
        case(
            body("<script type=module></script><script defer src=a.js></script>").file("a.js", "1"),
            "w/index.html:2:44: a deferred script after a module cannot keep its turn in one document",
            "make it a module, or put it before the modules",
            |w| w.edit("index.html", "defer", "type=module"),
        ),
        case(
            body(&"<b>".repeat(600)),
            "w/index.html:2:1531: elements are nested more than 512 deep",
            "use fewer elements within each other",
            |w| w.write("index.html", page("")),
        ),
    ]);
}
