//! Stand-in for a widget that could not be made.

use pmcp_macro_support::CratePath;
use proc_macro2::TokenStream;
use quote::quote;

use super::{args::WidgetArgs, item::UnitStruct};

/// The traits that success would implement, so that uses of the widget are no further errors.
pub(super) fn stub(args: Option<&WidgetArgs>, item: Option<&UnitStruct>) -> TokenStream {
    let Some(item) = item else { return TokenStream::new() };
    let p = CratePath::new(args.and_then(|args| args.krate.as_ref()), "pmcp_apps").private();
    let (ident, carried) = (&item.ident, item.carried());
    quote! {
        #(#carried)*
        const _: () = {
            impl #p::ToolWidget for #ident {
                fn fill(_: &mut #p::Map<::std::string::String, #p::Value>) {}
            }

            impl #p::Widget for #ident {
                fn definition() -> &'static #p::WidgetDefinition {
                    #p::no_widget()
                }
            }
        };
    }
}
