//! Documents that are served, ours or not: one text, with nothing beside it.

use pmcp_apps_bundle::{Csp, Declared, Identity, Kind, Permissions, Topic, bundle, check_served};

mod support;

use support::{Widget, identity, page};

const URI: &str = "ui://weather/map.html";

fn told(body: &str, declared: &Declared) -> Vec<(Kind, Topic, String)> {
    let mistakes = check_served(URI, &page(body), declared);
    mistakes.into_iter().map(|it| (it.kind, it.topic, format!("{it}\nhelp: {}", it.help))).collect()
}

fn one(body: &str) -> (Kind, Topic, String) {
    let mut told = told(body, &Declared::default());
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

#[test]
fn what_our_bundler_makes_is_served_without_a_mistake() {
    let body = "<p>e4</p><link rel=stylesheet href=s.css><script type=module src=a.js></script>";
    let widget = Widget::body(body).file("s.css", "p { background: url(i.svg) }").file("i.svg", "<svg></svg>").file(
        "a.js",
        "import { b } from './b.js'; document.title = b; mcp.callTool('move').catch(() => mcp.openLink('https://a.example'))",
    );
    let widget = widget.file("b.js", "export const b = 'x'").declare(|declared| {
        declared.bridge = Some(Identity { name: "x".into(), ..identity() });
        declared.tools = Some(vec!["move".into()]);
        declared.csp = Csp { redirect: vec!["https://a.example".into()], ..Csp::default() };
    });
    let document = widget.document();
    assert_eq!(check_served(URI, &document, &widget.declared), []);
    // The directory is found wrong by the same rules.
    widget.edit("b.js", "'x'", "eval('x')");
    let mistakes = bundle(&pmcp_apps_bundle::Source { crate_dir: widget.crate_dir.path(), dir: "w" }, &widget.declared);
    assert_eq!(mistakes.mistakes[0].topic, Topic::Code);
}

#[test]
fn files_beside_a_document_are_not_served() {
    let wanted = "ui://weather/map.html:2:9: `app.js` is not in the document, and nothing is served beside it\nhelp: put its content into the \
                  document, or name an origin that serves it";
    assert_eq!(one("<script src=\"app.js\"></script>"), (Kind::Error, Topic::Addresses, wanted.to_owned()));
    for body in [
        "<img alt=x src=../a.png>",
        "<link rel=stylesheet href=/a.css>",
        "<p style=\"background: url(a.png)\">x</p>",
        "<script type=module>import './a.js'</script>",
        "<script type=module>import { x } from 'd3'; x()</script>",
        "<script>fetch('data.json')</script>",
    ] {
        let (kind, topic, text) = one(body);
        assert_eq!((kind, topic), (Kind::Error, Topic::Addresses), "{body}");
        assert!(!text.contains("w/") && !text.contains("widget's directory"), "{text}");
    }
}

#[test]
fn helps_speak_of_metadata_as_nobody_knows_of_an_attribute() {
    let (_, topic, text) = one("<script>fetch('https://api.example.com/x')</script>");
    assert_eq!(topic, Topic::Origins);
    assert!(text.ends_with(
        "`https://api.example.com` is used, but not among its `connectDomains`, so hosts block this request\nhelp: add it to \
         `_meta.ui.csp.connectDomains`, as `csp(connect = [\"https://api.example.com\"])` of `#[widget]` does"
    ), "{text}");
    let (_, topic, text) = one("<script>navigator.geolocation.watchPosition(f)</script>");
    assert_eq!(topic, Topic::Permissions);
    assert!(text.contains("_meta.ui.permissions"), "{text}");
    let asks =
        Declared { permissions: Permissions { geolocation: true, ..Permissions::default() }, ..Declared::default() };
    assert_eq!(told("<script>navigator.geolocation.watchPosition(f)</script>", &asks), []);
}

#[test]
fn modules_are_taken_as_browsers_take_them() {
    let body = "<script type=importmap>{}</script>\n\
                <script type=module>import { x } from 'd3'; let y = x; export { y }; y = import.meta.url</script>";
    assert_eq!(told(body, &Declared::default()), []);
}

#[test]
fn a_bridge_of_its_own_and_any_size_are_right() {
    let large = Declared { budget: 1, bridge: Some(identity()), ..Declared::default() };
    assert_eq!(told("<script>post({ method: 'ui/initialize' })</script>", &large), []);
}

#[test]
fn an_origin_that_nothing_names_is_told() {
    let declared =
        Declared { csp: Csp { frame: vec!["https://a.example".into()], ..Csp::default() }, ..Declared::default() };
    let told = told("<p>x</p>", &declared);
    let message = "`https://a.example` is declared, but nothing in the document names it\nhelp: remove it, unless addresses of it come with data";
    assert_eq!(told, [(Kind::Warning, Topic::Origins, message.to_owned())]);
}
