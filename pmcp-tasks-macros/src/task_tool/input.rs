//! Sources of the arguments.

use std::collections::HashSet;

use heck::ToUpperCamelCase;
use pmcp_macro_support::{Diagnostics, SigFn};
use syn::{Ident, ext::IdentExt};

use super::{
    owned::Owned,
    parameter::{Parameter, Whole},
};

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
            let (mut names, mut headers) = (HashSet::new(), HashSet::new());
            for argument in arguments {
                if !names.insert(&argument.name) {
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
            return Self::List(arguments_name(func, args));
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
        if let Some(name) = args {
            diag.error(name, "`args` has no effect with `#[args]`, whose type has a name", "remove it");
        }
        Self::Object(owned.clone())
    }
}

/// The name of the struct made of a function's arguments.
pub(super) fn arguments_name(func: &SigFn, given: Option<&Ident>) -> Ident {
    given.cloned().unwrap_or_else(|| {
        let name = func.sig.ident.unraw().to_string().to_upper_camel_case();
        Ident::new(&format!("{name}Args"), func.sig.ident.span())
    })
}
