//! Mistakes of scripts.

use crate::{
    case, check,
    support::{self, Widget, page},
};

/// A page with this script as a file.
fn script(text: &str) -> Widget {
    Widget::body("<script src=a.js></script>").file("a.js", text)
}

/// A page with this script in it, which begins at line 3.
fn inline(text: &str) -> Widget {
    Widget::body(&format!("<script>\n{text}\n</script>"))
}

fn tools(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn requests() {
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
                );
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
    ]);
}

#[test]
fn tools_and_permissions() {
    check([
        case(
            script("mcp.callTool(\"movePiece\", {})").declare(|d| d.tools = Some(tools(&["analyse", "move_piece"]))),
            "w/a.js:1:14: `callTool(\"movePiece\")` names no tool of this widget",
            "did you mean `move_piece`, as `tools(…)` has it?",
            |w| w.edit("a.js", "movePiece", "move_piece"),
        ),
        case(
            inline("mcp.callTool('legal-moves')").declare(|d| d.tools = Some(tools(&["analyse"]))),
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
    ]);
}

#[test]
fn calls_that_do_nothing() {
    check([
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
            script("const to = location.href;\nwindow.location.href = 'https://a.example';"),
            "warning: w/a.js:2:1: `location` leaves the document here, and hosts then remove the view",
            "use `mcp.openLink`, or draw the page anew",
            |w| w.edit("a.js", "window.location.href = 'https://a.example'", "mcp.openLink(url)"),
        ),
        case(
            script("new RTCPeerConnection(servers)"),
            "warning: w/a.js:1:5: `RTCPeerConnection` reaches others past `csp(…)`, so hosts may take it away",
            "use `fetch` or a `WebSocket` to an origin of `csp(connect = […])`, or a tool",
            |w| w.write("a.js", "fetch(url)"),
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
    ]);
}

#[test]
fn code_that_is_blocked() {
    check([
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

/// Deferred scripts and modules run one after the other, those of other origins among them.
#[test]
fn scripts_that_take_turns() {
    let body = |text: &str| {
        let widget = Widget::body(text).declare(|d| d.csp.resource.push("https://a.example".to_owned()));
        widget.file("a.js", "1").file("b.js", "import './n.js'").file("c.js", "import './n.js'").file("n.js", "1")
    };
    let turn = "a deferred script after one of another origin cannot keep its turn in one document";
    let help = "make it a module, or put it before that script";
    for first in ["<script defer src=https://a.example/l.js>", "<script type=module src=https://a.example/l.js>"] {
        let widget = body(&format!("{first}</script>\n<script defer src=a.js></script>"));
        assert_eq!(widget.told(), [format!("w/index.html:3:15: {turn}\nhelp: {help}")], "{first}");
        widget.edit("index.html", "<script defer src=a.js>", "<script type=module src=a.js>");
        assert_eq!(widget.told(), [""; 0], "{first}");
    }
    check([case(
        body(
            "<script type=module src=b.js></script>\n<script defer src=https://a.example/l.js></script>\n\
             <script type=module src=c.js></script>",
        ),
        "w/index.html:3:15: a script of another origin between modules that share a file cannot keep its turn in one document",
        "put it before these modules, or after them",
        |w| {
            let remote = "<script defer src=https://a.example/l.js></script>\n";
            w.edit("index.html", remote, "");
            w.edit("index.html", "<script type=module src=b.js>", &format!("{remote}<script type=module src=b.js>"));
        },
    )]);
    for text in [
        "<script async src=https://a.example/l.js></script><script defer src=a.js></script>",
        "<script src=https://a.example/l.js></script><script defer src=a.js></script>",
        "<script defer src=a.js></script><script defer src=https://a.example/l.js></script>",
        "<script defer src=https://a.example/l.js></script><script async src=a.js></script>",
        "<script type=module src=a.js></script><script defer src=https://a.example/l.js></script><script type=module src=b.js></script>",
        "<template><script defer src=https://a.example/l.js></script></template><script defer src=a.js></script>",
    ] {
        assert_eq!(body(text).told(), [""; 0], "{text}");
    }
}

#[test]
fn scripts_in_templates() {
    let help = "put the script outside of the `<template>`";
    let file = |text: &str| Widget::body(text).file("a.js", "1");
    check([
        case(
            file("<template><p><script src=a.js></script></template>"),
            "w/index.html:2:22: a script in a `<template>` would not find its file once it is copied",
            help,
            |w| w.write("index.html", page("<template><p></template><script src=a.js></script>")),
        ),
        case(
            file("<template><script type=module>import './a.js'</script></template>"),
            "w/index.html:2:11: a module in a `<template>` would not find its files once it is copied",
            help,
            |w| w.write("index.html", page("<script type=module>import './a.js'</script>")),
        ),
    ]);
    // These run where they stand, and that one needs no file.
    let shadow = "<div><template shadowrootmode=open><script src=a.js></script></template></div>";
    assert!(file(shadow).bundle().document.is_some_and(|document| document.contains("<script>1</script>")));
    assert_eq!(file("<template><script>1</script></template>").told(), [""; 0]);
}

#[test]
fn addresses_that_hold_their_content() {
    let code = "scripts and style sheets from `data:` addresses are blocked by hosts that follow the specification";
    let into = "write it into a file of the widget, or into the page";
    for (text, place, code, help) in [
        ("<script src='data:text/javascript,1'></script>", "2:9", code, into),
        ("<link rel=stylesheet href='data:text/css,p{}'>", "2:22", code, into),
        ("<style>@import 'data:text/css,p{}';</style>", "2:16", code, into),
        ("<script type=module>import 'data:text/javascript,1'</script>", "2:28", code, into),
        (
            "<script>fetch('data:application/json,1')</script>",
            "2:15",
            "requests to `data:` addresses are blocked by hosts that follow the specification",
            "write the data into the script, or ask a tool",
        ),
        (
            "<script>fetch('blob:x')</script>",
            "2:15",
            "requests to `blob:` addresses are blocked by hosts that follow the specification",
            "write the data into the script, or ask a tool",
        ),
        (
            "<iframe title=a src='data:text/html,1'></iframe>",
            "2:17",
            "frames of `data:` addresses are blocked by hosts that follow the specification",
            "put its content into the page, or into `srcdoc`",
        ),
    ] {
        assert_eq!(Widget::body(text).told(), [format!("w/index.html:{place}: {code}\nhelp: {help}")], "{text}");
    }
    for text in ["<img alt='' src='data:image/gif;base64,x'>", "<p style='background: url(data:image/gif;base64,x)'>"] {
        assert_eq!(Widget::body(text).told(), [""; 0], "{text}");
    }
}

#[test]
fn secrets_anywhere() {
    let key = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat();
    let help = "keep it on the server and ask a tool";
    let json = Widget::body("<script type=module>import c from './c.json' with { type: 'json' }; c</script>");
    for (widget, place) in [
        (Widget::body(&format!("<p data-key='{key}'>")), "index.html:2:14"),
        (Widget::body(&format!("<!-- {key} -->")), "index.html:2:6"),
        (Widget::body(&format!("<script type=application/json>{{\"key\": \"{key}\"}}</script>")), "index.html:2:40"),
        (Widget::body(&format!("<p onclick='ask(\"{key}\")'>")), "index.html:2:18"),
        (Widget::body("<link rel=stylesheet href=a.css>").file("a.css", format!("/* {key} */")), "a.css:1:4"),
        (json.file("c.json", format!("[\n\"{key}\"]")), "c.json:2:2"),
    ] {
        assert_eq!(widget.told(), [format!("w/{place}: this looks like a secret (`ghp_…`)\nhelp: {help}")]);
    }
}
