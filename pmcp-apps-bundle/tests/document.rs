//! The document means what the directory meant, and what need not change does not.

mod support;

use support::{Widget, identity, page};

fn body(text: &str) -> Widget {
    Widget::body(text)
}

/// The lines of the document after the page's head.
fn document(widget: &Widget) -> String {
    let document = widget.document();
    let (_, body) = document.split_once("<body>\n").unwrap_or_default();
    body.trim_end_matches("</body></html>\n").trim_end_matches('\n').to_owned()
}

#[test]
fn a_page_that_loads_nothing_stays_as_it_is() {
    let text = "<!DOCTYPE html>\r\n<HTML lang='en'\t>\n<title>é &amp; </title ><P Class=a  ID = \"b\">\u{a0}<!-- x --><br/>\n\
                <script>if (a < b && c) '<p>'</script><style>p::after { content: '<' }</style>\
                <svg viewBox='0 0 1 1'><path d='M0'/></svg><textarea><p></textarea>";
    assert_eq!(Widget::new(&[("index.html", text)]).document(), text);
}

#[test]
fn a_file_becomes_an_address_that_holds_it() {
    let widget = body(
        "<img alt='' src='a.png'>\n<img alt=\"\" SRC=\"sub/b.svg?v=1#part\" width=5>\n<video poster=a.png src=v.mp4></video>\n\
         <audio src=s.mp3></audio>\n<input type=image alt=a src=a.png>\n<svg><image href=a.png /><image xlink:href='a.png'/></svg>\n\
         <img alt='' src='%61.png'>",
    )
    .file("a.png", b"\x89PNG")
    .file("sub/b.svg", "<svg/>")
    .file("v.mp4", "v")
    .file("s.mp3", "s");
    let png = "data:image/png;base64,iVBORw==";
    assert_eq!(
        document(&widget),
        format!(
            "<img alt='' src=\"{png}\">\n<img alt=\"\" SRC=\"data:image/svg+xml;base64,PHN2Zy8+#part\" width=5>\n\
             <video poster=\"{png}\" src=\"data:video/mp4;base64,dg==\"></video>\n<audio src=\"data:audio/mpeg;base64,cw==\"></audio>\n\
             <input type=image alt=a src=\"{png}\">\n<svg><image href=\"{png}\" /><image xlink:href=\"{png}\"/></svg>\n\
             <img alt='' src=\"{png}\">"
        )
    );
    assert_eq!(widget.bundle().files, ["w/a.png", "w/index.html", "w/s.mp3", "w/sub/b.svg", "w/v.mp4"]);
}

#[test]
fn each_address_of_a_set_is_put_in_its_place() {
    let widget = body("<img alt='' srcset=\"a.png 1x, https://a.example/b.png 2x,a.png\">")
        .file("a.png", "x")
        .declare(|d| d.csp.resource.push("https://a.example".to_owned()));
    let png = "data:image/png;base64,eA==";
    assert_eq!(document(&widget), format!("<img alt='' srcset=\"{png} 1x, https://a.example/b.png 2x,{png}\">"));
}

#[test]
fn style_sheets_are_read_relative_to_themselves() {
    let widget = body("<link media='(width > 1px)' rel='stylesheet' href='css/a.css' integrity=x>")
        .file("css/a.css", "p { background: url( '../img/a.png' ), url(../img/a.png) }\n/* url(none) */")
        .file("img/a.png", "x");
    let png = "\"data:image/png;base64,eA==\"";
    assert_eq!(
        document(&widget),
        format!("<style media='(width > 1px)'>p {{ background: url( {png} ), url({png}) }}\n/* url(none) */</style>")
    );
}

#[test]
fn imports_stand_in_their_place_within_their_conditions() {
    let widget = body("<style>@layer x, y;\n@import \"css/a.css\" layer(x) supports(display: grid) print and (width > 1px);\nq { }</style>")
        .file("css/a.css", "@charset \"utf-8\";@import url(b.css) layer;i { }\n@layer z")
        .file("css/b.css", "b { background: url(\"c.png\") } // ")
        .file("css/c.png", "x");
    let told = widget.told();
    assert_eq!(told, ["w/css/b.css:1:32: this rule has no block\nhelp: add `{ … }`, or remove it"]);
    widget.write("css/b.css", "b { background: url(\"c.png\") }");
    assert_eq!(
        document(&widget),
        "<style>@layer x, y;\n@media print and (width > 1px){@supports (display: grid){@layer x{\
         @layer{b { background: url(\"data:image/png;base64,eA==\") }\n}i { }\n@layer z;\n}\n}\n}\nq { }</style>"
    );
}

#[test]
fn a_sheet_that_is_imported_twice_is_put_in_twice() {
    let widget = body("<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css>")
        .file("a.css", "@import 'b.css';@import 'b.css' print;")
        .file("b.css", "p { }");
    assert_eq!(document(&widget), "<style>p { }@media print{p { }\n}</style><style>p { }</style>");
}

/// Browsers ignore an `@charset` that is not at the beginning.
#[test]
fn a_late_charset_takes_nothing_with_it() {
    let sheet = "p { color: red }\n@charset \"utf-8\";q { }";
    assert_eq!(
        document(&body("<link rel=stylesheet href=a.css>").file("a.css", sheet)),
        format!("<style>{sheet}</style>")
    );
    let twice = "@charset \"utf-8\";@charset \"utf-8\";q { }";
    assert_eq!(
        document(&body("<link rel=stylesheet href=a.css>").file("a.css", twice)),
        "<style>@charset \"utf-8\";q { }</style>"
    );
}

#[test]
fn sections_within_svg_are_read() {
    let text = "<svg><style>\n<![CDATA[ g > h { } a::after { content: '<&' } ]]>\n</style><script><![CDATA[ 1 < 2 ]]></script></svg>";
    assert_eq!(document(&body(text)), text);
    let widget = body("<svg><style><![CDATA[ g { fill: url(a.png) } h::after { content: '<&' } ]]></style></svg>");
    assert_eq!(
        document(&widget.file("a.png", "x")).replace("         ", ""),
        "<svg><style> g { fill: url(\"data:image/png;base64,eA==\") } h::after { content: '&lt;&amp;' }    </style></svg>"
    );
    let told = body("<svg><script><![CDATA[\nalert(1)]]></script></svg>").told();
    assert_eq!(told, ["warning: w/index.html:3:1: `alert` does nothing in hosts\nhelp: show it in the page"]);
}

#[test]
fn sheets_within_svg_are_text() {
    let widget = body("<svg><style>@import 'a.css'; g { fill: url(a.png) }</style></svg>")
        .file("a.css", "a::after { content: '<&' }")
        .file("a.png", "x");
    assert_eq!(
        document(&widget),
        "<svg><style>a::after { content: '&lt;&amp;' } g { fill: url(\"data:image/png;base64,eA==\") }</style></svg>"
    );
}

#[test]
fn attributes_of_style_hold_their_files() {
    let widget =
        body("<p style='background: url(\"a.png\"); content: \"&amp;\"'><p style='color: red'>").file("a.png", "x");
    assert_eq!(
        document(&widget),
        "<p style=\"background: url(&quot;data:image/png;base64,eA==&quot;); content: &quot;&amp;&quot;\"><p style='color: red'>"
    );
}

#[test]
fn no_text_ends_the_element_it_is_put_into() {
    let widget = body("<link rel=stylesheet href=a.css>\n<script src=a.js></script>")
        .file("a.css", "p::after { content: \"</STYLE><b>\" }")
        .file("a.js", "x = '</script><!-- <script>'");
    assert_eq!(
        document(&widget),
        "<style>p::after { content: \"<\\/STYLE><b>\" }</style>\n<script>x = '\\x3c/script>\\x3c!-- <script>'</script>"
    );
}

/// Names of files are texts in scripts, in addresses and in the page of mistakes.
#[test]
fn no_name_of_a_file_ends_the_element_it_is_put_into() {
    let name = "</script><img src=x onerror=alert(1)>";
    let script = format!("import data from './{name}.json' with {{ type: 'json' }}; console.log(data);");
    let widget = body("<script type=module src=a.js></script>")
        .file("a.js", &script)
        .file(&format!("{name}.json"), "{\"</script>\": \"</script><!-- <script>\"}");
    let document = document(&widget);
    assert_eq!(document.matches("</script").count(), 1, "{document}");
    assert!(!document.contains("<img") && !document.contains("<!--"), "{document}");
    let told = body("<script type=module src=a.js></script>").file("a.js", script).bundle();
    let shown = pmcp_apps_bundle::page(&told.mistakes);
    assert!(shown.contains("does not exist") && !shown.contains("<img"), "{shown}");
}

#[test]
fn scripts_run_when_they_ran() {
    let widget = Widget::new(&[(
        "index.html",
        "<!doctype html><html lang=en><head><title>a</title><script src=a.js defer></script><script id=b src=b.js async crossorigin></script>\
         </head><body><script src=c.js>old</script><script nomodule src='d.js'></script></body></html>",
    )])
    .file("a.js", "a")
    .file("b.js", "b")
    .file("c.js", "c")
    .file("d.js", "\u{feff}d");
    assert_eq!(
        widget.document(),
        "<!doctype html><html lang=en><head><title>a</title></head><body><script>c</script><script nomodule>d</script>\
         <script>a</script><script id=b>b</script></body></html>"
    );
}

#[test]
fn a_module_that_imports_nothing_is_put_in_as_it_is() {
    let widget = body("<script type=\"module\" src=a.js></script>\n<script type=module>const b = 1;</script>")
        .file("a.js", "const a = 1;");
    assert_eq!(
        document(&widget),
        "<script type=\"module\">const a = 1;</script>\n<script type=module>const b = 1;</script>"
    );
}

/// A module that two script elements import runs once, so both become one script.
#[test]
fn modules_that_are_shared_are_linked_once() {
    let text = |second: &str| {
        format!(
            "<script type=module src=a.js></script>\n<script type=module>import {{ n }} from '{second}'; console.log('b', n)</script>"
        )
    };
    let files = |widget: Widget| {
        widget
            .file("a.js", "import { n } from './n.js'; console.log('a', n)")
            .file("n.js", "console.log('n'); export const n = 1;")
            .file("m.js", "console.log('m'); export const n = 1;")
    };
    let shared = document(&files(body(&text("./n.js"))));
    assert_eq!(shared.matches("console.log('n')").count(), 1, "{shared}");
    assert_eq!(shared.matches("<script").count(), 1, "{shared}");
    let apart = document(&files(body(&text("./m.js"))));
    assert_eq!(apart.matches("<script").count(), 2, "{apart}");
}

#[test]
fn data_and_links_are_left_alone() {
    let text = "<script type=\"application/json\" src=none.json>{\"a\": \"</p>\"}</script>\n<a href=\"#elsewhere\">a</a><a href=mailto:a@b.example>b</a>\n\
                <img alt='' src=\"\"><img alt='' src=\"data:,x\"><p title='url(none.png)'>\n<iframe title=a srcdoc=\"<p>\"></iframe>";
    assert_eq!(document(&body(text)), text);
}

#[test]
fn what_is_loaded_early_needs_no_tag() {
    let widget = body("<link rel=preload as=image href=a.png><link rel='shortcut icon' href=a.png>").file("a.png", "x");
    assert_eq!(document(&widget), "<link rel='shortcut icon' href=\"data:image/png;base64,eA==\">");
}

#[test]
fn a_base_is_followed() {
    let text = "<!doctype html><html lang=en><title>a</title><base href='assets/'><img alt='' src=a.png>";
    let widget = Widget::new(&[("index.html", text)]).file("assets/a.png", "x");
    assert!(widget.document().ends_with("<img alt='' src=\"data:image/png;base64,eA==\">"));
}

/// What a page loads from elsewhere by its base is there, and no file of the same name is put in its place.
#[test]
fn a_base_elsewhere_is_followed_there() {
    let body = "<img alt='' src=a.png><link rel=stylesheet href=a.css><script type=module>import './a.js'</script>";
    let text = format!("<!doctype html><html lang=en><title>a</title><base href=https://a.example/x/>{body}");
    let widget = Widget::new(&[("index.html", &text)]).file("a.png", "x").declare(|d| {
        d.csp.base_uri.push("https://a.example".to_owned());
        d.csp.resource.push("https://a.example".to_owned());
    });
    let document = widget.document();
    assert!(document.contains("<img alt='' src=a.png><link rel=stylesheet href=a.css>"), "{document}");
    assert!(document.contains("./a.js"), "{document}");
    let strict = widget.declare(|d| d.csp.resource.clear());
    assert_eq!(
        strict.told(),
        ["w/index.html:1:90: `https://a.example` is not in `csp(resource = […])`, so hosts block this request\n\
          help: add `csp(resource = [\"https://a.example\"])` to the attribute"]
    );
}

#[test]
fn the_bridge_comes_before_all_scripts() {
    let bridge = |text: &str| {
        let widget = Widget::new(&[("index.html", text)]).declare(|d| {
            d.bridge = Some(identity());
            d.bridge.as_mut().unwrap().name = "</script>\"".to_owned();
        });
        let document = widget.document();
        let start = document.find("<script>(").unwrap();
        let end = document.find("</script>").unwrap() + "</script>".len();
        let element = &document[start..end];
        let identity = "({\"name\":\"\\u003c/script\\u003e\\\"\",\"version\":\"1.0\",\"modes\":[\"inline\",\"fullscreen\"]})</script>";
        assert!(element.ends_with(identity), "{element}");
        (document[..start].to_owned(), document[end..].to_owned())
    };
    for (before, after) in [
        ("<!doctype html><html lang=en><head>", "<script>x</script><title>a</title></head>"),
        ("<!doctype html><html lang=en><head>\n<meta charset=utf-8>", "<script>x</script><title>a</title></head>"),
        ("<!doctype html><html lang=en>", "<title>a</title><p>a"),
    ] {
        assert_eq!(bridge(&format!("{before}{after}")), (before.to_owned(), after.to_owned()));
    }
}

/// A mark of the byte order would put the page into the quirks mode, and a style sheet's first rule out of use.
#[test]
fn marks_of_editors_are_left_out() {
    let mark = "\u{feff}";
    let widget = Widget::new(&[("index.html", &format!("{mark}{}", page("<link rel=stylesheet href=a.css>")))])
        .file("a.css", format!("{mark}p {{ }}"));
    let document = widget.document();
    assert!(document.starts_with("<!doctype html>") && document.contains("<style>p { }</style>"), "{document}");
}

#[test]
fn the_same_files_give_the_same_document() {
    let widget =
        body("<link rel=stylesheet href=a.css><script src=a.js></script>").file("a.css", "p { }").file("a.js", "x");
    assert_eq!(widget.document(), widget.document());
}
