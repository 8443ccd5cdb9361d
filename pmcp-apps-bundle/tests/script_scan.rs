//! Facts that the scanner tells of scripts, and that it takes any text in linear time.

use std::time::{Duration, Instant};

use pmcp_apps_bundle::script::{Form, Goal, Module, Receiver, Script, Word, link, scan};
use proptest::prelude::*;

fn module(source: &str) -> Script {
    scan(source, Goal::Module)
}

fn words(source: &str) -> Vec<Word> {
    let script = module(source);
    assert_eq!(script.fault, None, "{source}");
    script.words.into_iter().map(|(word, _)| word).collect()
}

fn calls(source: &str) -> Vec<String> {
    let told = |receiver| match receiver {
        Receiver::Global => "",
        Receiver::Mcp => "mcp.",
        Receiver::Other => "_.",
    };
    let script = module(source);
    script.calls.iter().map(|call| format!("{}{} {}", told(call.receiver), call.name, call.literal.value)).collect()
}

#[test]
fn globals_are_told() {
    for (source, word) in [
        ("alert('x')", Word::Alert),
        ("window.alert('x')", Word::Alert),
        ("globalThis . alert ( 1 )", Word::Alert),
        ("self?.alert?.(1)", Word::Alert),
        ("window.self.confirm()", Word::Confirm),
        ("if (prompt('x')) y()", Word::Prompt),
        ("window.open('https://example.com')", Word::Open),
        ("open(url)", Word::Open),
        ("eval('1')", Word::Eval),
        ("(0, eval)('1')", Word::Eval),
        ("new Function('a', 'b')", Word::Function),
        ("WebAssembly.instantiate(x)", Word::WebAssembly),
        ("new Worker('./w.js')", Word::Worker),
        ("new SharedWorker(x)", Word::SharedWorker),
        ("navigator.serviceWorker.register('./s.js')", Word::ServiceWorker),
        ("top.location = 'x'", Word::TopLocation),
        ("window.top.location.href", Word::TopLocation),
        ("navigator.geolocation.getCurrentPosition(f)", Word::Geolocation),
        ("window.navigator.clipboard.writeText('x')", Word::Clipboard),
        ("navigator.mediaDevices.getUserMedia(what)", Word::GetUserMedia),
        ("navigator.mediaDevices.getUserMedia({ video: { width: 1 } })", Word::Camera),
        ("await navigator.mediaDevices.getUserMedia({ audio: true })", Word::Microphone),
        ("send('ui/initialize')", Word::Initialize),
        ("send({ method: `ui/initialize` })", Word::Initialize),
        (r"\u0061lert(1)", Word::Alert),
        ("const f = () => alert(1)", Word::Alert),
        ("{ let alert; } alert(1)", Word::Alert),
        ("function f(alert) {} alert(1)", Word::Alert),
        ("try {} catch (alert) {} alert(1)", Word::Alert),
        ("for (const alert of []) ; alert(1)", Word::Alert),
        ("((alert) => alert)(f), alert(1)", Word::Alert),
        ("(function alert() {}); alert(1)", Word::Alert),
        ("x = { alert: 1 }; alert(1)", Word::Alert),
        ("/* alert() */ alert(1) // alert()", Word::Alert),
        ("location = url", Word::Location),
        ("window.location = url", Word::Location),
        ("document.location.href = url", Word::Location),
        ("location.replace(url)", Word::Location),
        ("self.location.assign(url)", Word::Location),
        ("location.reload()", Word::Location),
        ("new RTCPeerConnection(x)", Word::PeerConnection),
    ] {
        assert_eq!(words(source), [word], "{source}");
    }
    assert_eq!(words("getUserMedia({ video: 1, audio: 2 })"), []);
    assert_eq!(words("n.getUserMedia({ video: 1, audio: 2 })"), [Word::Camera, Word::Microphone]);
}

#[test]
fn what_is_no_global_is_not_told() {
    for source in [
        "foo.alert()",
        "this.alert()",
        "foo.window.alert()",
        "const self = this; self.alert()",
        "function alert() {} alert()",
        "alert(); function alert() {}",
        "import { alert } from './a.js'; alert()",
        "import alert from './a.js'; window2.alert(); alert()",
        "import * as alert from './a.js'; alert()",
        "const { alert } = x; alert()",
        "const { a: { b: [alert = 1] } } = x; alert()",
        "let a = 1, alert = f; alert()",
        "var a = () => b, alert = c; alert()",
        "function f(a, { alert }) { return () => alert() }",
        "const f = (a, [alert]) => alert()",
        "const f = alert => alert()",
        "const f = async alert => { alert() }",
        "const f = async ({ alert }, ...b) => alert()",
        "x = { f(alert) { alert() } }",
        "class A { static f(alert) { alert() } alert() {} #alert() { this.#alert() } }",
        "try {} catch (alert) { alert() }",
        "for (const alert of x) alert()",
        "for (let [alert] of x) { alert() }",
        "(function alert() { alert() })()",
        "(class alert { static { alert() } })",
        "x = { alert() {}, get prompt() { return 1 }, async confirm() {} }",
        "function f() { if (a) { var alert = b } alert() }",
        "let alert; { alert() }",
        "function f(alert) { { let alert; } alert() }",
        "function f(alert) { return alert => 1, alert() }",
        "'alert()'; `alert()`; /alert()/; // alert()",
        "typeof Worker !== 'undefined' && new Worker('./w.js')",
        "if ('serviceWorker' in navigator) navigator.serviceWorker.register(x)",
        "open",
        "Function.prototype",
        "dialog.open()",
        "x.location = y; this.location.href = y",
        "const location = x; location = y; location.href = y",
        "location.hash = x; y = location.href; if (location.href == y) x(location == y)",
        "({ location: 1, href: 2 }); f(({ location = 1 }) => location)",
        "x.top.location",
    ] {
        assert_eq!(words(source), [], "{source}");
    }
}

#[test]
fn calls_with_literals_are_told() {
    for (source, told) in [
        ("fetch('./x.json')", "fetch ./x.json"),
        ("window.fetch(`https://a.example/x`, { method: 'POST' })", "fetch https://a.example/x"),
        ("new WebSocket(\"wss:\\/\\/a.example\")", "WebSocket wss://a.example"),
        ("new EventSource('/x')", "EventSource /x"),
        ("navigator.sendBeacon('/b', data)", "_.sendBeacon /b"),
        ("xhr.open('get', 'https://a.example', true)", "_.open https://a.example"),
        ("mcp.callTool('move_piece', { a: 1 })", "mcp.callTool move_piece"),
        ("await window.mcp.openLink('https://a.example')", "mcp.openLink https://a.example"),
        ("mcp?.requestDisplayMode?.('fullscreen')", "mcp.requestDisplayMode fullscreen"),
    ] {
        assert_eq!(calls(source), [told], "{source}");
        let script = module(source);
        let literal = &script.calls[0].literal;
        assert!(matches!(&source[literal.span.start..][..1], "'" | "\"" | "`"), "{source}");
        assert!(matches!(&source[literal.span.end - 1..][..1], "'" | "\"" | "`"), "{source}");
    }
    for source in [
        "fetch('https://a.example/' + x)",
        "fetch(`https://a.example/${x}`)",
        "fetch(x, 'y')",
        "foo.fetch('x')",
        "const fetch = f; fetch('x')",
        "const mcp = f; mcp.callTool('x')",
        "x.mcp.callTool('x')",
        "fetch('a'.replace('a', 'b'))",
        "caches.open('v1', 'x')",
        "fetch",
        "fetch()",
    ] {
        assert_eq!(calls(source), [""; 0], "{source}");
    }
}

#[test]
fn literals_assigned_to_src_are_told() {
    let told = |source| module(source).sources.into_iter().map(|literal| literal.value).collect::<Vec<_>>();
    assert_eq!(told("img.src = './a.png'; b.c.src = `d`\nx; ({}).src='e'"), ["./a.png", "d", "e"]);
    assert_eq!(told("f(img.src = 'a'), y"), ["a"]);
    for source in
        ["img.src = 'a' + b", "img.src == 'a'", "src = 'a'", "x = { src: 'a' }", "img.src = 'a'\n+ b", "img.src += 'a'"]
    {
        assert_eq!(told(source), [""; 0], "{source}");
    }
}

#[test]
fn imports_are_told_with_their_place() {
    let source = "import a, { b as c } from './a.js';\nimport('./b.js').then(f); import x from './c.json' with { type: 'json' };\nexport * from \"./d.js\"; import(`./e.js`, { with: { type: 'json' } }); import(f); import './f.js'";
    let script = module(source);
    let told: Vec<_> = script
        .imports
        .iter()
        .map(|import| {
            let kind = import.kind.as_ref().map_or("", |kind| &kind.value);
            (&*import.specifier.value, &source[import.span.clone()], matches!(import.form, Form::Call), kind)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("./a.js", "import a, { b as c } from './a.js';", false, ""),
            ("./b.js", "import('./b.js')", true, ""),
            ("./c.json", "import x from './c.json' with { type: 'json' };", false, "json"),
            ("./d.js", "export * from \"./d.js\";", false, ""),
            ("./e.js", "import(`./e.js`, { with: { type: 'json' } })", true, "json"),
            ("./f.js", "import './f.js'", false, ""),
        ]
    );
}

#[test]
fn what_is_never_closed_is_told_where_it_opens() {
    for (source, at, message) in [
        ("a = 'b\nc'", 4, "this string is never closed"),
        ("x\n`a ${b} c", 2, "this template is never closed"),
        ("`a ${`b` c", 0, "this template is never closed"),
        ("a /* b", 2, "this comment is never closed"),
        ("a = /b[/]\n", 4, "this regular expression is never closed"),
        ("f(a, [b)", 5, "`[` is never closed"),
        ("function f() { if (x) {", 22, "`{` is never closed"),
        ("a }", 2, "`}` closes nothing"),
        ("import { a from './b.js'", 11, "this `import` is malformed"),
        ("export a", 7, "this `export` is malformed"),
    ] {
        let fault = module(source).fault.unwrap_or_else(|| panic!("{source}"));
        assert_eq!((fault.at, &*fault.message), (at, message), "{source}");
    }
}

#[test]
fn comments_of_old_are_those_of_scripts_only() {
    let source = "<!-- alert(1)\nx\n--> alert(2)\n";
    assert_eq!(scan(source, Goal::Script).words, []);
    assert_eq!(module("x<!--y\n").fault, None);
    assert_eq!(words("a<!--alert(1)"), [Word::Alert]);
}

#[test]
fn division_and_regular_expressions_are_told_apart() {
    use pmcp_apps_bundle::script::{Piece, scan_pieces};
    for (source, regexes) in [
        ("a / b / c", 0),
        ("(a) / b / c", 0),
        ("if (a) /b/.test(c)", 1),
        ("x = {} / 1 / 2", 0),
        ("{} /a/.test(b)", 1),
        ("function f() {} /a/.test(b)", 1),
        ("x = function () {} / 1 / 2", 0),
        ("class A {} /a/.test(b)", 1),
        ("x = class extends (a / 1 / 2) {} / 1 / 2", 0),
        ("return /a/", 1),
        ("a.return / 1 / 2", 0),
        ("a++ / 1 / 2", 0),
        ("a\n++/b/.c", 1),
        ("x = () => {}\n/a/.test(b)", 1),
        ("switch (a) { case /b/: default: /c/ }", 2),
        ("a ? { b } / 1 / 2 : /c/", 1),
        ("label: { } /a/", 1),
        ("`${a / b / c}` / 1 / 2", 0),
        ("`${{}}` / 1 / `${/a/}`", 1),
        ("x = a => b / 1 / 2", 0),
        ("while (a) /b/g.c", 1),
        ("do /a/.b; while (c) /d/.e", 2),
        ("for (const a of /b/) {}", 1),
        ("of / 1 / 2", 0),
        ("typeof /a/", 1),
        ("x = { get: 1, if: /a/, f() {} } / 1 / 2", 1),
        ("function* f() { yield /a/ }", 1),
        ("async () => await /a/", 1),
        ("!function () {} / 1 / 2", 0),
        ("/[/]\\/]/.a / 1", 1),
        ("1 / 2 / .5 / 1_0n / 0x1F / 1", 0),
        ("this / 1 / 2", 0),
        ("a[0] / 1 / 2", 0),
        ("x = class { a = 1 / 2 / 3\nb = /c/\nstatic { /d/ } [/e/] = 1 }", 3),
    ] {
        let (pieces, script) = scan_pieces(source, Goal::Module);
        let found = pieces.iter().filter(|piece| matches!(piece, Piece::Regex(..))).count();
        assert_eq!((found, script.fault), (regexes, None), "{source}");
    }
}

/// Fragments from which hostile texts are made.
const FRAGMENTS: [&str; 24] = [
    "(",
    "[",
    "{",
    "`${",
    "/[",
    "\"",
    "/*",
    "a=>",
    "<!--",
    "-->",
    "\\u{",
    "import(\"a\",",
    "export default class{}",
    "[a]=1,",
    "({a}=",
    "[",
    "[a,b,c]=d;",
    "for(let a of b)",
    "class extends ",
    "async(",
    "function f(a){",
    "sk-aB1sk-",
    "var a,b;{let alert;alert(",
    "export{a as b};import a from'https:b';",
];

#[test]
fn hostile_texts_take_linear_time() {
    let time = |source: &str| {
        let started = Instant::now();
        let script = scan(source, Goal::Module);
        let _ = link("d", &[Module { path: "a.js", source, script: Some(&script) }], &["a.js"]);
        started.elapsed()
    };
    for fragment in FRAGMENTS {
        let long = fragment.repeat(2_000_000 / fragment.len());
        let took = time(&long);
        // A quadratic one takes minutes.
        assert!(took < Duration::from_secs(20), "{fragment} took {took:?}");
    }
    let nested = format!("{}{}{}", "[".repeat(30_000), "a,".repeat(500_000), "]=1".repeat(30_000));
    assert!(time(&nested) < Duration::from_secs(20));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_taken(parts in prop::collection::vec(prop_oneof![
        prop::sample::select(&FRAGMENTS[..]).prop_map(str::to_owned),
        prop::sample::select(&[
            ")", "]", "}", "`", "'", "/", "*/", "\n", ";", ",", ":", "?", "?.", ".", "...", "=", "=>", "==", "++", "a", "async ", "await ",
            "yield ", "import ", "export ", "from ", "'./b.js'", "as ", "default ", "function ", "class ", "let ", "of ", "in ", "new ",
            "alert", "window", "mcp", ".src", "é", "\u{2028}", "\\", "\\u0061", "1", "1e", "0x", "#a", "#!", "static ", "get ", "*", "@",
        ][..]).prop_map(str::to_owned),
        "\\PC{0,4}",
    ], 0..40)) {
        let source = parts.concat();
        for goal in [Goal::Module, Goal::Script] {
            let script = scan(&source, goal);
            let within = |span: &std::ops::Range<usize>| source.get(span.clone()).is_some();
            for import in &script.imports {
                prop_assert!(within(&import.span) && within(&import.specifier.span), "{import:?}");
            }
            for call in &script.calls {
                prop_assert!(within(&call.literal.span), "{call:?}");
            }
            prop_assert!(script.words.iter().all(|(_, span)| within(span)));
            prop_assert!(script.fault.iter().all(|fault| source.is_char_boundary(fault.at)));
            let other = scan("export const a = 1, b = 2; export default 3;", Goal::Module);
            let modules = [
                Module { path: "a.js", source: &source, script: Some(&script) },
                Module { path: "b.js", source: "export const a = 1, b = 2; export default 3;", script: Some(&other) },
            ];
            let _ = link("d", &modules, &["a.js"]);
        }
    }
}
