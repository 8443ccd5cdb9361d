//! Looking at the shape of a type.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The type inside parentheses and the invisible delimiters that `macro_rules!` leaves.
#[must_use]
pub fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        _ => ty,
    }
}

/// The last segment of a path, which is all a macro can recognise a type by.
#[must_use]
pub fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match peel(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The type arguments of a segment: `T` and `E` of `Result<T, E>`.
fn type_arguments(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    let arguments = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The type argument of a segment at this position.
#[must_use]
pub fn type_argument(segment: &PathSegment, position: usize) -> Option<&Type> {
    type_arguments(segment).nth(position)
}
