//! The tokens of a set of variables.

use pmcp_macro_support::{CratePath, Diagnostics};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Ident, Type};

use super::model::{Variable, VariableSet, crate_path};

impl VariableSet {
    /// The handles, which the user sees, and the trait.
    pub(super) fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let Self { ident, vis, variables, .. } = self;
        let handles = format_ident!("{ident}Variables");
        let doc = format!(" The variables of [`{ident}`]: a handle to each.");
        let idents: Vec<&Ident> = variables.iter().map(|variable| &variable.ident).collect();
        let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
        let types: Vec<&Type> = variables.iter().map(|variable| &variable.ty).collect();
        let fields = variables.iter().map(|Variable { ident, summary, ty, .. }| {
            let doc = summary.iter();
            quote!(#(#[doc = #doc])* pub #ident: #p::Variable<'a, #ty>)
        });
        let specs = variables.iter().map(|Variable { name, summary, ty, is_hidden, is_client_writable, .. }| {
            let text = summary.as_ref().map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join("\n"));
            let none = quote!(::core::option::Option::None);
            let description = text.map_or(none, |text| quote!(::core::option::Option::Some(#text)));
            quote! {
                #p::variable::<#ty>(#name, #is_hidden, #is_client_writable)
                    .described(#description, (&#p::SchemaOf::<#ty>::new()).schema())
            }
        });
        quote! {
            #[doc = #doc]
            #[allow(dead_code, missing_docs, private_interfaces, unreachable_pub)]
            #[derive(::core::fmt::Debug)]
            #vis struct #handles<'a> {
                #(#fields,)*
                __pmcp_cells: &'a #p::Cells,
            }

            #[allow(dead_code, private_interfaces, unreachable_pub)]
            impl #handles<'_> {
                /// Every variable, read in one operation.
                ///
                /// # Errors
                /// A stored value has another type, or the store failed.
                pub async fn get(&self) -> ::core::result::Result<#ident, #p::VariableError> {
                    self.__pmcp_cells.read::<#ident>().await
                }

                /// Changes several variables in one durable write, and returns all of them. When somebody else changed one
                /// of them in between, it starts over, so `change` may run several times.
                ///
                /// # Errors
                /// A value does not serialise, the variables would be too large, the task is lost, or the store failed.
                pub async fn update(
                    &self,
                    change: impl ::core::ops::FnMut(&mut #ident) + ::core::marker::Send,
                ) -> ::core::result::Result<#ident, #p::VariableError> {
                    self.__pmcp_cells.update::<#ident>(change).await
                }
            }

            const _: () = {
                struct __PmcpSpecs {
                    #(#idents: #p::VariableSpec<#types>,)*
                }

                fn __pmcp_specs() -> __PmcpSpecs {
                    use #p::{HasNoSchema as _, HasSchema as _};
                    __PmcpSpecs { #(#idents: #specs,)* }
                }

                impl #p::TaskVariables for #ident {
                    type Variables<'a> = #handles<'a>;

                    fn variables<'a>(__pmcp_cells: &'a #p::Cells) -> #handles<'a> {
                        #handles {
                            #(#idents: #p::Variable::new(
                                __pmcp_cells,
                                #names,
                                || #p::default_of::<Self>().#idents,
                            ),)*
                            __pmcp_cells,
                        }
                    }

                    fn fields() -> ::std::vec::Vec<#p::FieldDefinition> {
                        let __pmcp_specs = __pmcp_specs();
                        let __pmcp_default = #p::default_of::<Self>();
                        ::core::convert::From::from([#(__pmcp_specs.#idents.field(&__pmcp_default.#idents)),*])
                    }

                    fn write(&self) -> ::core::result::Result<#p::Values, #p::VariableError> {
                        let __pmcp_specs = __pmcp_specs();
                        let mut __pmcp_values = #p::Values::new();
                        #(__pmcp_specs.#idents.write(&self.#idents, &mut __pmcp_values)?;)*
                        ::core::result::Result::Ok(__pmcp_values)
                    }

                    fn read(mut __pmcp_values: #p::Values) -> ::core::result::Result<Self, #p::VariableError> {
                        let __pmcp_specs = __pmcp_specs();
                        let __pmcp_default = #p::default_of::<Self>();
                        ::core::result::Result::Ok(Self {
                            #(#idents: __pmcp_specs.#idents.read(&mut __pmcp_values, __pmcp_default.#idents)?,)*
                        })
                    }
                }
            };
        }
    }
}

/// The trait for an item that is no set of variables, so that its uses are no further errors.
pub(super) fn stub(input: &DeriveInput) -> TokenStream {
    // What is wrong with the attribute was reported.
    let mut reported = Diagnostics::new();
    let krate = CratePath::new(crate_path(input, &mut reported).as_ref(), "pmcp_tasks");
    drop(reported.finish(TokenStream::new()));
    let p = krate.private();
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let bounds = clause.map(|clause| &clause.predicates);
    quote! {
        const _: () = {
            impl #generics #p::TaskVariables for #ident #arguments
            where
                Self: ::core::default::Default + ::core::marker::Send + ::core::marker::Sync + 'static,
                #bounds
            {
                type Variables<'__pmcp> = ();

                fn variables<'__pmcp>(_: &'__pmcp #p::Cells) -> Self::Variables<'__pmcp> {}

                fn fields() -> ::std::vec::Vec<#p::FieldDefinition> {
                    ::std::vec::Vec::new()
                }

                fn write(&self) -> ::core::result::Result<#p::Values, #p::VariableError> {
                    ::core::result::Result::Ok(#p::Values::new())
                }

                fn read(_: #p::Values) -> ::core::result::Result<Self, #p::VariableError> {
                    ::core::result::Result::Ok(::core::default::Default::default())
                }
            }
        };
    }
}
