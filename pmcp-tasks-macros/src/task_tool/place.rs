//! Where the function stands, as far as that can be a mistake.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex},
};

use heck::ToUpperCamelCase;
use pmcp_macro_support::{Diagnostics, SigFn};
use syn::{Attribute, Ident, ext::IdentExt};

use crate::surroundings::{Scope, Surroundings};

/// Where the function stands.
pub(crate) enum Place<'a> {
    /// Somewhere of which the file does not tell.
    Free,
    /// In a module or a function's body of which the file tells.
    Beside(&'a Scope),
    /// In an `impl` or a trait.
    Held(&'static str),
    /// Behind another tool with the same function.
    Again,
}

impl<'a> Place<'a> {
    /// Looks at what is around a function.
    pub(crate) fn of(func: &SigFn, around: &'a Surroundings) -> Self {
        let name = func.sig.ident.to_string();
        if let Some(scope) = around.scope(&name) {
            return match scope.holder {
                Some(holder) => Self::Held(holder),
                None if scope.repeats(&name) && !is_first(&name) => Self::Again,
                None => Self::Beside(scope),
            };
        }
        // What `#[async_trait]` leaves of an `async fn`.
        let names = func.sig.generics.lifetimes().map(|lifetime| lifetime.lifetime.ident.to_string());
        if func.sig.receiver().is_some() || names.into_iter().any(|name| name == "async_trait") {
            return Self::Held("the `impl`");
        }
        Self::Free
    }

    /// Reports a function that can be no tool, or whatever this is, where it is, and tells whether that is so.
    pub(crate) fn check(&self, func: &SigFn, what: &str, diag: &mut Diagnostics) -> bool {
        let Self::Held(holder) = self else { return false };
        let help = format!("move it out of {holder}, and take what it shares as `State<T>`");
        match func.sig.receiver() {
            Some(receiver) => diag.error(receiver, format_args!("a {what} is a free function, without `self`"), help),
            None => diag.error(
                &func.sig.ident,
                format_args!("a {what} is a free function, and this one belongs to {holder}"),
                help,
            ),
        }
        true
    }

    /// Reports that the name of what stands for the function is taken.
    pub(crate) fn check_name(&self, func: &SigFn, what: &str, diag: &mut Diagnostics) {
        let ident = &func.sig.ident;
        if self.is_taken(ident) {
            diag.error(
                ident,
                format_args!(
                    "a type or module here is named `{ident}`, as the type that stands for the {what} will be"
                ),
                "rename one of them; `name = \"…\"` is the name that clients see",
            );
        }
    }

    /// Reports names that are taken.
    pub(crate) fn check_names(&self, func: &SigFn, arguments: Option<&Ident>, diag: &mut Diagnostics) {
        self.check_name(func, "tool", diag);
        let Self::Beside(scope) = self else { return };
        if let Some(name) = arguments.filter(|name| scope.has_type(&name.to_string())) {
            let other = generated_name(func, "Arguments");
            diag.error(
                // The generated name has the span of the function's, a given one its own.
                name,
                format_args!("`{name}` is there already, and the struct of the tool's arguments will be named so"),
                format_args!("give that another name with `args = {other}`"),
            );
        }
    }

    /// Tells whether the stand-in of a tool can have this type.
    pub(crate) fn is_taken(&self, name: &Ident) -> bool {
        matches!(self, Self::Beside(scope) if scope.has_type(&name.to_string()))
    }
}

/// A name made of the function's.
pub(crate) fn generated_name(func: &SigFn, role: &str) -> Ident {
    let name = func.sig.ident.unraw().to_string().to_upper_camel_case();
    Ident::new(&format!("{name}{role}"), func.sig.ident.span())
}

/// Tells whether a function of this name comes first in the crate.
fn is_first(name: &str) -> bool {
    static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    SEEN.lock().is_ok_and(|mut seen| seen.insert(name.to_owned()))
}

/// The attributes that cannot be on a tool's function, with what is said of them.
const FOREIGN: [(&str, &str, &str); 2] = [
    ("async_trait", "`#[async_trait]` is for traits and their `impl`s", "remove it: a tool is an `async fn` as it is"),
    ("task_tool", "`#[task_tool]` is given twice", "write all of it in one `#[task_tool(…)]`"),
];

fn foreign(attr: &Attribute) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let name = &attr.path().segments.last()?.ident;
    FOREIGN.iter().find(|(foreign, ..)| name == foreign)
}

/// Reports attributes that would break the function.
pub(crate) fn check_attributes(func: &SigFn, diag: &mut Diagnostics) {
    for attr in &func.attrs {
        if let Some((_, message, help)) = foreign(attr) {
            diag.error(attr, message, help);
        }
    }
}

/// The function without them.
pub(crate) fn kept(func: &SigFn) -> SigFn {
    let mut kept = func.clone();
    kept.attrs.retain(|attr| foreign(attr).is_none());
    kept
}
