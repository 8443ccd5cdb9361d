//! Linked modules beside the same modules as Node.js imports them: they do the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use pmcp_apps_bundle::script::{Form, Goal, Module, Script, link, resolve, scan};

/// Scans files and links them from `entry`.
fn linked(files: &[(String, String)], entry: &str) -> Result<String, String> {
    let scripts: Vec<Option<Script>> =
        files.iter().map(|(path, source)| (!path.contains(".json")).then(|| scan(source, Goal::Module))).collect();
    let modules: Vec<_> = files
        .iter()
        .zip(&scripts)
        .map(|((path, source), script)| Module { path, source, script: script.as_ref() })
        .collect();
    link("widgets/board", &modules, &[entry]).map_err(|mistakes| {
        let told: Vec<_> = mistakes
            .iter()
            .map(|(path, fault)| format!("{path}:{}: {}\n  {}", fault.at, fault.message, fault.help))
            .collect();
        told.join("\n")
    })
}

fn node(arguments: &[&Path]) -> String {
    let output = Command::new("node").arg("--no-warnings").args(arguments).output().expect("Node.js is on the PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("Node.js tells UTF-8")
}

/// Files of a case, each behind a line `--- path`. The first one is the entry, and tells what it sees by `log`.
fn files(case: &str) -> Vec<(String, String)> {
    let files = case.split("--- ").skip(1).map(|file| file.split_once('\n').expect("a path and a text"));
    files.map(|(path, source)| (path.to_owned(), source.to_owned())).collect()
}

const CASES: &[(&str, &str)] = &[
    (
        "named, default and renamed",
        "--- a.mjs\nimport d, { x, y as z, 'a b' as w } from './b.mjs';\nlog(d, x, z, w);\n--- b.mjs\nexport const x = 1; export let y = 2; const v = 3;\nexport { v as 'a b' };\nexport default 4;\n",
    ),
    (
        "namespaces",
        "--- a.mjs\nimport * as ns from './b.mjs'; import e, * as all from './b.mjs';\nlog(Object.keys(ns), ns === all, e, Object.prototype.toString.call(ns), Object.isSealed(ns), Object.getPrototypeOf(ns));\ntry { ns.x = 2 } catch (error) { log(error.constructor.name) }\n--- b.mjs\nexport const x = 1, { y, z: [w = 5, ...rest] } = { y: 2, z: [] }; export default class {}\nexport function f() {} export async function* g() {} export class C {}\n",
    ),
    (
        "anonymous defaults have their name",
        "--- a.mjs\nimport f from './f.mjs'; import C from './c.mjs'; import g from './g.mjs'; import e from './e.mjs';\nlog(f.name, f(), C.name, new C().x, g.name, [...g()], e);\n--- f.mjs\nexport default function () { return 1 }\n(function () { log('apart') })();\n--- c.mjs\nexport default class { x = 1 }\n[1].forEach(log);\n--- g.mjs\nexport default function* () { yield 1 }\n--- e.mjs\nexport default /* why */ [1, 2]\n.map(x => x + 1)\n",
    ),
    (
        "named defaults stay declarations",
        "--- a.mjs\nimport f, { g } from './f.mjs'; log(f(), g(), f.name);\n--- f.mjs\nlog(f());\nexport default function f() { return 1 }\nexport async function h() {}\nexport function g() { return f() + 1 }\n",
    ),
    (
        "order of imports",
        "--- a.mjs\nlog('a'); import './b.mjs'; import { c } from './c.mjs';\nlog(c);\n--- b.mjs\nimport './d.mjs'\nlog('b')\n--- c.mjs\nimport './d.mjs'\nlog('c')\nexport const c = 1\n--- d.mjs\nlog('d')\n",
    ),
    (
        "re-exports",
        "--- a.mjs\nimport * as r from './r.mjs'; import { x, ns, again } from './r.mjs'; log(Object.keys(r), x, ns.x, again, r.default);\n--- r.mjs\nexport * from './b.mjs'; export * from './c.mjs'; export * as ns from './b.mjs'; export { x as again, default } from './b.mjs'; import { y as mine } from './b.mjs'; export { mine };\nexport const own = 1;\n--- b.mjs\nexport const x = 1, y = 2, own = 3; export default 5;\n--- c.mjs\nexport { x } from './b.mjs'; export const z = 3, y = 9;\n",
    ),
    (
        "live through a namespace",
        "--- a.mjs\nimport * as ns from './b.mjs'; import { next } from './b.mjs'; import * as r from './r.mjs'; log(ns.count); next(); log(ns.count, r.count, r.also);\n--- b.mjs\nexport let count = 0; export function next() { count++ }\n--- r.mjs\nexport * from './b.mjs'; import { next } from './b.mjs'; next(); export { count as also } from './b.mjs';\n",
    ),
    (
        "assigned before others run",
        "--- a.mjs\nimport { total, E } from './b.mjs'; log(total, E.A);\n--- b.mjs\nexport let total = 0; for (const n of [1, 2]) total += n;\nexport var E; (function (E) { E[E.A = 0] = 'A' })(E || (E = {}));\n",
    ),
    (
        "top-level await",
        "--- a.mjs\nimport { x } from './b.mjs'; log(x); for await (const y of [1]) log(y);\n--- b.mjs\nexport const x = await Promise.resolve(7);\nlog('b');\n",
    ),
    (
        "classes that wait and assign",
        "--- a.mjs\nimport { A, B, n } from './b.mjs'; log(new B() instanceof A, new B().k, new B().f(), n);\n--- b.mjs\nexport class A {}\nexport let n = 0;\nexport class B extends (await (n = 1, A)) { [await (n++, 'k')] = 2; static [(n++, 's')]() {} f() { return n } }\n",
    ),
    (
        "a name of the language that a file has itself",
        "--- a.mjs\nconst Promise = 2, ns = import('./b.mjs'); log((await ns).x, Promise);\n--- b.mjs\nexport const x = 1;\n",
    ),
    (
        "async before a line's end is a name",
        "--- a.mjs\nimport a from './b.mjs'; log(typeof a, a);\n--- b.mjs\nvar async = 5;\nexport default async\nfunction g() { return 1 }\nlog(g());\n",
    ),
    (
        "dynamic imports",
        "--- a.mjs\nconst ns = await import('./b.mjs'); log(ns.x, (await import(`./b.mjs`)).default, ns === await import('./b.mjs'));\nconst { default: j } = await import('./d.json', { with: { type: 'json' } }); log(j);\n--- b.mjs\nexport const x = 1; export default 2;\n--- d.json\n{\"a\": [1, \"\\u2028'\"], \"__proto__\": {\"b\": 1}}\n",
    ),
    (
        "json",
        "--- a.mjs\nimport data from './d.json' with { type: 'json' }; import * as ns from './d.json' with { type: 'json' }; log(JSON.stringify(data), Object.keys(ns));\n--- d.json\n{\"a\": \"it's </script> \\\\ \\\"\", \"__proto__\": 1}\n",
    ),
    (
        "statements without semicolons",
        "--- a.mjs\nlog('one')\nimport { f } from './b.mjs'\n(log)('two')\nimport './b.mjs'\n`x`.at(0)\nexport { f }\n[1].map(log)\nexport default f\nlog(f())\n--- b.mjs\nexport const f = () => 3\n",
    ),
    (
        "names of ours are not theirs",
        "--- a.mjs\nimport { __m0, __m1 } from './b.mjs'; const __m = 1, __mm1 = 5; log(__m, __m0, __m1, __mm1);\n--- b.mjs\n#!/usr/bin/env node\nexport const __m0 = 2, __m1 = 3; // last line is a comment",
    ),
    (
        "escaped names",
        "--- a.mjs\nimport { \\u0061b as c, höhe } from './b.mjs'; log(c, höhe);\n--- b.mjs\nexport const a\\u{62} = 1, höhe = 2;\n",
    ),
    (
        "strict, without this",
        "--- a.mjs\nimport './b.mjs'; log(this, (function () { return this })());\n--- b.mjs\nlog(typeof this, typeof arguments);\n",
    ),
    (
        "parents and children",
        "--- a.mjs\nimport { x } from './lib/x.mjs'; log(x);\n--- lib/x.mjs\nimport { y } from '../y.mjs'; export const x = y + 1;\n--- y.mjs\nexport const y = 1;\n",
    ),
    (
        "commas and comments everywhere",
        "--- a.mjs\nimport /* a */ { // b\n x, /* from */ y\n as z, } /* c */ from /* d */ './b.mjs' /* e */ ; /* f */ log(x, z); export /* g */ { x as default, z as /* h */ q, };\n--- b.mjs\nexport /* a */ const /* b */ x = 1; export /* c */ { x as y } /* d */\n",
    ),
];

const RUN: &str = "
import { pathToFileURL } from 'node:url';
const [,, ...paths] = process.argv;
for (const path of paths) {
  const told = [];
  globalThis.log = (...values) => told.push(values.map(value => typeof value === 'object' ? JSON.stringify(value) : String(value)).join(' '));
  try { await import(pathToFileURL(path)) } catch (error) { told.push('threw ' + error) }
  console.log(JSON.stringify(told));
}
";

#[test]
#[ignore = "needs Node.js on the PATH"]
fn linked_modules_do_what_native_ones_do() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let run = root.join("run.mjs");
    fs::write(&run, RUN).unwrap();
    let mut paths = vec![run];
    for (number, (name, case)) in CASES.iter().enumerate() {
        let files = files(case);
        for (path, source) in &files {
            let path = root.join(number.to_string()).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // Newer syntax of attributes than the oldest Node.js knows is the same to it.
            fs::write(path, source).unwrap();
        }
        let text = linked(&files, &files[0].0).unwrap_or_else(|mistakes| panic!("{name}: {mistakes}"));
        let ours = root.join(format!("{number}.mjs"));
        fs::write(&ours, &text).unwrap();
        paths.push(root.join(number.to_string()).join(&files[0].0));
        paths.push(ours);
    }
    let told = node(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    let told: Vec<_> = told.lines().collect();
    assert_eq!(told.len(), CASES.len() * 2);
    let differ: Vec<_> = CASES
        .iter()
        .enumerate()
        .filter(|(number, _)| {
            told[number * 2] != told[number * 2 + 1] || told[number * 2].contains("threw") || told[number * 2] == "[]"
        })
        .map(|(number, (name, _))| {
            let text = fs::read_to_string(root.join(format!("{number}.mjs"))).unwrap();
            format!("{name}:\nnative {}\nlinked {}\n{text}", told[number * 2], told[number * 2 + 1])
        })
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// The files that an entry reaches, which imports packages by their paths.
fn reached(root: &Path, entry: &str) -> Vec<(String, String)> {
    let mut files = vec![("entry.js".to_owned(), entry.to_owned())];
    let mut at = 0;
    while at < files.len() {
        let (path, source) = files[at].clone();
        for import in scan(&source, Goal::Module).imports {
            if import.form == Form::Call && !import.specifier.value.starts_with("./") {
                continue;
            }
            let target = resolve(&path, &import.specifier.value).unwrap_or_else(|| panic!("{path}"));
            if !files.iter().any(|(path, _)| *path == target) {
                let source = fs::read_to_string(root.join(&target)).unwrap_or_else(|error| panic!("{target}: {error}"));
                files.push((target, source));
            }
        }
        at += 1;
    }
    files
}

const COMPARE: &str = "
import { pathToFileURL } from 'node:url';
const [,, check, linked, ...natives] = process.argv;
await import(pathToFileURL(linked));
const spot = new Function('lib', 'return ' + check);
const native = await import(pathToFileURL(natives[0]));
const ours = globalThis.linked;
const names = Object.keys(native);
const same = JSON.stringify(names) === JSON.stringify(Object.keys(ours));
const types = names.filter(name => typeof native[name] !== typeof ours[name] || native[name]?.name !== ours[name]?.name);
const a = JSON.stringify(spot(native)), b = JSON.stringify(spot(ours));
console.log(names.length, same, types.join(), a === b && a.length > 20, a === b ? '' : a + b);
";

#[test]
#[ignore = "needs the packages of `cargo xtask setup`"]
fn libraries_are_the_same_linked() {
    let packages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/scripts/node_modules");
    let packages = packages.canonicalize().expect("run `cargo xtask setup`");
    let directory = tempfile::tempdir().unwrap();
    let compare = directory.path().join("compare.mjs");
    fs::write(&compare, COMPARE).unwrap();
    for (library, at_least, check) in [
        (
            "lodash-es/lodash.js",
            300,
            "[lib.chunk([1,2,3,4,5],2), lib.kebabCase('fooBar Baz'), lib.default([1,2,3]).map(x => x * 2).value(), lib.merge({a:{b:1}},{a:{c:2}}), lib.template('a<%= b %>')({b:3})]",
        ),
        (
            "three/build/three.module.js",
            400,
            "[new lib.Vector3(1,2,3).cross(new lib.Vector3(3,2,1)).toArray(), new lib.Matrix4().makeRotationX(1).elements, new lib.Color('rebeccapurple').getHexString(), new lib.BoxGeometry(1,2,3).attributes.position.count]",
        ),
        (
            "three/build/three.module.min.js",
            400,
            "[new lib.Quaternion().setFromAxisAngle(new lib.Vector3(0,1,0),1).toArray(), new lib.SphereGeometry(2).attributes.normal.count, lib.REVISION]",
        ),
        (
            "date-fns/index.js",
            240,
            "[lib.format(new Date(2026, 10, 26, 21, 5), \"yyyy-MM-dd'T'HH:mm\"), lib.addDays(new Date(0), 3), lib.formatDistance(new Date(0), new Date(1e9)), lib.parse('26.11.2026', 'dd.MM.yyyy', new Date(0))]",
        ),
        (
            "d3-geo/dist/d3-geo.mjs",
            40,
            "[lib.geoMercator()([10, 50]), lib.geoPath(lib.geoEqualEarth())({ type: 'LineString', coordinates: [[0, 0], [90, 45]] }), lib.geoDistance([0, 0], [1, 1])]",
        ),
        (
            "d3-shape/dist/d3-shape.mjs",
            50,
            "[lib.line()([[0, 1], [2, 3]]), lib.arc()({ innerRadius: 1, outerRadius: 2, startAngle: 0, endAngle: 1 }), lib.pie()([1, 2, 3])]",
        ),
        (
            "d3-delaunay/dist/d3-delaunay.mjs",
            2,
            "[lib.Delaunay.from([[0, 0], [1, 0], [0, 1]]).triangles, lib.Delaunay.from([[0, 0], [1, 0], [0, 1], [2, 2]]).voronoi().render()]",
        ),
    ] {
        let entry = format!("import * as lib from './{library}'; globalThis.linked = lib;");
        // d3's modules name each other by package; in a widget by path.
        let files: Vec<_> = if library.starts_with("d3") { d3(&packages, &entry) } else { reached(&packages, &entry) };
        let bytes: usize = files.iter().map(|(_, source)| source.len()).sum();
        let started = Instant::now();
        let text = linked(&files, "entry.js").unwrap_or_else(|mistakes| panic!("{library}: {mistakes}"));
        eprintln!("{library}: {} files, {bytes} bytes scanned and linked in {:?}", files.len(), started.elapsed());
        assert_eq!(text, linked(&files, "entry.js").unwrap());
        let ours = directory.path().join("linked.mjs");
        fs::write(&ours, text).unwrap();
        let told = node(&[&compare, Path::new(check), &ours, &packages.join(library)]);
        let (count, rest) = told.trim_end().split_once(' ').unwrap();
        eprintln!("{library}: {count} exports");
        assert_eq!(rest.trim_end(), "true  true", "{library}");
        assert!(count.parse::<usize>().unwrap() >= at_least, "{library}: {count}");
    }
}

/// Files of d3 with their bare specifiers written as paths, as who copies them into a widget does.
fn d3(packages: &Path, entry: &str) -> Vec<(String, String)> {
    let mut files = vec![("entry.js".to_owned(), entry.to_owned())];
    let mut at = 0;
    while at < files.len() {
        let (path, mut source) = files[at].clone();
        let up = "../".repeat(path.matches('/').count());
        for import in scan(&source, Goal::Module).imports.into_iter().rev() {
            let name = &import.specifier.value;
            if !name.starts_with('.') {
                let target = format!("\"./{up}{}\"", main_of(packages, name));
                source.replace_range(import.specifier.span, &target);
            }
        }
        for import in scan(&source, Goal::Module).imports {
            let target = resolve(&path, &import.specifier.value).expect("a file");
            if !files.iter().any(|(path, _)| *path == target) {
                let source =
                    fs::read_to_string(packages.join(&target)).unwrap_or_else(|error| panic!("{target}: {error}"));
                files.push((target, source));
            }
        }
        files[at].1 = source;
        at += 1;
    }
    files
}

/// The module of a package.
fn main_of(packages: &Path, name: &str) -> String {
    let package = fs::read_to_string(packages.join(name).join("package.json")).expect("a package");
    let of = |key: &str| {
        let (_, value) = package.split_once(&format!("\"{key}\": \""))?;
        Some(value.split('"').next().unwrap_or_default().to_owned())
    };
    format!("{name}/{}", of("module").or_else(|| of("main")).expect("a module"))
}

#[test]
#[ignore = "needs the packages of `cargo xtask setup`"]
fn all_of_d3_meets_the_limit_of_assigned_exports() {
    let packages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/scripts/node_modules");
    let files = d3(&packages, "import { scaleLinear } from './d3/src/index.js'; scaleLinear();");
    let told = linked(&files, "entry.js").expect_err("it links");
    let names: Vec<_> = told.lines().filter(|line| line.contains("assigned later")).collect();
    assert_eq!(names.len() * 2, told.lines().count(), "{told}");
    assert!(names.len() >= 4 && names[0].contains("`format`"), "{told}");
    // Through a namespace they are seen.
    let format = packages.join("d3-format/dist/d3-format.mjs");
    let files = [
        ("entry.js".to_owned(), "import * as lib from './format.js'; lib.format('.2f');".to_owned()),
        ("format.js".to_owned(), fs::read_to_string(format).expect("a package")),
    ];
    linked(&files, "entry.js").expect("it links");
}

/// The mistakes of linking these files, with the entry `a.js`.
fn mistakes(case: &str) -> String {
    let files = files(case);
    linked(&files, &files[0].0).expect_err("it links")
}

#[test]
fn what_cannot_be_linked_is_told() {
    for (case, told) in [
        (
            "--- a.js\nimport './b.js';\n--- b.js\nimport './a.js';\n",
            "b.js:7: modules import each other: `a.js` → `b.js` → `a.js`\n  move what both need into a third file",
        ),
        (
            "--- a.js\nimport './a.js';\n",
            "a.js:7: modules import each other: `a.js` → `a.js`\n  move what both need into a third file",
        ),
        (
            "--- a.js\nimport 'd3';\n",
            "a.js:7: `\"d3\"` is a bare specifier; browsers cannot resolve it\n  copy the module into `widgets/board` and import it by path",
        ),
        (
            "--- a.js\nimport x from './b.js'; import.meta.url;\n--- b.js\nexport default 1;\n",
            "a.js:24: `import.meta` has no meaning in an inlined document\n  name the file",
        ),
        (
            "--- a.js\nimport { reset } from './b.js';\n--- b.js\nexport let reset = 1; export function set() { reset = 2; }\n",
            "b.js:46: `reset` is exported and assigned later; importers would not see it\n  export a function that returns it",
        ),
        (
            "--- a.js\nimport { knigth } from './b.js';\n--- b.js\nexport const knight = 1, rook = 2;\n",
            "a.js:9: `./b.js` exports no `knigth`\n  did you mean `knight`?",
        ),
        (
            "--- a.js\nimport x from './b.js';\n--- b.js\nexport const knight = 1, rook = 2;\n",
            "a.js:7: `./b.js` exports no `default`\n  `b.js` exports `knight`, `rook`",
        ),
        (
            "--- a.js\nimport './b.js';\n--- b.js\nexport const a = 1; export { b as a }; const b = 1;\n",
            "b.js:34: `a` is exported twice\n  remove one of them",
        ),
        (
            "--- a.js\nimport { x } from './b.js';\n--- b.js\nexport * from './c.js'; export * from './d.js';\n--- c.js\nexport const x = 1;\n--- d.js\nexport const x = 2;\n",
            "a.js:9: `./b.js` exports `x` from two files\n  write `export { x } from …` in `b.js`",
        ),
        (
            "--- a.js\nimport './knigth.js';\n--- knight.js\n",
            "a.js:7: `./knigth.js` does not exist\n  did you mean `knight.js`?",
        ),
        (
            "--- a.js\nimport '../c.js';\n",
            "a.js:7: `../c.js` leaves the widget's directory\n  move the file into `widgets/board`",
        ),
        (
            "--- a.js\nimport x from './d.json';\n--- d.json\n1\n",
            "a.js:14: `./d.json` is JSON, which browsers import only as such\n  write `import x from \"./d.json\" with { type: \"json\" }`",
        ),
        (
            "--- a.js\nimport x from './d.json' with { type: 'json' };\n--- d.json\n[1,]\n",
            "d.json:3: this is no JSON\n  write JSON, without comments and commas at the end",
        ),
        (
            "--- a.js\nimport x from './d.css' with { type: 'css' };\n--- d.css\n",
            "a.js:37: modules of type `css` are not inlined\n  import a script, or JSON",
        ),
        (
            "--- a.js\nexport * from 'https://example.com/x.js'; import './b.js';\n--- b.js\n",
            "a.js:14: `export *` from `https://example.com/x.js` exports names that nobody knows here\n  write `export { name } from \"https://example.com/x.js\"`",
        ),
    ] {
        assert_eq!(mistakes(case), told, "{case}");
    }
}

#[test]
fn several_mistakes_are_told_once_each() {
    let told =
        mistakes("--- a.js\nimport 'd3'; import { x, y } from './b.js';\n--- b.js\nimport.meta; export const z = 1;\n");
    assert_eq!(told.lines().count(), 8, "{told}");
}

#[test]
fn a_shadowed_name_is_not_the_exported_one() {
    let case = "--- a.js\nimport { x, y, z, w } from './b.js';\n--- b.js\nexport let x = 1; export let y = 2; export const z = { n: 1 }; export let w = [];\nexport function f(x) { x = 2; { let y; y = 3; } z.n++; ++z.n; for (const y of []) ; ({ y: z.n } = {}); return ({ y }) => { [y] = [1]; ({ a: w[0], b: [w.x] } = {}); [w[1]] = []; w.y = ++w.z; if ('a' in w) ; w: for (;;) { break w } } }\n";
    let files = files(case);
    linked(&files, "a.js").unwrap();
    for assignment in [
        "x = 1",
        "x += 1",
        "x++",
        "--x",
        "[x] = [1]",
        "({ x } = {})",
        "({ a: [x = 1] } = {})",
        "for (x of []);",
        "for (x in {});",
        "for ([x] of []);",
        "x ??= 1",
        "a = x = 1",
        "(x) = 1",
        "() => { x = 1 }",
        "[a, ...x] = []",
    ] {
        let case = format!(
            "--- a.js\nimport {{ x }} from './b.js';\n--- b.js\nexport let x; let a; export function f() {{ {assignment} }}\n"
        );
        assert!(mistakes(&case).contains("assigned later"), "{assignment}");
    }
}

/// What stands before `=>` looks like an expression that happens at once.
#[test]
fn parameters_of_arrows_assign_later() {
    let case = |of: &str| format!("--- a.js\nimport {{ x }} from './b.js';\n--- b.js\nexport let x; let a; {of}\n");
    for of in ["(y = x = 7) => {}", "async (y = [x] = [7]) => {}", "({ y = (z = x++) => 1 }) => {}"] {
        assert!(mistakes(&case(&format!("export const g = {of};"))).contains("assigned later"), "{of}");
    }
    for at_once in ["(a = x = 7);", "f((y) => y, x = 7);", "(x = 7, (y = 1) => y);", "((y = 1) => y)(x = 7);"] {
        assert!(linked(&files(&case(at_once)), "a.js").is_ok(), "{at_once}");
    }
}

#[test]
fn a_script_that_imports_no_file_is_left_alone() {
    for source in ["const x = 1", "#!/bin/x\nexport default 1", "import x from 'https://example.com/x.js';\nx()", ""] {
        assert_eq!(linked(&[("a.js".to_owned(), source.to_owned())], "a.js").unwrap(), source);
    }
}

#[test]
fn urls_are_left_to_the_browser() {
    let files = files(
        "--- a.js\nimport d, { x as y } from 'https://example.com/x.js'; import './b.js'; d(y); import('https://example.com/y.js');\n--- b.js\nexport { z } from 'https://example.com/z.js'; import 'https://example.com/w.js';\n",
    );
    let text = linked(&files, "a.js").unwrap();
    assert!(text.contains("import { default as __m_1, x as __m_2 } from \"https://example.com/x.js\";"), "{text}");
    assert!(text.contains("import \"https://example.com/w.js\";"), "{text}");
    assert!(text.contains("import('https://example.com/y.js')"), "{text}");
}

#[test]
fn lines_stay_where_they_are() {
    let files = files("--- a.js\nimport {\n  x\n} from './b.js';\nlog(x); // kept\n--- b.js\nexport const x = 1;\n");
    let text = linked(&files, "a.js").unwrap();
    let from = text.split("// a.js\n").nth(1).unwrap();
    assert_eq!(from.lines().nth(4).unwrap(), "log(x); // kept", "{text}");
}
