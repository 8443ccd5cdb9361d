//! Kinds of the function's parameters.

use pmcp_macro_support::{Diagnostics, Keys, arguments, doc_text, error, last_segment, peel, type_argument};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{
    Attribute, Expr, FnArg, Ident, Lit, LitStr, Meta, Pat, PatType, Token, Type, ext::IdentExt, punctuated::Punctuated,
};

use super::state::{State, StateKind};
use crate::{
    default::DefaultValue,
    owned::{Owned, names},
};

/// The attributes that only this macro understands on a parameter. Doc comments are among it: the compiler allows them nowhere else.
pub(crate) const PARAMETER_ATTRIBUTES: [&str; 10] =
    ["arg", "args", "ask", "context", "doc", "garde", "schemars", "serde", "state", "validate"];

/// Those among them that belong on fields, and are a mistake here.
const FIELD_ATTRIBUTES: [&str; 4] = ["garde", "schemars", "serde", "validate"];

/// Name under which a client puts the id of the task a call belongs to.
const RESERVED: &str = "_task_id";

/// A parameter.
pub(crate) enum Parameter {
    /// An argument of the tool.
    Argument(Argument),
    /// `#[ask("…")]`: asked for before the task exists.
    Answer(Answer),
    /// `#[args]`: all arguments.
    Arguments(Whole),
    /// The context of the run.
    Context(Context),
    /// A part of the server's state.
    State(State),
}

/// An argument of the tool.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    /// Token of the name, for errors.
    pub(crate) name_token: TokenStream,
    pub(crate) description: Option<String>,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) header: Option<LitStr>,
    pub(crate) owned: Owned,
}

/// A parameter that is asked for.
pub(crate) struct Answer {
    pub(crate) ident: Ident,
    pub(crate) message: LitStr,
    pub(crate) description: Option<String>,
    pub(crate) owned: Owned,
}

/// The parameter that holds all arguments.
pub(crate) struct Whole {
    pub(crate) owned: Owned,
    /// Its attribute.
    pub(crate) token: TokenStream,
}

/// A context.
pub(crate) struct Context {
    pub(crate) kind: ContextKind,
    pub(crate) is_reference: bool,
    /// The word that says it is one.
    pub(crate) token: TokenStream,
}

/// Kind of the context.
pub(crate) enum ContextKind {
    /// `TaskContext<V>`
    Task(TokenStream),
    /// `ToolContext`
    Tool,
    /// `#[context]` on a type that does not say which.
    Alias(TokenStream),
}

/// The attribute that says what a parameter is.
enum Role<'a> {
    Ask(&'a Attribute),
    Args(&'a Attribute),
    Context(&'a Attribute),
    State,
}

impl<'a> Role<'a> {
    /// The attribute that says what a parameter is; two are a mistake, and so is one that says more than its name.
    fn of(typed: &'a PatType) -> syn::Result<Option<Self>> {
        let mut role = None;
        for attr in &typed.attrs {
            let found = match attr.path().get_ident().map(ToString::to_string).as_deref() {
                Some("ask") => Role::Ask(attr),
                Some("args") => Role::Args(attr),
                Some("context") => Role::Context(attr),
                Some("state") => Role::State,
                _ => continue,
            };
            if !matches!((&found, &attr.meta), (Role::Ask(_), _) | (_, Meta::Path(_))) {
                let name = attr.path().to_token_stream();
                let help = format!("write `#[{name}]`");
                return Err(error(attr, format_args!("`#[{name}]` takes no arguments"), help));
            }
            if role.is_some() {
                let help = "keep one of `#[ask]`, `#[args]`, `#[context]` and `#[state]`";
                return Err(error(attr, "a parameter has one role", help));
            }
            role = Some(found);
        }
        Ok(role)
    }
}

impl Parameter {
    /// Looks at one input of the signature.
    pub(crate) fn build(input: &FnArg, diag: &mut Diagnostics) -> Option<Self> {
        let typed = match input {
            FnArg::Typed(typed) => typed,
            // Told of the function as a whole.
            FnArg::Receiver(_) => return None,
        };
        for attr in typed.attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr")) {
            diag.error(
                attr,
                "a parameter cannot depend on a `cfg`",
                "write the function twice, with the `cfg` on the functions",
            );
        }
        for attr in &typed.attrs {
            check_field_attribute(attr, diag);
        }
        let role = diag.take(Role::of(typed))?;
        let (ty, is_reference) = match peel(&typed.ty) {
            Type::Reference(reference) if reference.mutability.is_none() => (peel(&reference.elem), true),
            ty => (ty, false),
        };
        let segment = last_segment(ty);
        let named = segment.map(|segment| segment.ident.to_string()).unwrap_or_default();
        match (role, segment) {
            (Some(Role::Ask(attr)), _) => Self::answer(typed, attr, diag),
            (Some(Role::Args(attr)), _) => {
                Self::no_arg(typed, "the parameter of all arguments", diag);
                let owned = diag.take(Owned::build(&typed.ty, "an argument"))?;
                Some(Self::Arguments(Whole { owned, token: attr.to_token_stream() }))
            }
            (None | Some(Role::Context(_)), Some(segment)) if named == "TaskContext" || named == "ToolContext" => {
                Self::no_arg(typed, "a context", diag);
                let kind = if named == "ToolContext" {
                    ContextKind::Tool
                } else {
                    let variables = type_argument(segment, 0).map_or_else(|| quote!(()), ToTokens::to_token_stream);
                    ContextKind::Task(variables)
                };
                Some(Self::Context(Context { kind, is_reference, token: segment.ident.to_token_stream() }))
            }
            (Some(Role::Context(attr)), _) => {
                Self::no_arg(typed, "a context", diag);
                let kind = ContextKind::Alias(ty.to_token_stream());
                Some(Self::Context(Context { kind, is_reference, token: attr.to_token_stream() }))
            }
            (None | Some(Role::State), Some(segment)) if named == "State" => {
                Self::no_arg(typed, "a part of the state", diag);
                let Some(part) = type_argument(segment, 0) else {
                    diag.error(ty, "`State` does not say of what", "write `State<Database>` with the type it takes");
                    return None;
                };
                if let Some(inner) = last_segment(part).filter(|inner| inner.ident == "Rc") {
                    let shared = type_argument(inner, 0).map_or_else(|| quote!(_), ToTokens::to_token_stream);
                    diag.error(
                        &inner.ident,
                        "a part of the state is used by several threads, and an `Rc` by one",
                        format_args!("write `State<Arc<{shared}>>`"),
                    );
                    return None;
                }
                if let Type::Reference(reference) = peel(part) {
                    let inner = reference.elem.to_token_stream();
                    diag.error(
                        part,
                        "a part of the state is cloned, not borrowed",
                        format_args!("write `State<{inner}>`; an `Arc` makes the clone cheap"),
                    );
                    return None;
                }
                Some(Self::State(State { kind: StateKind::Part(part.to_token_stream()), is_reference }))
            }
            (Some(Role::State), _) => {
                Self::no_arg(typed, "a part of the state", diag);
                Some(Self::State(State { kind: StateKind::Alias(ty.to_token_stream()), is_reference }))
            }
            (None, _) => Self::argument(typed, diag),
        }
    }

    fn argument(typed: &PatType, diag: &mut Diagnostics) -> Option<Self> {
        check_wrapped(&typed.ty, diag);
        let ident = name_of(typed, diag);
        let arg = diag.take(ArgKeys::parse(&typed.attrs));
        let owned = diag.take(Owned::build(&typed.ty, "an argument"));
        let (ident, arg, owned) = (ident?, arg?, owned?);
        let (name, name_token) = match &arg.rename {
            Some(name) => (name.value(), name.to_token_stream()),
            None => (ident.unraw().to_string(), ident.to_token_stream()),
        };
        if name == RESERVED {
            diag.error(name_token, format_args!("the argument `{RESERVED}` is reserved"), "give it another name");
            return None;
        }
        if name.is_empty() {
            diag.error(name_token, "an argument needs a name", "write the name, or remove `rename`");
            return None;
        }
        let docs: Vec<Attribute> = typed.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect();
        let description = arg.description.as_ref().map(LitStr::value).or_else(|| doc_text(&docs));
        let ArgKeys { default, header, .. } = arg;
        if let Some(header) = header.as_ref().filter(|header| !is_token(&header.value())) {
            let given = header.value();
            diag.error(
                header,
                format_args!("`{given}` cannot be part of a header's name"),
                "use letters, digits and `-`",
            );
            return None;
        }
        Some(Self::Argument(Argument { ident, name, name_token, description, docs, default, header, owned }))
    }

    fn answer(typed: &PatType, attr: &Attribute, diag: &mut Diagnostics) -> Option<Self> {
        Self::no_arg(typed, "a parameter that is asked for", diag);
        let message = match attr.parse_args::<LitStr>() {
            Ok(message) if !message.value().trim().is_empty() => Some(message),
            _ => {
                diag.error(attr, "`#[ask]` needs the question", "write `#[ask(\"What is your name?\")]`");
                None
            }
        };
        let ident = name_of(typed, diag);
        let owned = diag.take(Owned::build(&typed.ty, "an argument"));
        let description = doc_text(&typed.attrs);
        Some(Self::Answer(Answer { ident: ident?, message: message?, description, owned: owned? }))
    }

    /// Reports `#[arg(…)]` where there is no argument to describe.
    fn no_arg(typed: &PatType, what: &str, diag: &mut Diagnostics) {
        for attr in typed.attrs.iter().filter(|attr| attr.path().is_ident("arg")) {
            diag.error(attr, format_args!("`#[arg]` has no effect on {what}"), "remove it");
        }
    }
}

/// Reports a context or a part of the state inside another type.
fn check_wrapped(ty: &Type, diag: &mut Diagnostics) {
    let tokens = ty.to_token_stream();
    for name in ["TaskContext", "ToolContext", "State"] {
        if let Some(token) = names(&tokens, &Ident::new(name, Span::call_site())) {
            let (what, help) = match name {
                "State" => ("a part of the state", "write `State<T>`, where `T` may be an `Option` or an `Arc`".into()),
                name => ("a context", format!("write `{name}` without the type around it: cloning one is cheap")),
            };
            diag.error(token, format_args!("{what} cannot stand inside another type"), help);
        }
    }
}

/// Reports an attribute that only fields have, with what takes its place.
fn check_field_attribute(attr: &Attribute, diag: &mut Diagnostics) {
    let Some(name) = FIELD_ATTRIBUTES.iter().find(|name| attr.path().is_ident(name)) else { return };
    let keys = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).unwrap_or_default();
    let mut keys = keys.iter();
    let same = match (keys.next(), keys.next()) {
        (Some(Meta::Path(key)), None) if key.is_ident("default") && *name == "serde" => Some("default".to_owned()),
        (Some(Meta::NameValue(key)), None) if key.path.is_ident("default") && *name == "serde" => {
            let function = string(&key.value).and_then(|path| path.parse::<TokenStream>().ok());
            function.map(|function| format!("default = {}()", without_spaces(&function)))
        }
        (Some(Meta::NameValue(key)), None) if key.path.is_ident("rename") || key.path.is_ident("description") => {
            string(&key.value).map(|text| format!("{} = {text:?}", key.path.to_token_stream()))
        }
        _ => None,
    };
    let help = same.map_or_else(
        || "put it on a field of a struct, and take that struct as `#[args] arguments: Arguments`".into(),
        |same| format!("write `#[arg({same})]`"),
    );
    diag.error(attr, format_args!("`#[{name}]` is for fields, and this is a parameter"), help);
}

fn string(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

fn without_spaces(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// Tells whether it can be part of a header's name (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// The name of an argument, which is the name of its parameter.
fn name_of(typed: &PatType, diag: &mut Diagnostics) -> Option<Ident> {
    match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(pat.ident.clone()),
        pat => {
            diag.error(
                pat,
                "an argument is named after its parameter, and this one has no name",
                "write a plain name here and take it apart in the body",
            );
            None
        }
    }
}

/// The grammar of `#[arg(…)]`.
#[derive(Default)]
struct ArgKeys {
    default: Option<DefaultValue>,
    rename: Option<LitStr>,
    header: Option<LitStr>,
    description: Option<LitStr>,
}

impl ArgKeys {
    fn parse(attrs: &[Attribute]) -> syn::Result<Self> {
        let mut attrs = attrs.iter().filter(|attr| attr.path().is_ident("arg"));
        let Some(attr) = attrs.next() else { return Ok(Self::default()) };
        if let Some(second) = attrs.next() {
            return Err(error(second, "`#[arg]` is given twice", "write all of it in one `#[arg(…)]`"));
        }
        let tokens = arguments(attr, "#[arg(default = …)]")?;
        let mut keys = Keys::parse(tokens, &["default", "rename", "header", "description"]);
        let parsed = Self {
            default: DefaultValue::parse(&mut keys),
            rename: keys.string("rename"),
            header: keys.string("header"),
            description: keys.string("description"),
        };
        keys.finish(parsed)
    }
}
