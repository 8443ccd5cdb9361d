//! Stand-in for a tool that could not be made.

use pmcp_macro_support::{CratePath, Diagnostics, SigFn, is_primitive_type, strip_attributes};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{LitStr, ext::IdentExt};

use super::{
    args::TaskToolArgs,
    input::arguments_name,
    parameter::{Argument, Parameter},
    place::Place,
};
use crate::{namesake, output::Output, owned::names};

/// The names that success would define, so that their uses are no further errors.
pub(super) fn stub(args: Option<&TaskToolArgs>, func: &SigFn, place: &Place<'_>) -> TokenStream {
    let ident = &func.sig.ident;
    // Types would shadow the language's own, and cannot stand in the `impl` that a method is in.
    if is_primitive_type(&ident.to_string()) || matches!(place, Place::Held(_)) || place.is_taken(ident) {
        return TokenStream::new();
    }
    let p = CratePath::new(args.and_then(|args| args.krate.as_ref()), "pmcp_tasks").private();
    let (vis, cfgs) = (&func.vis, func.cfgs().collect::<Vec<_>>());
    let namesake = namesake::alone(func);
    let name = arguments_name(func, args.and_then(|args| args.args.as_ref()));
    // The mistakes were reported, and a field is one whatever is said about it.
    let mut reported = Diagnostics::new();
    let mut sig = func.sig.clone();
    strip_attributes(&mut sig, &["arg", "cfg", "cfg_attr"]);
    let parameters: Vec<Parameter> =
        sig.inputs.iter().filter_map(|input| Parameter::build(input, &mut reported)).collect();
    drop(reported.finish(TokenStream::new()));
    let has_struct = !place.is_taken(&name)
        && parameters.iter().all(|parameter| match parameter {
            Parameter::Arguments(_) => false,
            Parameter::Argument(argument) => names(&argument.owned.ty, &name).is_none(),
            _ => true,
        });
    let fields = parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Argument(Argument { ident, owned, .. }) => {
            let ty = &owned.ty;
            Some(quote!(pub #ident: #ty))
        }
        _ => None,
    });
    let arguments = has_struct.then(|| {
        quote! {
            #(#cfgs)*
            #[allow(dead_code, missing_debug_implementations, missing_docs, private_interfaces, unreachable_pub)]
            #vis struct #name {
                #(#fields),*
            }
        }
    });
    let arguments_of = has_struct.then(|| quote!(impl #p::ArgumentsOf<#ident> for #name {}));
    // A name that is not allowed is one mistake, and no second where a widget compares it.
    let given = args.and_then(|args| args.name.as_ref()).map(LitStr::value);
    let name_of = given.unwrap_or_else(|| ident.unraw().to_string());
    let result_of = Output::build(&sig.output, "a tool").ok().map(|output| {
        let value = output.value(&p);
        quote! {
            impl #p::ResultOf<#ident> for #value {}
            impl #p::Gives<#value> for #ident {}
        }
    });
    quote! {
        #namesake

        #arguments

        #(#cfgs)*
        const _: () = {
            impl #p::NamedTool for #ident {
                const NAME: &'static ::core::primitive::str = #name_of;
                type Itself = Self;
            }
            #arguments_of
            #result_of

            impl<__PmcpState> #p::Tool<__PmcpState> for #ident {
                fn definition() -> #p::ToolDefinition {
                    ::core::default::Default::default()
                }

                fn prepare(
                    _: &__PmcpState,
                    _: #p::Arguments,
                ) -> ::core::result::Result<#p::Prepared, #p::ArgumentError> {
                    ::core::result::Result::Err(#p::ArgumentError { message: ::std::string::String::new() })
                }
            }
        };
    }
}
