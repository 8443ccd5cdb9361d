//! Help, and what is told about wrong arguments.

use snapbox::{Data, IntoData as _, str};

use crate::support::pmcp;

fn help() -> Data {
    str![[r#"
Servers of the Model Context Protocol: call them, and see their widgets

Usage: cargo pmcp [OPTIONS] <COMMAND>

Commands:
  preview      Show the widgets of a server in a local host, and reload them as they are edited
  app          Make apps and widgets
  inspect      Call a server: its tools, tasks, resources and prompts
  tasks        Operate the tasks in a store: see, cancel, answer, signal and retry them
  deploy       Set up what servers need where they run
  completions  Write the script that completes `cargo-pmcp` in a shell

Options:
      --color <WHEN>  Colours on the terminal; `auto` has them there unless `NO_COLOR` is set
                      [default: auto] [possible values: auto, always, never]
  -q, --quiet         Tell errors only
  -h, --help          Print help
  -V, --version       Print version

"#]]
    .into_data()
}

#[test]
fn help_lists_the_commands() {
    pmcp(["--help"]).assert().success().stderr_eq("").stdout_eq(help());
}

#[test]
fn each_mistake_has_its_words_and_a_help() {
    pmcp([]).assert().code(2).stderr_eq(help());
    pmcp(["inspct"]).assert().code(2).stderr_eq(str![[r#"
error: there is no command `inspct`
help: did you mean `inspect`?
help: it is used as `cargo pmcp [OPTIONS] <COMMAND>`

"#]]);
    pmcp(["cancel"]).assert().code(2).stderr_eq(str![[r#"
error: there is no command `cancel`
help: did you mean `cargo pmcp inspect cancel` or `cargo pmcp tasks cancel`?
help: it is used as `cargo pmcp [OPTIONS] <COMMAND>`

"#]]);
    pmcp(["inspect", "tools", "--ulr", "x"]).assert().code(2).stderr_eq(str![[r#"
error: `--ulr` is not expected here
help: it is used as `cargo pmcp inspect tools [OPTIONS] [NAME] [-- <COMMAND>...]`

"#]]);
    pmcp(["inspect", "call"]).assert().code(2).stderr_eq(str![[r#"
error: `<NAME>` is missing
help: it is used as `cargo pmcp inspect call <NAME> [KEY=VALUE]... [-- <COMMAND>...]`

"#]]);
    pmcp(["inspect", "call", "x", "y"]).assert().code(2).stderr_eq(str![[r#"
error: `y` is no value of `[KEY=VALUE]...`: it is written key=value, such as `name=Ann`
help: with `--help` the command tells what it takes

"#]]);
    pmcp(["app", "check", "--"]).assert().code(2).stderr_eq(str![[r#"
error: there is no command after `--`
help: write the command of a server behind it, or leave `--` out for the package here

"#]]);
    pmcp(["inspect", "tools", "--protocol", "2024"]).assert().code(2).stderr_eq(str![[r#"
error: `2024` is no value of `--protocol <VERSION>`
help: did you mean `2025`?

"#]]);
    pmcp(["inspect", "tools", "--url", "x", "--bin", "y"]).assert().code(2).stderr_eq(str![[r#"
error: `--url <URL>` cannot be used with `--bin <NAME>`
help: leave one of them out

"#]]);
    pmcp(["inspect", "tools", "--url", "x", "--", "y"]).assert().code(2).stderr_eq(str![[r#"
error: `--url <URL>` cannot be used with `[COMMAND]...`
help: leave one of them out

"#]]);
    pmcp(["preview", "--port", "many"]).assert().code(2).stderr_eq(str![[r#"
error: `many` is no value of `--port <N>`: invalid digit found in string
help: with `--help` the command tells what it takes

"#]]);
    pmcp(["--color"]).assert().code(2).stderr_eq(str![[r#"
error: `--color <WHEN>` needs a value
help: there are `auto`, `always`, `never`

"#]]);
}

#[test]
fn an_address_is_an_address_and_holds_no_secret() {
    pmcp(["inspect", "tools", "--url", "localhost:1"]).assert().code(2).stderr_eq(str![[r#"
error: `localhost:1` is no address of a server
help: it begins with `http://` or `https://`, such as http://127.0.0.1:8080/mcp

"#]]);
    pmcp(["inspect", "tools", "--url", "http://ann:s3cret@localhost:1/mcp"]).assert().code(2).stderr_eq(str![[r#"
error: an address with a password in it is not taken
help: put the secret into an environment variable, and pass `--bearer-env VAR` or `--header-env NAME=VAR`

"#]]);
}

#[test]
fn secrets_come_by_the_environment() {
    let url = ["inspect", "tools", "--url", "http://127.0.0.1:1/mcp"];
    let with = |more: [&'static str; 2]| pmcp(url.into_iter().chain(more));
    with(["--bearer-env", "NOT_SET"]).assert().code(2).stderr_eq(str![[r#"
error: `NOT_SET` is not set
help: put the secret there, as `export NOT_SET=…` does; it is never an argument

"#]]);
    with(["--header-env", "x-key"]).assert().code(2).stderr_eq(str![[r#"
error: `x-key` is no value of `--header-env <NAME=VAR>`: it is written NAME=VAR, such as `x-api-key=API_KEY`
help: with `--help` the command tells what it takes

"#]]);
    with(["--header-env", "x key=HOME"]).assert().code(2).stderr_eq(str![[r#"
error: `x key` is not the name of a header

"#]]);
    let lines = pmcp(["inspect", "tools", "--bearer-env", "TOKEN", "--", "server"]).env("TOKEN", "s3cret");
    lines.assert().code(2).stderr_eq(str![[r#"
error: a server on standard input takes no headers
help: its command has the environment of this one

"#]]);
}

#[test]
fn a_package_has_to_be_here() {
    let empty = tempfile::tempdir().unwrap();
    pmcp(["inspect", "tools"]).current_dir(empty.path()).assert().code(2).stderr_eq(str![[r#"
error: there is no package here: could not find `Cargo.toml` in `[..]` or any parent directory
help: go to the folder of one; commands that take any server take `--url URL` or `-- COMMAND`, too

"#]]);
}

#[test]
fn colours_are_for_terminals_and_for_who_wants_them() {
    let plain = pmcp(["inspct"]).output().unwrap().stderr;
    assert!(!plain.contains(&b'\x1b'));
    let coloured = pmcp(["--color", "always", "inspect", "tools", "--url", "x"]).output().unwrap().stderr;
    assert!(coloured.contains(&b'\x1b'));
}

#[test]
fn shells_complete_it() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = pmcp(["completions", shell]).assert().success().get_output().stdout.clone();
        assert!(String::from_utf8(script).unwrap().contains("cargo-pmcp"), "{shell}");
    }
}
