//! Mistakes in workflows, as the macro tells them by itself: what is underlined, and the first line of what is said.

use pmcp_macro_support::{Diagnostics, ImplSig};

use super::{args::WorkflowArgs, model::Workflow};
use crate::told::told;

fn mistakes(args: &str, item: &str) -> Vec<(String, String)> {
    let mut diag = Diagnostics::new();
    let args = diag.take(WorkflowArgs::parse(args.parse().unwrap()));
    let block = diag.take(ImplSig::parse(item.parse().unwrap(), "workflow"));
    assert!(Workflow::build(args.as_ref(), block.as_ref(), &mut diag).is_none(), "no mistake in {item}");
    told(diag)
}

/// Steps after a first one named `first`, what is underlined, and what is said.
const IN_STEPS: &[(&str, &str, &str)] = &[
    ("#[step(tool = t)] #[step] fn s(&self) -> A {}", "#[step]", "`#[step]` is given twice"),
    ("#[step = \"x\"] async fn s(&self) -> u8 {}", "#[step = \"x\"]", "`#[step]` has its keys in parentheses"),
    ("#[step(tool = \"t\")] fn s(&self) -> A {}", "\"t\"", "`tool` takes a path"),
    ("#[step(client, output = \"T\")] fn s(&self) {}", "\"T\"", "`output` takes a type"),
    ("#[step(output = T)] fn s(&self) {}", "output", "`output` is what a client gives back"),
    (
        "#[step(client, tool = t, output = T)] fn s(&self) -> A {}",
        "T",
        "`output` has no effect beside `tool`, whose result is known",
    ),
    (
        "#[step(client)] fn s(&self) {}",
        "client",
        "a `client` step needs a tool to call, or the type of what the client gives back",
    ),
    (
        "#[step(client, tool = t, on_error = \"skip\")] fn s(&self) -> A {}",
        "on_error",
        "`on_error` has no effect on a `client` step, which the server does not do",
    ),
    (
        "#[step(tool = t, timeout = \"1s\")] fn s(&self) -> A {}",
        "timeout",
        "`timeout` is for steps that the server runs",
    ),
    (
        "#[step(client, output = T, timeout = \"1s\")] fn s(&self) {}",
        "timeout",
        "`timeout` is for steps that the server runs",
    ),
    ("#[step(timeout = \"0s\")] async fn s(&self) {}", "\"0s\"", "`timeout` is zero"),
    ("#[cfg(x)] #[step] async fn s(&self) {}", "#[cfg(x)]", "a step cannot depend on a `cfg`"),
    ("#[step] async fn s(&self, #[cfg(x)] first: u8) {}", "#[cfg(x)]", "a parameter cannot depend on a `cfg`"),
    ("#[step] async unsafe fn s(&self) {}", "unsafe", "a step cannot be `unsafe`"),
    ("#[step] async extern \"C\" fn s(&self) {}", "extern \"C\"", "a step cannot have a foreign ABI"),
    ("#[step(tool = t)] const fn s(&self) -> A {}", "const", "a step cannot be `const`"),
    ("#[step] async fn s<T>(&self) {}", "<T>", "a step cannot be generic"),
    ("#[step] async fn s(&self) where u8: Copy {}", "where u8: Copy", "a step cannot have a `where` clause"),
    ("#[step] async fn s(mut self) {}", "mut", "a step cannot change the prompt's arguments"),
    ("#[step] async fn s(self: Arc<Self>) {}", "self", "a step borrows the prompt's arguments"),
    ("#[step] async fn s(&'a self) {}", "'a", "a step borrows the prompt's arguments only as long as it runs"),
    ("#[step] async fn s() {}", "s", "step `s` does not take `&self`, the prompt's arguments"),
    ("#[step] async fn s(&self) -> &str {}", "&", "a step's result cannot borrow"),
    ("#[step(tool = t)] fn s(&self) -> impl X {}", "impl", "a step's result needs a type of its own"),
    (
        "#[step(tool = t)] fn s(&self) -> m::Result {}",
        "m::Result",
        "a `Result` by an alias does not say what the step gives",
    ),
    ("#[step(tool = m::t)] fn s(&self) {}", "s", "step `s` returns no arguments for `m::t`"),
    ("#[step] async fn first(&self) {}", "first", "two steps are named `first`"),
    ("#[step] async fn s(&self, first: u8, _first: u8) {}", "_first", "the result of step `first` is taken twice"),
    ("#[step] async fn s(&self, first: &mut u8) {}", "mut", "the result of a step cannot be borrowed mutably"),
    (
        "#[step] async fn s(&self, first: &'static u8) {}",
        "'static",
        "the result of a step lives only as long as the call",
    ),
    (
        "#[step] async fn s(&self, (a, b): (u8, u8)) {}",
        "(a, b)",
        "a parameter is named after the step whose result it takes, and this one has no name",
    ),
    ("#[step] async fn s(&self, a: TaskContext, b: ToolContext) {}", "ToolContext", "a step takes one context"),
    (
        "#[step] async fn s(&self, #[variables] v: &V) {}",
        "#[variables]",
        "`#[variables]` is for steps that only map results",
    ),
    ("#[step] async fn s(&self, #[variables(x)] v: &V) {}", "#[variables(x)]", "`#[variables]` takes no arguments"),
    ("#[step] async fn s(&self, #[state] #[context] v: &V) {}", "#[context]", "a parameter has one role"),
    (
        "#[step] async fn s(&self, #[arg(default)] first: u8) {}",
        "#[arg(default)]",
        "`#[arg]` is for parameters of tools",
    ),
    ("#[step] async fn s(&self, s: State) {}", "State", "`State` does not say of what"),
    ("#[step(tool = t)] fn s(&self, #[context] c: Cx) -> A {}", "Cx", "`Cx` is for steps that the server runs"),
    ("#[step] async fn s(&self, skipped: &u8) {} ", "&u8", "step `skipped` may be skipped, and `s` needs its result"),
    ("#[step] type X = u8;", "#[step]", "`#[step]` has no effect here"),
];

/// Arguments and an `impl`, what is underlined, and what is said.
const IN_BLOCKS: &[(&str, &str, &str, &str)] = &[
    ("", "struct S;", "struct", "`#[workflow]` goes on an `impl` block"),
    ("", "impl S { fn helper(&self) {} }", "S", "a workflow needs a step"),
    ("", "impl<T> S<T> { #[step] async fn s(&self) {} }", "<T>", "a workflow cannot be generic"),
    (
        "",
        "impl S where u8: Copy { #[step] async fn s(&self) {} }",
        "where u8: Copy",
        "a workflow cannot have a `where` clause",
    ),
    ("", "impl T for S { #[step] async fn s(&self) {} }", "T", "`#[workflow]` goes on an `impl` without a trait"),
    ("", "#[workflow] impl S { #[step] async fn s(&self) {} }", "#[workflow]", "`#[workflow]` is given twice"),
    ("", "impl (u8, u8) { #[step] async fn s(&self) {} }", "(u8, u8)", "a workflow is a struct of its arguments"),
    ("name = \"a b\"", "impl S { #[step] async fn s(&self) {} }", "\"a b\"", "a workflow's name cannot contain ` `"),
    (
        "start = \"prompts\"",
        "impl S { #[step] async fn s(&self) {} }",
        "\"prompts\"",
        "`start` cannot be `\"prompts\"`",
    ),
    ("ttl = \"1w\"", "impl S { #[step] async fn s(&self) {} }", "\"1w\"", "`1w` is not a length of time"),
];

#[test]
fn a_mistake_is_told_once_at_the_smallest_token() {
    for (step, underlined, message) in IN_STEPS {
        let item = format!(
            "impl S {{ #[step] async fn first(&self) -> u8 {{}} #[step(on_error = \"skip\")] async fn skipped(&self) -> u8 {{}} {step} }}"
        );
        assert_eq!(mistakes("", &item), [((*underlined).into(), (*message).into())], "{step}");
    }
    for (args, item, underlined, message) in IN_BLOCKS {
        assert_eq!(mistakes(args, item), [((*underlined).into(), (*message).into())], "{item}");
    }
}

#[test]
fn every_mistake_is_told() {
    let item = "impl S {
        #[step(tol = t)] fn one(&mut self, two: &u8) -> A {}
        #[step(client)] async fn two(&self, none: u8) {}
        #[step] fn three(self) {}
    }";
    let told = mistakes("titel = \"x\"", item);
    let underlined: Vec<&str> = told.iter().map(|(at, _)| at.as_str()).collect();
    assert_eq!(underlined, ["titel", "tol", "client", "mut", "two", "async", "none", "self", "fn"]);
}

#[test]
fn what_is_right_is_a_model() {
    let cases = [
        ("name = \"a.b-c_D9\"", "impl S { #[step] async fn r#type(&self) -> Result<u8, E> {} }"),
        ("start = \"both\"", "impl m::S { #[m::step] async fn s(&self, State(x): State<u8>) -> io::Result<()> {} }"),
        (
            "",
            "impl S { #[step(client, output = T)] fn a(&self) {} #[step] async fn b(&self, mut a: T, #[context] c: &Cx) {} }",
        ),
        ("", "impl S { #[step(tool = t)] fn a(&self) -> Option<A> {} #[step] async fn b(&self, _a: Option<&str>) {} }"),
    ];
    for (args, item) in cases {
        let mut diag = Diagnostics::new();
        let args = WorkflowArgs::parse(args.parse().unwrap()).unwrap();
        let block = ImplSig::parse(item.parse().unwrap(), "workflow").unwrap();
        let workflow = Workflow::build(Some(&args), Some(&block), &mut diag);
        assert!(workflow.is_some(), "{item}: {:?}", diag.errors());
        drop(diag.finish(proc_macro2::TokenStream::new()));
    }
}
