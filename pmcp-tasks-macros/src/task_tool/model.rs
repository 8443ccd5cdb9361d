//! The checked form of a tool.

use pmcp_macro_support::{CratePath, Diagnostics, SigFn, description, strip_attributes};
use syn::{LitStr, Path, ext::IdentExt};

use super::{
    args::{Fallback, Hints, OnCrash, Support, TaskToolArgs, Visibility},
    input::Input,
    parameter::{ContextKind, PARAMETER_ATTRIBUTES, Parameter},
    place::{Place, check_attributes},
    signature::check_signature,
};
use crate::{
    name,
    output::Output,
    shown::{Icon, MetaObject},
    values::{Given, Millis},
};

/// A tool.
pub(super) struct TaskTool {
    /// The function, without what the compiler does not understand on its parameters.
    pub(super) func: SigFn,
    pub(super) krate: CratePath,
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) icons: Vec<Icon>,
    pub(super) support: Support,
    pub(super) ttl: Option<Millis>,
    pub(super) poll_interval: Option<Millis>,
    pub(super) inline: Option<Millis>,
    pub(super) timeout: Option<Millis>,
    pub(super) on_crash: OnCrash,
    pub(super) fallback: Option<Fallback>,
    /// The type of the widget that it opens.
    pub(super) widget: Option<Path>,
    /// The one caller it is for.
    pub(super) visibility: Option<Visibility>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    pub(super) hints: Hints,
    pub(super) meta: Option<MetaObject>,
    pub(super) input: Input,
    /// In the order of the signature.
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Output,
}

impl TaskTool {
    /// Checks everything that grammar leaves open. Arguments that did not parse are taken as none were given.
    pub(super) fn build(
        args: Option<&TaskToolArgs>,
        func: Option<&SigFn>,
        place: &Place<'_>,
        diag: &mut Diagnostics,
    ) -> Option<Self> {
        let none = TaskToolArgs::default();
        let given = args.unwrap_or(&none);
        check_forbidden(given, diag);
        check_inline(given, diag);
        check_hints(given, diag);
        check_widget(given, diag);
        let func = func?;
        if place.check(func, "tool", diag) {
            return None;
        }
        check_attributes(func, diag);
        check_signature(func, "tool", diag);
        let parameters: Vec<Option<Parameter>> =
            func.sig.inputs.iter().map(|input| Parameter::build(input, diag)).collect();
        check_contexts(&parameters, given.support, diag);
        let input = Input::build(func, given.args.as_ref(), &parameters, place, diag);
        let name =
            name::checked("tool", given.name.as_ref(), (&func.sig.ident, func.sig.ident.unraw().to_string()), diag);
        let output = diag.take(Output::build(&func.sig.output, "a tool"));
        if args.is_none() || diag.has_errors() {
            return None;
        }
        let mut stripped = func.clone();
        strip_attributes(&mut stripped.sig, &PARAMETER_ATTRIBUTES);
        Some(Self {
            func: stripped,
            krate: CratePath::new(given.krate.as_ref(), "pmcp_tasks"),
            name,
            title: given.title.as_ref().map(LitStr::value),
            description: given.description.as_ref().map(LitStr::value).or_else(|| description(&func.attrs)),
            icons: given.icons.clone(),
            support: given.support.map_or(Support::Optional, |support| support.value),
            ttl: given.ttl.map(|ttl| ttl.value),
            poll_interval: given.poll_interval.map(|interval| interval.value),
            inline: given.inline.map(|inline| inline.value),
            timeout: given.timeout.map(|timeout| timeout.value),
            on_crash: given.on_crash.map_or(OnCrash::Fail, |on_crash| on_crash.value),
            fallback: given.fallback.map(|fallback| fallback.value),
            widget: given.widget.clone(),
            visibility: given.visibility.map(|visibility| visibility.value),
            scopes: given.scopes.clone(),
            hints: given.hints,
            meta: given.meta.clone(),
            input,
            parameters: parameters.into_iter().collect::<Option<_>>()?,
            output: output?,
        })
    }
}

/// Fails if something is said of tasks that there are none of.
fn check_forbidden(args: &TaskToolArgs, diag: &mut Diagnostics) {
    if args.support.is_some_and(|support| support.value == Support::Forbidden) {
        let spans = [
            ("ttl", args.ttl.map(|given| given.span)),
            ("poll_interval", args.poll_interval.map(|given| given.span)),
            ("inline", args.inline.map(|given| given.span)),
            ("on_crash", args.on_crash.map(|given| given.span)),
            ("fallback", args.fallback.map(|given| given.span)),
        ];
        for (key, span) in spans {
            if let Some(span) = span {
                diag.push(syn::Error::new(
                    span,
                    format_args!(
                        "`{key}` has no effect when `support = \"forbidden\"`\nhelp: remove it, or use `support = \"optional\"`"
                    ),
                ));
            }
        }
    }
}

/// Fails if a call is to be waited for though it is always answered with its task.
fn check_inline(args: &TaskToolArgs, diag: &mut Diagnostics) {
    if let Some(Given { value: Support::Required, .. }) = args.support
        && let Some(Given { span, .. }) = args.inline
    {
        diag.push(syn::Error::new(
            span,
            "`inline` has no effect when `support = \"required\"`\nhelp: remove it, or use `support = \"optional\"`",
        ));
    }
}

/// Fails if a tool is said to change nothing and to destroy something.
fn check_hints(args: &TaskToolArgs, diag: &mut Diagnostics) {
    let Hints { read_only: Some(true), destructive: Some(true), .. } = args.hints else { return };
    if let Some(key) = &args.destructive {
        diag.error(key, "a tool that is `read_only` destroys nothing", "keep one of `read_only` and `destructive`");
    }
}

/// Fails if a tool that no model calls is said to open a widget: a host shows one where its model made the call.
fn check_widget(args: &TaskToolArgs, diag: &mut Diagnostics) {
    if let (Some(widget), Some(Given { value: Visibility::App, .. })) = (&args.widget, args.visibility) {
        diag.error(
            widget,
            "`widget` has no effect when `visibility = \"app\"`: a widget is opened by a call of the model",
            "remove it, or leave `visibility` out",
        );
    }
}

fn check_contexts(parameters: &[Option<Parameter>], support: Option<Given<Support>>, diag: &mut Diagnostics) {
    let mut contexts = parameters.iter().flatten().filter_map(|parameter| match parameter {
        Parameter::Context(context) => Some(context),
        _ => None,
    });
    let Some(first) = contexts.next() else { return };
    if support.is_some_and(|support| support.value == Support::Forbidden) && matches!(first.kind, ContextKind::Task(_))
    {
        diag.error(
            &first.token,
            "`TaskContext` is unavailable when `support = \"forbidden\"`",
            "use `support = \"optional\"`, or take `ToolContext` instead",
        );
    }
    for second in contexts {
        diag.error(
            &second.token,
            "a tool takes one context",
            "keep one: `TaskContext` has everything of `ToolContext`",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{surroundings::Surroundings, told::told};

    /// The mistakes in a tool: what is underlined, and the first line of what is said.
    fn mistakes(args: &str, item: &str) -> Vec<(String, String)> {
        let mut diag = Diagnostics::new();
        let args = diag.take(TaskToolArgs::parse(args.parse().unwrap()));
        let func = diag.take(SigFn::parse(item.parse().unwrap(), "task_tool"));
        let around = Surroundings::default();
        let place = func.as_ref().map_or(Place::Free, |func| Place::of(func, &around));
        assert!(TaskTool::build(args.as_ref(), func.as_ref(), &place, &mut diag).is_none(), "no mistake in {item}");
        told(diag)
    }

    /// Arguments and a function, what is underlined, and what is said.
    const MISTAKES: &[(&str, &str, &str, &str)] = &[
        ("", "fn f() {}", "fn", "a tool is an `async fn`"),
        ("", "async unsafe fn f() {}", "unsafe", "a tool cannot be `unsafe`"),
        ("", "async extern \"C\" fn f() {}", "extern \"C\"", "a tool cannot have a foreign ABI"),
        ("", "async fn f<T>() {}", "<T>", "a tool cannot be generic"),
        ("", "async fn f() where u8: Copy {}", "where u8: Copy", "a tool cannot have a `where` clause"),
        ("", "async fn u8() {}", "u8", "a tool's function cannot be named like the primitive type `u8`"),
        ("", "async fn é() {}", "é", "a tool's name cannot contain `é`"),
        ("name = \"\"", "async fn f() {}", "\"\"", "a tool's name cannot be empty"),
        ("name = \"a b\"", "async fn f() {}", "\"a b\"", "a tool's name cannot contain ` `"),
        ("", "async fn f(&self) {}", "&self", "a tool is a free function, without `self`"),
        (
            "",
            "async fn f((a, b): (u8, u8)) {}",
            "(a, b)",
            "an argument is named after its parameter, and this one has no name",
        ),
        ("", "async fn f(_: u8) {}", "_", "an argument is named after its parameter, and this one has no name"),
        ("", "async fn f(#[cfg(x)] a: u8) {}", "#[cfg(x)]", "a parameter cannot depend on a `cfg`"),
        ("", "async fn f(a: &mut u8) {}", "mut", "an argument cannot be borrowed mutably"),
        ("", "async fn f(a: &'static str) {}", "'static", "an argument lives only as long as the call"),
        ("", "async fn f(a: Vec<Cow<'_, str>>) {}", "'_", "an argument cannot borrow inside another type"),
        ("", "async fn f(_task_id: u8) {}", "_task_id", "the argument `_task_id` is reserved"),
        ("", "async fn f(#[arg(rename = \"\")] a: u8) {}", "\"\"", "an argument needs a name"),
        ("", "async fn f(#[arg(header = \"a b\")] a: u8) {}", "\"a b\"", "`a b` cannot be part of a header's name"),
        (
            "",
            "async fn f(#[arg(header = \"A\")] a: u8, #[arg(header = \"a\")] b: u8) {}",
            "\"a\"",
            "two arguments have the header `a`",
        ),
        ("", "async fn f(#[arg] a: u8) {}", "#[arg]", "`#[arg]` says nothing"),
        ("", "async fn f(#[arg(default)] #[arg(default)] a: u8) {}", "#[arg(default)]", "`#[arg]` is given twice"),
        (
            "",
            "async fn f(#[arg(default)] s: State<u8>) {}",
            "#[arg(default)]",
            "`#[arg]` has no effect on a part of the state",
        ),
        ("", "async fn f(#[ask] a: u8) {}", "#[ask]", "`#[ask]` needs the question"),
        ("", "async fn f(#[ask(\"?\")] #[state] a: u8) {}", "#[state]", "a parameter has one role"),
        ("", "async fn f(#[state(x)] a: u8) {}", "#[state(x)]", "`#[state]` takes no arguments"),
        ("", "async fn f(s: State) {}", "State", "`State` does not say of what"),
        ("", "async fn f(s: State<&Db>) {}", "&Db", "a part of the state is cloned, not borrowed"),
        ("", "async fn f(#[args] a: A, #[args] b: B) {}", "#[args]", "two parameters take all arguments"),
        ("", "async fn f(#[args] a: A, b: B) {}", "b", "`b` is an argument beside `#[args]`, which takes all of them"),
        ("args = B", "async fn f(#[args] a: A) {}", "B", "`args` has no effect with `#[args]`, whose type has a name"),
        ("", "async fn f(a: u8, #[arg(rename = \"a\")] b: u8) {}", "\"a\"", "two arguments are named `a`"),
        ("", "async fn f(a: TaskContext, b: &ToolContext) {}", "ToolContext", "a tool takes one context"),
        (
            "support = \"forbidden\"",
            "async fn f(a: TaskContext<V>) {}",
            "TaskContext",
            "`TaskContext` is unavailable when `support = \"forbidden\"`",
        ),
        (
            "support = \"forbidden\", on_crash = \"fail\"",
            "async fn f() {}",
            "\"fail\"",
            "`on_crash` has no effect when `support = \"forbidden\"`",
        ),
        (
            "support = \"forbidden\", fallback = \"handle\"",
            "async fn f() {}",
            "\"handle\"",
            "`fallback` has no effect when `support = \"forbidden\"`",
        ),
        ("timeout = \"1430m\", timeout = \"1d\"", "async fn f() {}", "timeout", "`timeout` is given twice"),
        (
            "support = \"required\", inline = \"1s\"",
            "async fn f() {}",
            "\"1s\"",
            "`inline` has no effect when `support = \"required\"`",
        ),
        (
            "widget = Board, visibility = \"app\"",
            "async fn f() {}",
            "Board",
            "`widget` has no effect when `visibility = \"app\"`: a widget is opened by a call of the model",
        ),
        ("read_only, destructive", "async fn f() {}", "destructive", "a tool that is `read_only` destroys nothing"),
        (
            "",
            "#[async_trait::async_trait] async fn f() {}",
            "#[async_trait::async_trait]",
            "`#[async_trait]` is for traits and their `impl`s",
        ),
        ("", "#[task_tool] async fn f() {}", "#[task_tool]", "`#[task_tool]` is given twice"),
        (
            "",
            "async fn f(args: Option<FArgs>) {}",
            "FArgs",
            "`FArgs` is the name of the struct that is made of the parameters",
        ),
        (
            "",
            "async fn f(#[serde(default)] a: u8) {}",
            "#[serde(default)]",
            "`#[serde]` is for fields, and this is a parameter",
        ),
        ("", "async fn f() -> &str {}", "&", "a tool's result cannot borrow"),
        ("", "async fn f() -> Result<impl X, E> {}", "impl", "a tool's result needs a type of its own"),
        ("", "struct S;", "struct", "`#[task_tool]` goes on an `async fn`"),
    ];

    #[test]
    fn a_mistake_is_told_once_at_the_smallest_token() {
        for (args, item, underlined, message) in MISTAKES {
            assert_eq!(mistakes(args, item), [((*underlined).into(), (*message).into())], "{item}");
        }
    }

    #[test]
    fn what_is_right_is_a_model() {
        let cases = [
            ("timeout = \"1430m\"", "async fn f() -> &'static str {}"),
            ("support = \"forbidden\", timeout = \"1s\"", "async fn f(cx: &ToolContext, mut a: u8) {}"),
            ("name = \"a.b-c_D9\"", "pub(crate) async fn r#type(r#fn: Option<&[u8]>) -> io::Result<()> {}"),
            ("", "async fn f(State(a): State<u8>, State(b): &State<u16>, #[args] Q { q }: Q) -> Result<u8, E> {}"),
            ("widget = crate::ui::Board, visibility = \"model\"", "async fn f() {}"),
            ("destructive = false, open_world", "async fn f(#[context] a: Alias, #[ask(\"?\")] b: Option<u8>) {}"),
        ];
        for (args, item) in cases {
            let mut diag = Diagnostics::new();
            let args = TaskToolArgs::parse(args.parse().unwrap()).unwrap();
            let func = SigFn::parse(item.parse().unwrap(), "task_tool").unwrap();
            let tool = TaskTool::build(Some(&args), Some(&func), &Place::Free, &mut diag);
            assert!(tool.is_some(), "{item}: {:?}", diag.errors());
            drop(diag.finish(proc_macro2::TokenStream::new()));
        }
    }
}
