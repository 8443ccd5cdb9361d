//! The checked form of an offer.

use std::collections::HashSet;

use pmcp_macro_support::{CratePath, Diagnostics, SigFn, description, strip_attributes};
use syn::{Attribute, LitStr, ext::IdentExt};

use super::{
    args::OfferedArgs,
    kind::Kind,
    parameter::{Parameter, parameter_attributes, token},
    template,
};
use crate::{
    name,
    output::Output,
    shown::{Annotations, Icon, MetaObject},
    task_tool::{place::Place, signature::check_signature},
};

/// A prompt, a resource or a completion.
pub(super) struct Offered {
    pub(super) what: What,
    /// The function, without what the compiler does not understand on its parameters.
    pub(super) func: SigFn,
    pub(super) krate: CratePath,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) icons: Vec<Icon>,
    pub(super) meta: Option<MetaObject>,
    /// The scopes that its callers need.
    pub(super) scopes: Vec<String>,
    /// In the order of the signature.
    pub(super) parameters: Vec<Parameter>,
    pub(super) output: Output,
}

/// Kind of the offer, with what only it has.
pub(super) enum What {
    Prompt { name: String },
    Resource { uri: String, is_template: bool, name: String, mime: Option<String>, annotations: Annotations },
    Completion,
}

impl Offered {
    /// Checks everything that grammar leaves open. Arguments that did not parse are taken as none were given.
    pub(super) fn build(
        kind: Kind,
        args: Option<&OfferedArgs>,
        func: Option<&SigFn>,
        place: &Place<'_>,
        diag: &mut Diagnostics,
    ) -> Option<Self> {
        let none = OfferedArgs::default();
        let given = args.unwrap_or(&none);
        let noun = kind.noun();
        let variables = given.uri.as_ref().map(|uri| template::variables(uri, diag));
        let func = func?;
        if place.check(func, noun, diag) {
            return None;
        }
        check_attributes(kind, func, diag);
        check_signature(func, noun, diag);
        place.check_name(func, noun, diag);
        let parameters: Vec<Option<Parameter>> =
            func.sig.inputs.iter().map(|input| Parameter::build(kind, input, diag)).collect();
        let parameters: Option<Vec<Parameter>> = parameters.into_iter().collect();
        if let Some(parameters) = &parameters {
            check_parameters(kind, parameters, diag);
        }
        let own = || func.sig.ident.unraw().to_string();
        let what = match kind {
            Kind::Prompt => {
                let name = name::checked(noun, given.name.as_ref(), (&func.sig.ident, own()), diag);
                Some(What::Prompt { name })
            }
            Kind::Resource => {
                if let (Some(uri), Some(Some(variables)), Some(parameters)) = (&given.uri, &variables, &parameters) {
                    let inputs: Vec<_> = parameters.iter().filter_map(Parameter::input).collect();
                    template::check(uri, variables, &inputs, diag);
                }
                if given.uri.is_none() && args.is_some() {
                    let help = "write `#[resource(uri = \"note://today\")]`, with `{name}` for what a parameter takes";
                    diag.error(&func.sig.ident, "a resource needs its URI", help);
                }
                let name = given.name.as_ref().map_or_else(own, LitStr::value);
                let mime = given.mime.as_ref().map(LitStr::value);
                given.uri.as_ref().zip(variables.flatten()).map(|(uri, variables)| What::Resource {
                    uri: uri.value(),
                    is_template: !variables.is_empty(),
                    name,
                    mime,
                    annotations: given.annotations.clone(),
                })
            }
            Kind::Completion => Some(What::Completion),
        };
        let output = diag.take(Output::build(&func.sig.output, &format!("a {noun}")));
        if args.is_none() || diag.has_errors() {
            return None;
        }
        let mut stripped = func.clone();
        strip_attributes(&mut stripped.sig, &parameter_attributes());
        Some(Self {
            what: what?,
            func: stripped,
            krate: CratePath::new(given.krate.as_ref(), "pmcp_tasks"),
            title: given.title.as_ref().map(LitStr::value),
            description: given.description.as_ref().map(LitStr::value).or_else(|| description(&func.attrs)),
            icons: given.icons.clone(),
            meta: given.meta.clone(),
            scopes: given.scopes.clone(),
            parameters: parameters?,
            output: output?,
        })
    }
}

/// Reports roles that are given twice, and names.
fn check_parameters(kind: Kind, parameters: &[Parameter], diag: &mut Diagnostics) {
    let noun = kind.noun();
    let contexts = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Context(context) => Some(&context.token),
        _ => None,
    });
    for second in contexts.skip(1) {
        diag.error(second, format_args!("a {noun} takes one context"), "keep one of them");
    }
    let wholes: Vec<_> = parameters
        .iter()
        .filter_map(|parameter| match parameter {
            Parameter::Arguments(whole) => Some(&whole.token),
            _ => None,
        })
        .collect();
    if let [_, second, ..] = wholes.as_slice() {
        diag.error(second, "two parameters take all arguments", "keep one of them");
    }
    let mut seen = HashSet::new();
    for (at, input) in parameters.iter().filter_map(Parameter::input).enumerate() {
        let name = &input.argument.name;
        if !wholes.is_empty() {
            let message = format!("`{name}` is an argument beside `#[args]`, which takes all of them");
            diag.error(token(input), message, "make it a field of that type");
        } else if kind == Kind::Completion && at > 0 {
            diag.error(
                token(input),
                "a completion is asked one thing",
                "take a `CompletionRequest` in place of both, which tells of the other arguments, too",
            );
        } else if !seen.insert(name) {
            diag.error(
                &input.argument.name_token,
                format_args!("two arguments are named `{name}`"),
                "rename one of them",
            );
        }
    }
}

/// The attributes that make something of a function, with what that is.
const MAKERS: [(&str, &str); 4] =
    [("complete", "a completion"), ("prompt", "a prompt"), ("resource", "a resource"), ("task_tool", "a tool")];

fn maker(attr: &Attribute) -> Option<(&'static str, &'static str)> {
    let name = &attr.path().segments.last()?.ident;
    MAKERS.into_iter().find(|(maker, _)| name == maker)
}

fn is_async_trait(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|segment| segment.ident == "async_trait")
}

/// Reports attributes that would break the function.
fn check_attributes(kind: Kind, func: &SigFn, diag: &mut Diagnostics) {
    let (noun, attribute) = (kind.noun(), kind.attribute());
    for attr in &func.attrs {
        match maker(attr) {
            Some((name, _)) if name == attribute => diag.error(
                attr,
                format_args!("`#[{name}]` is given twice"),
                format_args!("write all of it in one `#[{name}(…)]`"),
            ),
            Some((_, other)) => diag.error(
                attr,
                format_args!("a {noun} cannot be {other}, too"),
                "write two functions, which may call a third",
            ),
            None if is_async_trait(attr) => diag.error(
                attr,
                "`#[async_trait]` is for traits and their `impl`s",
                format_args!("remove it: a {noun} is an `async fn` as it is"),
            ),
            None => {}
        }
    }
}

/// The function without them.
pub(super) fn kept(func: &SigFn) -> SigFn {
    let mut kept = func.clone();
    kept.attrs.retain(|attr| maker(attr).is_none() && !is_async_trait(attr));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{surroundings::Surroundings, told::told};

    /// The mistakes in an offer: what is underlined, and the first line of what is said.
    fn mistakes(kind: Kind, args: &str, item: &str) -> Vec<(String, String)> {
        let mut diag = Diagnostics::new();
        let args = diag.take(OfferedArgs::parse(kind, args.parse().unwrap()));
        let func = diag.take(SigFn::parse(item.parse().unwrap(), kind.attribute()));
        let around = Surroundings::default();
        let place = func.as_ref().map_or(Place::Free, |func| Place::of(func, &around));
        assert!(
            Offered::build(kind, args.as_ref(), func.as_ref(), &place, &mut diag).is_none(),
            "no mistake in {item}"
        );
        told(diag)
    }

    /// Kind, arguments and a function, what is underlined, and what is said.
    const MISTAKES: &[(Kind, &str, &str, &str, &str)] = &[
        (Kind::Prompt, "", "fn f() {}", "fn", "a prompt is an `async fn`"),
        (Kind::Prompt, "", "async unsafe fn f() {}", "unsafe", "a prompt cannot be `unsafe`"),
        (Kind::Prompt, "", "async fn f<T>() {}", "<T>", "a prompt cannot be generic"),
        (Kind::Prompt, "", "async fn f(&self) {}", "&self", "a prompt is a free function, without `self`"),
        (Kind::Prompt, "name = \"a b\"", "async fn f() {}", "\"a b\"", "a prompt's name cannot contain ` `"),
        (
            Kind::Prompt,
            "",
            "async fn f(t: TaskContext<V>) {}",
            "TaskContext",
            "`TaskContext` is for tools: a prompt is no task",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[ask(\"?\")] a: u8) {}",
            "#[ask(\"?\")]",
            "`#[ask]` is for tools, and this is a prompt",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[arg(header = \"A\")] a: u8) {}",
            "\"A\"",
            "`header` is for tools, and this is a prompt",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[complete] a: u8) {}",
            "#[complete]",
            "`#[complete]` on an argument needs the function that completes it",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[complete(a)] s: State<u8>) {}",
            "#[complete(a)]",
            "`#[complete]` is for an argument, which this is not",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[complete(a)] #[complete(b)] s: u8) {}",
            "#[complete(b)]",
            "`#[complete]` is given twice",
        ),
        (
            Kind::Prompt,
            "",
            "async fn f(#[args] a: A, b: B) {}",
            "b",
            "`b` is an argument beside `#[args]`, which takes all of them",
        ),
        (Kind::Prompt, "", "#[prompt] async fn f() {}", "#[prompt]", "`#[prompt]` is given twice"),
        (Kind::Prompt, "", "#[x::resource] async fn f() {}", "#[x::resource]", "a prompt cannot be a resource, too"),
        (Kind::Prompt, "", "async fn f() -> &str {}", "&", "a prompt's result cannot borrow"),
        (Kind::Resource, "", "async fn f() {}", "f", "a resource needs its URI"),
        (Kind::Resource, "uri = \"a\"", "async fn f() {}", "\"a\"", "this is not a URI: it has no scheme"),
        (Kind::Resource, "uri = \"a:ü\"", "async fn f() {}", "\"a:ü\"", "a URI cannot contain `ü`"),
        (Kind::Resource, "uri = \"a:}\"", "async fn f() {}", "\"a:}\"", "the URI has a brace without its other"),
        (Kind::Resource, "uri = \"a:{b}\"", "async fn f() {}", "\"a:{b}\"", "no parameter takes the variable `b`"),
        (Kind::Resource, "uri = \"a:b\"", "async fn f(b: u8) {}", "b", "the URI has no variable `b`"),
        // A misspelt name is one mistake.
        (Kind::Resource, "uri = \"a:{day}\"", "async fn f(dya: u8) {}", "dya", "the URI has no variable `dya`"),
        (
            Kind::Resource,
            "uri = \"a:{b}\"",
            "async fn f(#[arg(default)] b: u8) {}",
            "#[arg(default)]",
            "a variable of a URI always has a value",
        ),
        (Kind::Resource, "uri = \"a:{b}\"", "async fn f(#[args] b: u8) {}", "#[args]", "a resource has no `#[args]`"),
        (Kind::Completion, "", "async fn f(a: String, b: u8) {}", "b", "a completion is asked one thing"),
        (
            Kind::Completion,
            "",
            "async fn f(#[complete(b)] a: String) {}",
            "#[complete(b)]",
            "what was typed is not completed by another function",
        ),
    ];

    #[test]
    fn a_mistake_is_told_once_at_the_smallest_token() {
        for (kind, args, item, underlined, message) in MISTAKES {
            assert_eq!(mistakes(*kind, args, item), [((*underlined).into(), (*message).into())], "{item}");
        }
    }
}
