//! The macro of pmcp-apps: `#[widget]`.
//!
//! It is documented where it is re-exported, in `pmcp-apps`.

use proc_macro::TokenStream;

#[cfg(test)]
mod expansion;
mod widget;

/// Makes a widget of a directory of HTML.
#[proc_macro_attribute]
pub fn widget(args: TokenStream, item: TokenStream) -> TokenStream {
    widget::expand(args.into(), item.into(), &widget::Surroundings::here()).into()
}
