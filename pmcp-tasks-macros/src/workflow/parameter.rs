//! Parameters of a step's function.

use pmcp_macro_support::{Diagnostics, did_you_mean, error, last_segment, listed, peel, type_argument};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Ident, Meta, Pat, PatType, Type, ext::IdentExt};

use crate::owned::{Lent, Owned};

/// The attributes that only this macro understands on a parameter. Doc comments are among them: the compiler allows them
/// nowhere else.
pub(super) const PARAMETER_ATTRIBUTES: [&str; 4] = ["context", "doc", "state", "variables"];

/// A parameter.
pub(super) enum Parameter {
    /// The result of an earlier step.
    Result(Taken),
    /// The context of the run.
    Context(Context),
    /// A part of the server's state.
    State(State),
    /// `#[variables]`: the variables of the task.
    Variables(Variables),
}

/// The result of an earlier step.
pub(super) struct Taken {
    /// The name in the signature.
    pub(super) ident: Ident,
    pub(super) is_mut: bool,
    /// The place of the step.
    pub(super) step: usize,
    pub(super) name: String,
    pub(super) owned: Owned,
    /// Set if the step may be skipped, so that this is an `Option`.
    pub(super) is_option: bool,
}

/// A context.
pub(super) struct Context {
    /// The variables of `TaskContext<V>`; none of another.
    pub(super) variables: Option<TokenStream>,
    pub(super) kind: ContextKind,
    pub(super) is_reference: bool,
}

/// Kind of the context.
pub(super) enum ContextKind {
    /// `TaskContext<V>`
    Task(TokenStream),
    /// `ToolContext`
    Tool,
    /// `#[context]` on a type that does not say which.
    Alias(TokenStream),
}

/// A part of the server's state: the type of `State<T>`, or all of one marked `#[state]`.
pub(super) struct State {
    pub(super) part: Result<TokenStream, TokenStream>,
    pub(super) is_reference: bool,
}

/// The variables of the task.
pub(super) struct Variables {
    pub(super) ty: TokenStream,
    pub(super) is_reference: bool,
}

/// Facts of a step that other steps may know.
pub(super) struct Known {
    pub(super) name: String,
    /// `None` if it is not known.
    pub(super) may_be_skipped: Option<bool>,
}

/// The surroundings of a parameter.
pub(super) struct Among<'a> {
    pub(super) steps: &'a [Known],
    /// The place of its step.
    pub(super) at: usize,
    /// Set if the server runs the step; `None` if it is not known.
    pub(super) is_server: Option<bool>,
}

impl Among<'_> {
    fn step(&self) -> &str {
        self.steps.get(self.at).map_or("", |step| &step.name)
    }

    fn earlier(&self) -> Vec<&str> {
        self.steps.iter().take(self.at).map(|step| step.name.as_str()).collect()
    }
}

impl Parameter {
    /// Looks at one parameter.
    pub(super) fn build(typed: &PatType, among: &Among<'_>, diag: &mut Diagnostics) -> Option<Self> {
        let role = diag.take(Role::of(&typed.attrs))?;
        let (ty, is_reference) = match peel(&typed.ty) {
            Type::Reference(reference) if reference.mutability.is_none() => (peel(&reference.elem), true),
            ty => (ty, false),
        };
        let segment = last_segment(ty);
        let named = segment.map(|segment| segment.ident.to_string()).unwrap_or_default();
        match (role, segment) {
            (Some(Role::Variables(attr)), _) => {
                if among.is_server == Some(true) {
                    diag.error(
                        attr,
                        "`#[variables]` is for steps that only map results",
                        "take `TaskContext<V>`, whose `variables()` reads and changes them",
                    );
                    return None;
                }
                Some(Self::Variables(Variables { ty: ty.to_token_stream(), is_reference }))
            }
            (Some(Role::State), _) if named != "State" => {
                Some(Self::State(State { part: Err(ty.to_token_stream()), is_reference }))
            }
            (None | Some(Role::State), Some(segment)) if named == "State" => {
                let Some(part) = type_argument(segment, 0) else {
                    diag.error(ty, "`State` does not say of what", "write `State<Database>` with the type it takes");
                    return None;
                };
                Some(Self::State(State { part: Ok(part.to_token_stream()), is_reference }))
            }
            (None | Some(Role::Context), Some(segment)) if named == "TaskContext" || named == "ToolContext" => {
                if among.is_server == Some(false) {
                    refuse_context(&segment.ident, diag);
                    return None;
                }
                let variables = type_argument(segment, 0).map(ToTokens::to_token_stream);
                let kind = if named == "ToolContext" {
                    ContextKind::Tool
                } else {
                    ContextKind::Task(variables.clone().unwrap_or_else(|| quote!(())))
                };
                let variables = variables.filter(|_| matches!(kind, ContextKind::Task(_)));
                Some(Self::Context(Context { variables, kind, is_reference }))
            }
            (Some(Role::Context), _) => {
                if among.is_server == Some(false) {
                    refuse_context(ty, diag);
                    return None;
                }
                let kind = ContextKind::Alias(ty.to_token_stream());
                Some(Self::Context(Context { variables: None, kind, is_reference }))
            }
            _ => Self::result(typed, among, diag),
        }
    }

    fn result(typed: &PatType, among: &Among<'_>, diag: &mut Diagnostics) -> Option<Self> {
        let (ident, is_mut) = match &*typed.pat {
            Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                (pat.ident.clone(), pat.mutability.is_some())
            }
            pat => {
                diag.error(
                    pat,
                    "a parameter is named after the step whose result it takes, and this one has no name",
                    "write the step's name here and take the value apart in the body",
                );
                return None;
            }
        };
        let name = ident.unraw().to_string();
        let name = name.strip_prefix('_').unwrap_or(&name);
        let Some(step) = among.steps.iter().position(|step| step.name == name).filter(|step| *step < among.at) else {
            refuse_step(&ident, name, among, diag);
            return None;
        };
        let may_be_skipped = among.steps.get(step).and_then(|step| step.may_be_skipped);
        let inner = last_segment(&typed.ty).filter(|segment| segment.ident == "Option");
        let inner = inner.and_then(|segment| type_argument(segment, 0));
        if may_be_skipped == Some(true) && inner.is_none() {
            diag.error(
                &typed.ty,
                format_args!("step `{name}` may be skipped, and `{}` needs its result", among.step()),
                format_args!("take `Option<{}>`", written(&typed.ty.to_token_stream())),
            );
            return None;
        }
        let is_option = may_be_skipped == Some(true);
        let ty = if is_option { inner.unwrap_or(&typed.ty) } else { &typed.ty };
        let owned = diag.take(Owned::build(ty, "the result of a step"))?;
        Some(Self::Result(Taken { ident, is_mut, step, name: name.to_owned(), owned, is_option }))
    }
}

impl Taken {
    /// Tells whether it can be passed again and again.
    pub(super) fn is_copy(&self) -> bool {
        self.owned.lent != Lent::Value && !self.is_mut
    }
}

fn refuse_context(at: impl ToTokens, diag: &mut Diagnostics) {
    let name = at.to_token_stream();
    diag.error(
        at,
        format_args!("`{name}` is for steps that the server runs"),
        "take `#[variables] variables: &V` to read variables; what else needs a context belongs into a step before",
    );
}

/// Reports the name of no earlier step.
fn refuse_step(ident: &Ident, name: &str, among: &Among<'_>, diag: &mut Diagnostics) {
    let step = among.step();
    let later = among.steps.iter().position(|other| other.name == name);
    if name == step {
        diag.error(ident, format_args!("step `{step}` takes its own result"), "name a step before it");
    } else if later.is_some() {
        diag.error(
            ident,
            format_args!("step `{step}` takes `{name}`, which comes later"),
            format_args!("move `{name}` before `{step}`"),
        );
    } else {
        let earlier = among.earlier();
        let help = match (did_you_mean(name, earlier.iter().copied()), earlier.as_slice()) {
            (Some(meant), _) => format!("a step named `{meant}` exists"),
            (None, []) => "no step comes before it; a prompt argument is a field of `self`".into(),
            (None, all) => format!("earlier steps are {}; a prompt argument is a field of `self`", listed(all, "and")),
        };
        diag.error(ident, format_args!("step `{step}` takes `{name}`, which no earlier step produces"), help);
    }
}

/// The attribute that says what a parameter is.
enum Role<'a> {
    Context,
    State,
    Variables(&'a Attribute),
}

impl<'a> Role<'a> {
    /// The role that an attribute says; two are a mistake, and so is one that says more than its name.
    fn of(attrs: &'a [Attribute]) -> syn::Result<Option<Self>> {
        let mut role = None;
        for attr in attrs {
            let name = attr.path().to_token_stream();
            let found = match name.to_string().as_str() {
                "context" => Role::Context,
                "state" => Role::State,
                "variables" => Role::Variables(attr),
                "arg" | "args" | "ask" => {
                    let help = "remove it: arguments of a workflow are fields of `self`";
                    return Err(error(attr, format_args!("`#[{name}]` is for parameters of tools"), help));
                }
                _ => continue,
            };
            if !matches!(attr.meta, Meta::Path(_)) {
                let help = format!("write `#[{name}]`");
                return Err(error(attr, format_args!("`#[{name}]` takes no arguments"), help));
            }
            if role.is_some() {
                let help = "keep one of `#[context]`, `#[state]` and `#[variables]`";
                return Err(error(attr, "a parameter has one role", help));
            }
            role = Some(found);
        }
        Ok(role)
    }
}

/// A type as it is written by people.
pub(super) fn written(ty: &TokenStream) -> String {
    let mut text = ty.to_string();
    for (spaced, close) in
        [(" :: ", "::"), (" < ", "<"), (" >", ">"), ("< ", "<"), (" ,", ","), ("& ", "&"), (" ;", ";")]
    {
        text = text.replace(spaced, close);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_people_write_them() {
        for ty in ["&BuildReport", "&[Next]", "std::collections::BTreeMap<String, Vec<u8>>", "(u8, [u8; 2])", "&str"] {
            assert_eq!(written(&ty.parse().unwrap()), ty);
        }
    }
}
