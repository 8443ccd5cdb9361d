//! `cargo pmcp deploy template`.

use std::fs;

use snapbox::str;

use crate::{files, pmcp};

const TEMPLATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../templates");

#[test]
fn a_template_is_what_the_workspace_has() {
    let folder = tempfile::tempdir().unwrap();
    let text = |path: &str| fs::read_to_string(format!("{TEMPLATES}/{path}")).unwrap();
    let template = |arguments: &[&str]| {
        let output = pmcp(folder.path()).args(["deploy", "template", "dynamodb"]).args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(template(&[]), text("cloudformation/tasks-table.yaml"));
    assert_eq!(template(&["--terraform"]), text("terraform/main.tf"));
    assert_eq!(template(&["--terraform", "--out", "main.tf"]), "");
    assert_eq!(fs::read_to_string(folder.path().join("main.tf")).unwrap(), text("terraform/main.tf"));
}

#[test]
fn a_file_that_is_there_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("table.yaml"), "mine").unwrap();
    let deploy = |out: &str| pmcp(folder.path()).args(["deploy", "template", "dynamodb", "--out", out]).assert();
    deploy("table.yaml").code(2).stderr_eq(str![[r#"
error: `table.yaml` exists already
help: name another file, or remove it first

"#]]);
    deploy("no/table.yaml").code(1).stderr_eq(str![[r#"
error: `no/table.yaml` cannot be written: No such file or directory (os error 2)

"#]]);
    assert_eq!(fs::read_to_string(folder.path().join("table.yaml")).unwrap(), "mine");
    assert_eq!(files(folder.path()), ["table.yaml"]);
}

#[test]
fn a_store_without_a_template_is_told() {
    let folder = tempfile::tempdir().unwrap();
    pmcp(folder.path()).args(["deploy", "template", "redis"]).assert().code(2).stderr_eq(str![[r#"
error: `redis` is no value of `<STORE>`
help: there are `dynamodb`

"#]]);
    pmcp(folder.path()).args(["deploy", "template"]).assert().code(2).stderr_eq(str![[r#"
error: `<STORE>` is missing
help: it is used as `cargo pmcp deploy template <STORE>`

"#]]);
    pmcp(folder.path()).args(["deploy", "template", "-h"]).assert().success().stdout_eq(str![[r#"
Write the template of a store on a cloud: what it needs there, and the rights of a process that uses
it

Usage: cargo pmcp deploy template [OPTIONS] <STORE>

Arguments:
  <STORE>  The store [possible values: dynamodb]

Options:
...
      --terraform     Write it for Terraform, in place of CloudFormation
      --out <FILE>    The file to make; standard output if there is none
  -q, --quiet         Tell errors only
  -h, --help          Print help (see more with '--help')

"#]]);
}
