//! The package here as the server: built, run, and told about.

use std::fs;

use snapbox::str;

use crate::support::{SERVER, package, pmcp};

#[test]
fn the_package_here_is_built_run_and_called() {
    let (_folder, root) = package();
    let tools = || pmcp(["inspect", "tools"]).current_dir(&root);
    tools().assert().success().stdout_eq("first_tool\n").stderr_eq(str![[r#"
    Building small v0.3.1
   Compiling small v0.3.1 ([..])

"#]]);
    tools().assert().success().stdout_eq("first_tool\n").stderr_eq(str![[r#"
    Building small v0.3.1

"#]]);
    let release =
        pmcp(["-q", "inspect", "tools", "--release", "-p", "small", "--bin", "small"]).current_dir(root.join("src"));
    release.assert().success().stdout_eq("first_tool\n").stderr_eq("");
    assert!(root.join("target/release").is_dir());
}

#[test]
fn what_is_wrong_with_it_is_told() {
    let (_folder, root) = package();
    let main = root.join("src/main.rs");
    let tools =
        |more: &[&'static str]| pmcp(["inspect", "tools"].into_iter().chain(more.iter().copied())).current_dir(&root);
    tools(&["-p", "smal"]).assert().code(2).stderr_eq(str![[r#"
error: there is no package `smal` here
help: did you mean `small`?

"#]]);
    tools(&["--example", "demo"]).assert().code(2).stderr_eq(str![[r#"
error: there is no example `demo` here

"#]]);

    fs::write(&main, "fn main() { let x: u8 = \"\"; }").unwrap();
    let broken = String::from_utf8(tools(&[]).assert().code(1).get_output().stderr.clone()).unwrap();
    assert!(
        broken.contains("error[E0308]: mismatched types") && broken.ends_with("error: `small` does not build\n"),
        "{broken}"
    );

    fs::write(&main, r#"fn main() { println!("no database"); std::process::exit(3) }"#).unwrap();
    tools(&[]).assert().code(1).stderr_eq(str![[r#"
    Building small v0.3.1
   Compiling small v0.3.1 ([..])
           | no database
error: `small` ended with exit code 3
help: a server keeps running: is its `main` one that ends with `run`, or takes `Transport::from_args()`?

"#]]);

    fs::write(&main, SERVER.replace("\"--http\"", "\"--port\"")).unwrap();
    tools(&[]).assert().code(1).stderr_eq(str![[r#"
    Building small v0.3.1
   Compiling small v0.3.1 ([..])
           | error: unexpected argument in ["--http", "127.0.0.1:0"]
error: `small` ended with exit code 2
help: it is started with `--http 127.0.0.1:0`, as `Server::run` and `Transport::from_args()` read it; if its arguments are others, pass `--url URL` or `-- COMMAND`

"#]]);
}
