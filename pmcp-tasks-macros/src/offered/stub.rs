//! Stand-in for an offer that could not be made.

use pmcp_macro_support::{CratePath, SigFn, is_primitive_type};
use proc_macro2::TokenStream;
use quote::quote;

use super::{args::OfferedArgs, kind::Kind};
use crate::{namesake, task_tool::place::Place};

/// The name that success would define, so that its uses are no further errors.
pub(super) fn stub(kind: Kind, args: Option<&OfferedArgs>, func: &SigFn, place: &Place<'_>) -> TokenStream {
    let ident = &func.sig.ident;
    // Types would shadow the language's own, and cannot stand in the `impl` that a method is in.
    if is_primitive_type(&ident.to_string()) || matches!(place, Place::Held(_)) || place.is_taken(ident) {
        return TokenStream::new();
    }
    let p = CratePath::new(args.and_then(|args| args.krate.as_ref()), "pmcp_tasks").private();
    let (namesake, cfgs) = (namesake::alone(func), func.cfgs());
    let refused = quote! {
        ::core::result::Result::Err(#p::ArgumentError { message: ::std::string::String::new() })
    };
    let suggest = quote! {
        fn suggest(_: &__PmcpState, _: #p::CompletionRequest) -> #p::Suggested {
            #p::Suggested::Unknown
        }
    };
    let implementation = match kind {
        Kind::Prompt => quote! {
            impl<__PmcpState> #p::PromptFunction<__PmcpState> for #ident {
                fn definition() -> #p::Prompt {
                    ::core::default::Default::default()
                }

                fn prepare(
                    _: &__PmcpState,
                    _: #p::Values,
                ) -> ::core::result::Result<#p::Prepared, #p::ArgumentError> {
                    #refused
                }

                #suggest
            }
        },
        Kind::Resource => quote! {
            impl<__PmcpState> #p::ResourceFunction<__PmcpState> for #ident {
                const IS_TEMPLATE: ::core::primitive::bool = false;

                fn definition() -> #p::Resource {
                    #p::Resource::new("")
                }

                fn prepare(
                    _: &__PmcpState,
                    _: ::std::collections::BTreeMap<::std::string::String, ::std::string::String>,
                ) -> ::core::result::Result<#p::ResourceRead, #p::ArgumentError> {
                    #refused
                }

                #suggest
            }
        },
        Kind::Completion => quote! {
            impl #p::NamedCompletion for #ident {
                type Itself = Self;
            }

            impl<__PmcpState> #p::CompletionFunction<__PmcpState> for #ident {
                fn prepare(_: &__PmcpState, _: #p::CompletionRequest) -> #p::Prepared {
                    #p::Prepared::completion(|_| async {
                        ::core::result::Result::Ok(::core::default::Default::default())
                    })
                }
            }
        },
    };
    quote! {
        #namesake

        #(#cfgs)*
        const _: () = {
            #implementation
        };
    }
}
