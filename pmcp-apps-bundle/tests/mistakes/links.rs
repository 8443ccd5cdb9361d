//! Mistakes of links: those that are clicked, and those of the head.

use crate::{case, check, support::Widget};

#[test]
fn links_that_are_clicked() {
    let body = Widget::body;
    check([
        case(
            body("<a href=\"https://a.example/x\">a</a>"),
            "warning: w/index.html:2:4: a link to another page leaves the document, and hosts then remove the view",
            "add `onclick=\"mcp.openLink(this.href); return false\"`",
            |w| w.edit("index.html", "<a ", "<a onclick=\"mcp.openLink(this.href); return false\" "),
        ),
        case(
            body("<map name=m><area alt=a target=_blank href=https://a.example></map>"),
            "warning: w/index.html:2:39: a link with `target` opens nothing in hosts",
            "add `onclick=\"mcp.openLink(this.href); return false\"`",
            |w| w.edit("index.html", "<area ", "<area onclick=\"mcp.openLink(this.href); return false\" "),
        ),
        case(
            body("<svg><a xlink:href='page2.html'>a</a></svg>"),
            "w/index.html:2:9: a link to `page2.html` leaves the document, and hosts then remove the view",
            "show it in this page, with a `<button>` or a link to `#…`",
            |w| w.edit("index.html", "page2.html", "#page2"),
        ),
        case(
            body("<a href='?page=2'>a</a>"),
            "w/index.html:2:4: a link to `?page=2` leaves the document, and hosts then remove the view",
            "show it in this page, with a `<button>` or a link to `#…`",
            |w| w.edit("index.html", "?page=2", "#page2"),
        ),
        case(
            body("<a href='http://a.example'>a</a>"),
            "w/index.html:2:4: plain `http` loads are blocked",
            "use `https`",
            |w| {
                w.edit(
                    "index.html",
                    "<a href='http:",
                    "<a onclick=\"mcp.openLink(this.href); return false\" href='https:",
                );
            },
        ),
        case(
            body("<a download href=moves.csv>a</a>").file("moves.csv", "a"),
            "w/index.html:2:13: `moves.csv` cannot be downloaded, as a widget has no server behind it",
            "use a `<button>` that calls `mcp.download`",
            |w| {
                let new = "<button onclick=\"mcp.download('file:///moves.csv', 'text/csv', 'a')\">a</button>";
                w.edit("index.html", "<a download href=moves.csv>a</a>", new);
            },
        ),
        case(
            body("<meta http-equiv=refresh content='5'>"),
            "w/index.html:2:1: this `<meta>` loads another document, and hosts then remove the view",
            "remove it, and let a script change what is shown",
            |w| w.edit("index.html", "<meta http-equiv=refresh content='5'>", ""),
        ),
        case(
            body("<iframe title=a name=inner></iframe><a target=inner href=https://a.example>a</a>"),
            "w/index.html:2:53: `https://a.example` is not in `csp(frame = […])`, so hosts block this request",
            "add `csp(frame = [\"https://a.example\"])` to the attribute",
            |w| w.declared.csp.frame.push("https://a.example".to_owned()),
        ),
    ]);
}

/// Which links a script takes care of, and how, cannot be told.
#[test]
fn links_that_a_script_may_open_are_not_told() {
    let link = "<a href=\"https://a.example\">a</a><a href=#b>b</a><a href=mailto:a@b.example>c</a>";
    for script in ["document.onclick = (e) => mcp.openLink(e.target.href)", "app.sendRequest('ui/open-link', {})"] {
        assert_eq!(Widget::body(&format!("{link}<script>{script}</script>")).told(), [""; 0], "{script}");
        let widget = Widget::body(&format!("{link}<script type=module src=a.js></script>")).file("a.js", script);
        assert_eq!(widget.told(), [""; 0], "{script}");
    }
}

#[test]
fn links_of_the_head() {
    let body = |text: &str| Widget::body(text).file("a.css", "p { }");
    let plainly = "link the sheet plainly, as in `<link rel=\"stylesheet\" href=\"…\">`";
    check([
        case(
            body("<link rel=stylesheet href=a.css media=print onload=\"this.media='all'\">"),
            "w/index.html:2:45: `onload` of this link would never run, as its file is put into the document",
            plainly,
            |w| w.edit("index.html", " media=print onload=\"this.media='all'\"", ""),
        ),
        case(
            body("<link rel=preload as=style href=a.css onload=\"this.rel='stylesheet'\">"),
            "w/index.html:2:39: `onload` of this link would never run, as its file is put into the document",
            plainly,
            |w| {
                w.edit(
                    "index.html",
                    "preload as=style href=a.css onload=\"this.rel='stylesheet'\"",
                    "stylesheet href=a.css",
                );
            },
        ),
        case(
            body("<link rel=stylesheet href=a.css disabled>"),
            "w/index.html:2:33: a `disabled` sheet would hold as soon as it is put into the document",
            "link the sheet plainly, and choose by a class or by `media`",
            |w| w.edit("index.html", " disabled", ""),
        ),
        case(
            body("<script src=a.js onload=go()></script>").file("a.js", "function go() {}"),
            "w/index.html:2:18: `onload` of this script would never run, as its file is put into the document",
            "call it at the end of the script",
            |w| {
                w.edit("index.html", " onload=go()", "");
                w.write("a.js", "function go() {} go()");
            },
        ),
    ]);
    // What another origin has is loaded as before.
    let text = "<link rel=stylesheet href=https://a.example/a.css onload=\"this.media='all'\" disabled>";
    let widget = Widget::body(text).declare(|d| d.csp.resource.push("https://a.example".to_owned()));
    assert!(widget.bundle().document.is_some_and(|document| document.contains(text)));
}
