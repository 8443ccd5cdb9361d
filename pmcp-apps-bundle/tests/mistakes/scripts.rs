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
            "did you mean `move_piece`?",
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
