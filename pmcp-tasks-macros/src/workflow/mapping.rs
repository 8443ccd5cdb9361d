//! Return types of steps that only map results to arguments.

use pmcp_macro_support::{Diagnostics, last_segment, type_argument};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{ReturnType, Type};

use crate::output::Output;

/// The types a mapping returns.
pub(super) struct Returned {
    /// The type of the arguments, or of what the client is shown.
    pub(super) of: TokenStream,
    /// Set if it is in an `Option`.
    pub(super) is_option: bool,
    /// The error, if it is in a `Result`.
    pub(super) error: Option<MappingError>,
}

/// The error of a mapping.
pub(super) enum MappingError {
    /// A type that is told.
    Known(TokenStream),
    /// That of an alias of `Result`, which hides it.
    Of(TokenStream),
}

impl Returned {
    /// Looks at a return type.
    pub(super) fn build(output: &ReturnType, diag: &mut Diagnostics) -> Option<Self> {
        let (value, error) = match diag.take(Output::build(output, "a step"))? {
            Output::Value(value) => (value, None),
            Output::Result { value, error } => (value, Some(MappingError::Known(error))),
            Output::Alias(result) => (aliased(output, diag)?, Some(MappingError::Of(result))),
        };
        let ty = syn::parse2::<Type>(value.clone()).ok();
        let inner = ty.as_ref().and_then(|ty| {
            let segment = last_segment(ty).filter(|segment| segment.ident == "Option")?;
            type_argument(segment, 0).map(ToTokens::to_token_stream)
        });
        Some(Self { is_option: inner.is_some(), of: inner.unwrap_or(value), error })
    }
}

/// The value of a `Result` by an alias: its only type argument.
fn aliased(output: &ReturnType, diag: &mut Diagnostics) -> Option<TokenStream> {
    let ReturnType::Type(_, ty) = output else { return None };
    let value = last_segment(ty).and_then(|segment| type_argument(segment, 0));
    if value.is_none() {
        diag.error(
            ty,
            "a `Result` by an alias does not say what the step gives",
            "write `Result<…, ToolError>` with the type of the arguments",
        );
    }
    value.map(ToTokens::to_token_stream)
}

/// Tells whether a mapping with this return type may give nothing, as far as its words tell.
pub(super) fn may_give_nothing(output: &ReturnType) -> bool {
    let mut unreported = Diagnostics::new();
    let returned = Returned::build(output, &mut unreported);
    drop(unreported.finish(TokenStream::new()));
    returned.is_some_and(|returned| returned.is_option)
}
