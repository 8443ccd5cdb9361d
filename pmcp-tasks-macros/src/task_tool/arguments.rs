//! The struct made of a function's arguments.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::{
    model::TaskTool,
    parameter::{Argument, Parameter},
};
use crate::{default::DefaultValue, owned::Lent};

impl TaskTool {
    /// The arguments, in the order of the signature.
    pub(super) fn arguments(&self) -> Vec<&Argument> {
        let arguments = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Argument(argument) => Some(argument),
            _ => None,
        });
        arguments.collect()
    }

    /// The definition of the struct, which the user sees.
    pub(super) fn arguments_struct(&self, name: &Ident) -> TokenStream {
        let (vis, cfgs) = (&self.func.vis, self.func.cfgs());
        let doc = format!(" The arguments of [`{0}`](fn@{0}).", self.func.sig.ident);
        let fields = self.arguments().into_iter().map(|Argument { ident, docs, owned, .. }| {
            let ty = &owned.ty;
            quote!(#(#docs)* pub #ident: #ty)
        });
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(dead_code, missing_docs, private_interfaces, unreachable_pub)]
            #vis struct #name {
                #(#fields),*
            }
        }
    }

    /// Its implementations. Only the functions that make the specs have bounds, one for each argument.
    pub(super) fn arguments_impls(&self, name: &Ident) -> TokenStream {
        let p = self.krate.private();
        let text = name.to_string();
        let arguments = self.arguments();
        let idents: Vec<&Ident> = arguments.iter().map(|argument| &argument.ident).collect();
        let names: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
        let types: Vec<&TokenStream> = arguments.iter().map(|argument| &argument.owned.ty).collect();
        let specs = arguments.iter().map(|argument| spec(argument, &p));
        quote! {
            struct __PmcpSpecs {
                #(#idents: #p::ArgumentSpec<#types>,)*
            }

            fn __pmcp_specs() -> __PmcpSpecs {
                __PmcpSpecs { #(#idents: #specs,)* }
            }

            impl #p::ArgumentList for #name {
                const NAMES: &'static [&'static ::core::primitive::str] = &[#(#names),*];

                fn decode(__pmcp_given: &mut #p::Values) -> ::core::result::Result<Self, #p::ArgumentError> {
                    let __pmcp_specs = __pmcp_specs();
                    ::core::result::Result::Ok(Self { #(#idents: __pmcp_specs.#idents.decode(__pmcp_given)?,)* })
                }

                fn encode(
                    &self,
                    __pmcp_encoded: &mut #p::Values,
                ) -> ::core::result::Result<(), #p::serde_json::Error> {
                    let __pmcp_specs = __pmcp_specs();
                    #(__pmcp_specs.#idents.encode(&self.#idents, __pmcp_encoded)?;)*
                    ::core::result::Result::Ok(())
                }

                fn schema(__pmcp_object: &mut #p::ObjectSchema<'_>) {
                    let __pmcp_specs = __pmcp_specs();
                    #(__pmcp_specs.#idents.schema(__pmcp_object);)*
                }
            }

            impl #p::serde::Serialize for #name {
                fn serialize<__S: #p::serde::Serializer>(
                    &self,
                    __pmcp_serializer: __S,
                ) -> ::core::result::Result<__S::Ok, __S::Error> {
                    #p::serialize_list(self, __pmcp_serializer)
                }
            }

            impl<'de> #p::serde::Deserialize<'de> for #name {
                fn deserialize<__D: #p::serde::Deserializer<'de>>(
                    __pmcp_deserializer: __D,
                ) -> ::core::result::Result<Self, __D::Error> {
                    #p::deserialize_list(__pmcp_deserializer)
                }
            }

            impl #p::schemars::JsonSchema for #name {
                fn schema_name() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
                    ::std::borrow::Cow::Borrowed(#text)
                }

                fn schema_id() -> ::std::borrow::Cow<'static, ::core::primitive::str> {
                    ::std::borrow::Cow::Borrowed(::core::concat!(::core::module_path!(), "::", #text))
                }

                fn json_schema(__pmcp_generator: &mut #p::schemars::SchemaGenerator) -> #p::schemars::Schema {
                    #p::list_schema::<Self>(__pmcp_generator)
                }
            }

            impl ::core::fmt::Debug for #name {
                fn fmt(&self, __pmcp_formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    #p::debug_list(self, #text, __pmcp_formatter)
                }
            }
        }
    }
}

fn spec(argument: &Argument, p: &TokenStream) -> TokenStream {
    let Argument { name, description, owned, .. } = argument;
    let ty = &owned.ty;
    let describe = description.iter().map(|text| quote!(.describe(#text)));
    let default = argument.default.as_ref().map(|default| {
        let value = default_value(argument, default, p);
        quote!(.default(#value))
    });
    let header = argument.header.iter().map(|name| {
        let name = name.value();
        quote!(.header(#name))
    });
    quote!(#p::argument::<#ty, _>(#name) #(#describe)* #default #(#header)*)
}

/// A function that makes the default. What the user wrote has the parameter's type, not the stored one.
pub(crate) fn default_value(argument: &Argument, default: &DefaultValue, p: &TokenStream) -> TokenStream {
    let (ty, target) = (&argument.owned.ty, &argument.owned.target);
    match (default, argument.owned.lent) {
        (DefaultValue::OfType, _) | (_, Lent::Value) => default.function(ty),
        (DefaultValue::Value(value), Lent::Reference) => quote!(|| #p::to_owned::<#target>(#value)),
        (DefaultValue::Value(value), Lent::OptionOfReference | Lent::OptionOfSlice) => {
            quote!(|| ::core::option::Option::map(#value, #p::to_owned::<#target>))
        }
    }
}
