//! Every mistake has its words and its place, is told once, and is mended by the edit that its help names.

mod support;

use support::{Widget, page};

/// A directory, the one mistake in it, and the edit of its help.
struct Case {
    widget: Widget,
    told: &'static str,
    help: &'static str,
    mend: fn(&mut Widget),
}

/// Tells nothing that could be followed by a change of the files or of the attribute alone.
fn no_edit(_: &mut Widget) {}

fn check(cases: impl IntoIterator<Item = Case>) {
    let mut failed = Vec::new();
    for Case { mut widget, told, help, mend } in cases {
        let expected = vec![format!("{told}\nhelp: {help}")];
        let found = widget.told();
        if found != expected {
            failed.push(format!("expected {expected:#?}\nfound {found:#?}"));
            continue;
        }
        if std::ptr::fn_addr_eq(mend, no_edit as fn(&mut Widget)) {
            continue;
        }
        mend(&mut widget);
        let rest = widget.told();
        if !rest.is_empty() || widget.bundle().document.is_none() {
            failed.push(format!("after the help of {told:?}: {rest:#?}"));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn case(widget: Widget, told: &'static str, help: &'static str, mend: fn(&mut Widget)) -> Case {
    Case { widget, told, help, mend }
}

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
                .file("b.png", [0; 600_000]),
            "w/index.html:1:1: the document has 798 KiB; the budget is 512 KiB: `b.png` takes 782 KiB, `a.css` takes 16 KiB",
            "make it smaller, or set `budget = \"1MiB\"`",
            |w| w.declared.budget = 1 << 20,
        ),
    ]);
}

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
            w.write("a.css", "p { } /* a*/")
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

#[test]
fn scripts() {
    let script = |text: &str| Widget::body("<script src=a.js></script>").file("a.js", text);
    let inline = |text: &str| Widget::body(&format!("<script>\n{text}\n</script>"));
    let tools = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    check([
        case(
            script("let x = await_();\nfetch(\"https://api.example.com/x\")"),
            "w/a.js:2:7: `https://api.example.com` is not in `csp(connect = […])`, so hosts block this request",
            "add `csp(connect = [\"https://api.example.com\"])` to the attribute",
            |w| w.declared.csp.connect.push("https://api.example.com".to_owned()),
        ),
        case(
            inline("new WebSocket('wss://live.example.com')")
                .declare(|d| d.csp.connect.push("https://live.example.com".to_owned())),
            "w/index.html:3:15: `wss://live.example.com` is not in `csp(connect = […])`, so hosts block this request",
            "add `csp(connect = [\"wss://live.example.com\"])` to the attribute",
            |w| w.declared.csp.connect = vec!["wss://live.example.com".to_owned()],
        ),
        case(
            script("xhr.open('GET', 'http://a.example')")
                .declare(|d| d.csp.connect.push("https://a.example".to_owned())),
            "w/a.js:1:17: plain `http` loads are blocked",
            "use `https`",
            |w| w.edit("a.js", "http:", "https:"),
        ),
        case(
            Widget::body("<script type=module src=a.js></script>")
                .file("a.js", "const x = await fetch(\"x.json\");\nx")
                .file("x.json", "1"),
            "w/a.js:1:23: `fetch(\"x.json\")` has no server to ask",
            "write `import x from \"./x.json\" with { type: \"json\" }`",
            |w| {
                w.edit(
                    "a.js",
                    "const x = await fetch(\"x.json\")",
                    "import x from \"./x.json\" with { type: \"json\" }",
                )
            },
        ),
        case(
            script("fetch('/moves')"),
            "w/a.js:1:7: `fetch(\"/moves\")` has no server to ask",
            "ask a tool with `mcp.callTool`",
            |w| {
                w.write("a.js", "mcp.callTool('moves')");
            },
        ),
        case(
            script("image.src = 'a.png';"),
            "w/a.js:1:13: `.src = \"a.png\"` has no server to ask",
            "name the file in the page or in a style sheet, where it is put into the document",
            |w| w.write("a.js", "image.hidden = false;"),
        ),
        case(
            script("image.src = 'https://a.example/a.png';"),
            "w/a.js:1:13: `https://a.example` is not in `csp(resource = […])`, so hosts block this request",
            "add `csp(resource = [\"https://a.example\"])` to the attribute",
            |w| w.declared.csp.resource.push("https://a.example".to_owned()),
        ),
        case(
            script("mcp.callTool(\"movePiece\", {})").declare(|d| d.tools = tools(&["analyse", "move_piece"])),
            "w/a.js:1:14: `callTool(\"movePiece\")` names no tool of this widget",
            "did you mean `move_piece`?",
            |w| w.edit("a.js", "movePiece", "move_piece"),
        ),
        case(
            inline("mcp.callTool('legal-moves')").declare(|d| d.tools = tools(&["analyse"])),
            "w/index.html:3:14: `callTool(\"legal-moves\")` names no tool of this widget",
            "add the tool to `tools(…)`",
            |w| w.declared.tools.as_mut().unwrap().push("legal-moves".to_owned()),
        ),
        case(
            script("navigator.mediaDevices.getUserMedia({ video: true })"),
            "w/a.js:1:24: `getUserMedia` needs `permissions(camera)`",
            "add `permissions(camera)` to the attribute",
            |w| w.declared.permissions.camera = true,
        ),
        case(
            script("navigator.geolocation.getCurrentPosition(f)"),
            "w/a.js:1:1: `geolocation` needs `permissions(geolocation)`",
            "add `permissions(geolocation)` to the attribute",
            |w| w.declared.permissions.geolocation = true,
        ),
        case(
            script("navigator.clipboard.writeText('a')"),
            "w/a.js:1:1: `clipboard` needs `permissions(clipboard_write)`",
            "add `permissions(clipboard_write)` to the attribute",
            |w| w.declared.permissions.clipboard_write = true,
        ),
        case(
            Widget::body("<button onclick='alert(1)'>a</button>"),
            "warning: w/index.html:2:9: `alert` does nothing in hosts",
            "show it in the page",
            |w| w.edit("index.html", "alert(1)", "show(1)"),
        ),
        case(
            script("if (confirm('a')) b()"),
            "warning: w/a.js:1:5: `confirm` does nothing in hosts",
            "show it in the page",
            |w| {
                w.edit("a.js", "confirm('a')", "dialog.returnValue");
            },
        ),
        case(
            script("window.open('https://a.example')"),
            "warning: w/a.js:1:8: `window.open` does nothing in hosts",
            "use `mcp.openLink`",
            |w| {
                w.write("a.js", "mcp.openLink(url)");
            },
        ),
        case(
            inline("top.location = url;"),
            "warning: w/index.html:3:1: `top.location` does nothing in hosts",
            "use `mcp.openLink`",
            |w| w.edit("index.html", "top.location = url", "mcp.openLink(url)"),
        ),
        case(
            Widget::body("<button onclick=\"ask(prompt('a'))\">a</button>"),
            "warning: w/index.html:2:9: `prompt` does nothing in hosts",
            "show it in the page",
            |w| w.edit("index.html", "prompt('a')", "field.value"),
        ),
        case(
            script("navigator.mediaDevices.getUserMedia({ audio: true })"),
            "w/a.js:1:24: `getUserMedia` needs `permissions(microphone)`",
            "add `permissions(microphone)` to the attribute",
            |w| w.declared.permissions.microphone = true,
        ),
        case(
            script("mcp.openLink('https://a.example/x')"),
            "warning: w/a.js:1:14: `openLink` to `https://a.example`, which is not in `csp(redirect = […])`",
            "ChatGPT asks users before it opens other origins",
            |w| w.declared.csp.redirect.push("https://a.example".to_owned()),
        ),
        case(
            script("eval('1')"),
            "warning: w/a.js:1:1: `eval` is blocked by hosts that follow the specification",
            "do the work in a tool, or feature-test and fall back",
            |w| w.write("a.js", "1"),
        ),
        case(
            script("new Worker(url)"),
            "warning: w/a.js:1:5: workers are blocked by hosts that follow the specification",
            "do the work in a tool, or feature-test and fall back",
            |w| w.write("a.js", "if ('Worker' in window) new Worker(url)"),
        ),
        case(
            script("WebAssembly.instantiate(bytes)"),
            "warning: w/a.js:1:1: `WebAssembly` is blocked by hosts that follow the specification",
            "do the work in a tool, or feature-test and fall back",
            |w| w.write("a.js", "1"),
        ),
        case(
            script("parent.postMessage({ method: 'ui/initialize' }, '*')")
                .declare(|d| d.bridge = Some(support::identity())),
            "w/a.js:1:30: the page speaks the protocol itself (`ui/initialize`) and gets our bridge, too",
            "add `bridge = false`",
            |w| w.declared.bridge = None,
        ),
        case(
            script("const key = 'sk-abcDEF0123456789abcDEF0123456789';"),
            "w/a.js:1:14: this looks like a secret (`sk-…`)",
            "keep it on the server and ask a tool",
            |w| w.write("a.js", "mcp.callTool('ask')"),
        ),
        case(
            script("import('./b.js')").file("b.js", "1"),
            "w/a.js:1:8: `import(\"./b.js\")` has no server to ask",
            "make the script a module: `<script type=\"module\">`",
            |w| w.edit("index.html", "<script", "<script type=module"),
        ),
        case(
            Widget::body("<svg><script href=a.js></script></svg>").file("a.js", "1"),
            "w/index.html:2:14: a script of `svg` cannot be put into the document",
            "put the script outside of the `svg`",
            |w| w.write("index.html", page("<svg></svg><script src=a.js></script>")),
        ),
    ]);
}

#[test]
fn modules() {
    let module = |text: &str| Widget::body("<script type=module src=js/a.js></script>").file("js/a.js", text);
    check([
        case(
            module("import \"./b.js\";").file("js/b.mjs", "1"),
            "w/js/a.js:1:8: `./b.js` does not exist",
            "did you mean `./b.mjs`?",
            |w| w.edit("js/a.js", "b.js", "b.mjs"),
        ),
        case(
            Widget::body("<script type=module>\nimport { b } from './b.js';\n</script>")
                .file("b.js", "import '../c.js'; export const b = 1;"),
            "w/b.js:1:8: `../c.js` leaves the widget's directory",
            "move the file into `w`",
            |w| {
                w.write("c.js", "1");
                w.edit("b.js", "../", "./");
            },
        ),
        case(
            module("import './b.js';").file("js/b.js", "import './a.js';"),
            "w/js/b.js:1:8: modules import each other: `js/a.js` → `js/b.js` → `js/a.js`",
            "move what both need into a third file",
            |w| w.write("js/b.js", "1"),
        ),
        case(
            module("import * as d3 from \"d3\";").file("js/d3.js", "export const a = 1;"),
            "w/js/a.js:1:21: `\"d3\"` is a bare specifier; browsers cannot resolve it",
            "copy the module into `w` and import it by path",
            |w| w.edit("js/a.js", "\"d3\"", "\"./d3.js\""),
        ),
        case(
            module("import './b.js';\nconst u = import.meta.url;").file("js/b.js", ""),
            "w/js/a.js:2:11: `import.meta` has no meaning in an inlined document",
            "name the file",
            |w| w.edit("js/a.js", "import.meta.url", "'a.js'"),
        ),
        case(
            module("import { reset } from './b.js';\nreset")
                .file("js/b.js", "export let reset = 1;\nexport function set() { reset = 2 }"),
            "w/js/b.js:2:25: `reset` is exported and assigned later; importers would not see it",
            "export a function that returns it",
            |w| {
                w.write("js/b.js", "let value = 1;\nvalue = 2;\nexport function reset() { return value }");
            },
        ),
        case(
            module("import x from './x.json';\nx").file("js/x.json", "[1]"),
            "w/js/a.js:1:15: `./x.json` is JSON, which browsers import only as such",
            "write `import x from \"./x.json\" with { type: \"json\" }`",
            |w| w.edit("js/a.js", ".json'", ".json' with { type: 'json' }"),
        ),
        case(
            module("import x from 'https://esm.example/x.js';\nx"),
            "w/js/a.js:1:15: `https://esm.example` is not in `csp(resource = […])`, so hosts block this request",
            "add `csp(resource = [\"https://esm.example\"])` to the attribute",
            |w| w.declared.csp.resource.push("https://esm.example".to_owned()),
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

/// Warnings wait until all files can be read: until then every origin may look unused.
#[test]
fn warnings_are_told_without_errors_only() {
    let widget = Widget::body("<link rel=stylesheet href=a.css>")
        .declare(|d| d.csp.resource.push("https://a.example".to_owned()));
    assert_eq!(widget.told(), ["w/index.html:2:22: `a.css` does not exist\nhelp: create `w/a.css`"]);
    widget.write("a.css", "p { background: url(https://a.example/x.png) }");
    assert_eq!(widget.told(), Vec::<String>::new());
}
