//! Mistakes of modules that import each other.

use crate::{case, check, support::Widget};

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
