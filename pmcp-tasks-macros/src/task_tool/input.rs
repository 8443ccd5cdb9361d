//! Sources of the arguments.

use std::collections::HashSet;

use pmcp_macro_support::{Diagnostics, SigFn};
use syn::Ident;

use super::{
    parameter::{Parameter, Whole},
    place::{Place, generated_name},
};
use crate::owned::{Owned, names};

/// The type of all arguments.
pub(super) enum Input {
    /// A struct made of the parameters.
    List(Ident),
    /// The type of the parameter marked `#[args]`.
    Object(Owned),
}

impl Input {
    /// Decides which, and checks that names are not given twice.
    pub(super) fn build(
        func: &SigFn,
        args: Option<&Ident>,
        parameters: &[Option<Parameter>],
        place: &Place<'_>,
        diag: &mut Diagnostics,
    ) -> Self {
        let arguments = parameters.iter().flatten().filter_map(|parameter| match parameter {
            Parameter::Argument(argument) => Some(argument),
            _ => None,
        });
        let mut wholes = parameters.iter().flatten().filter_map(|parameter| match parameter {
            Parameter::Arguments(whole) => Some(whole),
            _ => None,
        });
        let Some(Whole { owned, .. }) = wholes.next() else {
            let (mut seen, mut headers) = (HashSet::new(), HashSet::new());
            for argument in arguments {
                if let Some(itself) = names(&argument.owned.ty, &arguments_name(func, args)) {
                    let other = generated_name(func, "Arguments");
                    diag.error(
                        &itself,
                        format_args!("`{itself}` is the name of the struct that is made of the parameters"),
                        format_args!(
                            "mark the parameter `#[args]` to take all arguments as one `{itself}`, or name that struct with `args = {other}`"
                        ),
                    );
                }
                if !seen.insert(&argument.name) {
                    diag.error(
                        &argument.name_token,
                        format_args!("two arguments are named `{}`", argument.name),
                        "rename one of them",
                    );
                }
                if let Some(header) = &argument.header
                    && !headers.insert(header.value().to_ascii_lowercase())
                {
                    diag.error(
                        header,
                        format_args!("two arguments have the header `{}`", header.value()),
                        "give one of them another",
                    );
                }
            }
            let name = arguments_name(func, args);
            let is_parameter = parameters.iter().flatten().any(|parameter| match parameter {
                Parameter::Argument(argument) => names(&argument.owned.ty, &name).is_some(),
                _ => false,
            });
            place.check_names(func, Some(&name).filter(|_| !is_parameter), diag);
            return Self::List(name);
        };
        for second in wholes {
            diag.error(&second.token, "two parameters take all arguments", "keep one `#[args]`");
        }
        for argument in arguments {
            diag.error(
                &argument.ident,
                format_args!("`{}` is an argument beside `#[args]`, which takes all of them", argument.ident),
                "make it a field of the `#[args]` type",
            );
        }
        place.check_names(func, None, diag);
        if let Some(name) = args {
            diag.error(name, "`args` has no effect with `#[args]`, whose type has a name", "remove it");
        }
        Self::Object(owned.clone())
    }
}

/// The name of the struct made of a function's arguments.
pub(super) fn arguments_name(func: &SigFn, given: Option<&Ident>) -> Ident {
    given.cloned().unwrap_or_else(|| generated_name(func, "Args"))
}
