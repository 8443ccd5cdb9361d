//! The tokens of a form.

use pmcp_macro_support::{CratePath, Diagnostics};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Ident};

use super::{
    args::{Ends, crate_path},
    model::{Bounds, Field, Form, Kind, Variant},
};

impl Form {
    /// The traits that say what is asked, and read the answer.
    pub(super) fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let implementation = match &self.kind {
            Kind::Fields(fields) => struct_impl(&self.ident, fields, &p),
            Kind::Choice(variants) => enum_impl(&self.ident, variants, &p),
        };
        quote! {
            const _: () = {
                #implementation
            };
        }
    }
}

fn struct_impl(ident: &Ident, fields: &[Field], p: &TokenStream) -> TokenStream {
    let idents: Vec<&Ident> = fields.iter().map(|field| &field.ident).collect();
    let types: Vec<&TokenStream> = fields.iter().map(|field| &field.ty).collect();
    let specs = fields.iter().map(|field| spec(field, p));
    quote! {
        struct __PmcpFields {
            #(#idents: #p::FormFieldSpec<#types>,)*
        }

        fn __pmcp_fields() -> __PmcpFields {
            __PmcpFields { #(#idents: #specs,)* }
        }

        impl #p::Form for #ident {
            fn describe(__pmcp_form: &mut #p::FormFields, _: &'static ::core::primitive::str) {
                let __pmcp_fields = __pmcp_fields();
                #(__pmcp_fields.#idents.describe(__pmcp_form);)*
            }

            fn take(
                __pmcp_answer: &mut #p::Values,
                _: &'static ::core::primitive::str,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                let __pmcp_fields = __pmcp_fields();
                ::core::result::Result::Ok(Self {
                    #(#idents: __pmcp_fields.#idents.take(__pmcp_answer)?,)*
                })
            }
        }
    }
}

fn spec(field: &Field, p: &TokenStream) -> TokenStream {
    let Field { name, ty, .. } = field;
    let made = match &field.bounds {
        Bounds::OfType => quote!(#p::form_field::<#ty>(#name)),
        Bounds::Range(range) => {
            let (least, most) = ends(range);
            quote!(#p::form_number::<#ty, _>(#name, #least, #most))
        }
        Bounds::Length(length) => {
            let (least, most) = ends(length);
            quote!(#p::form_sized::<#ty>(#name, #least, #most))
        }
        Bounds::Format(format, length) => {
            let (least, most) = ends(length);
            quote!(#p::form_text::<#ty>(#name, #format, #least, #most))
        }
    };
    let title = field.title.iter().map(|title| quote!(.with("title", #title)));
    let description = field.description.iter().map(|text| quote!(.with("description", #text)));
    let default = field.default.iter().map(|default| {
        let default = default.function(ty);
        quote!(.default(#default))
    });
    quote!(#made #(#title)* #(#description)* #(#default)*)
}

fn ends((least, most): &Ends) -> (TokenStream, TokenStream) {
    (optional(least.as_ref()), optional(most.as_ref()))
}

fn optional(value: Option<&impl ToTokens>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}

fn enum_impl(ident: &Ident, variants: &[Variant], p: &TokenStream) -> TokenStream {
    let idents: Vec<&Ident> = variants.iter().map(|variant| &variant.ident).collect();
    let values: Vec<&str> = variants.iter().map(|variant| variant.value.as_str()).collect();
    let titles = variants.iter().map(|variant| optional(variant.title.as_ref()));
    quote! {
        impl #p::FormChoice for #ident {
            const OPTIONS: &'static [(
                &'static ::core::primitive::str,
                ::core::option::Option<&'static ::core::primitive::str>,
            )] = &[#((#values, #titles)),*];

            fn of(__pmcp_value: &::core::primitive::str) -> ::core::option::Option<Self> {
                match __pmcp_value {
                    #(#values => ::core::option::Option::Some(Self::#idents),)*
                    _ => ::core::option::Option::None,
                }
            }

            fn value(&self) -> &'static ::core::primitive::str {
                match self {
                    #(Self::#idents => #values,)*
                }
            }
        }
    }
}

/// The traits for an item that is no form, so that its uses are no further errors.
pub(super) fn stub(input: &DeriveInput) -> TokenStream {
    // What is wrong with the attribute was reported.
    let mut reported = Diagnostics::new();
    let krate = CratePath::new(reported.take(crate_path(&input.attrs)).flatten().as_ref(), "pmcp_tasks");
    drop(reported.finish(TokenStream::new()));
    let p = krate.private();
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let bounds = clause.map(|clause| &clause.predicates);
    let (name, items) = if matches!(input.data, Data::Enum(_)) {
        let items = quote! {
            const OPTIONS: &'static [(
                &'static ::core::primitive::str,
                ::core::option::Option<&'static ::core::primitive::str>,
            )] = &[];

            fn of(_: &::core::primitive::str) -> ::core::option::Option<Self> {
                ::core::option::Option::None
            }

            fn value(&self) -> &'static ::core::primitive::str {
                ""
            }
        };
        (quote!(FormChoice), items)
    } else {
        let items = quote! {
            fn describe(_: &mut #p::FormFields, _: &'static ::core::primitive::str) {}

            fn take(
                _: &mut #p::Values,
                _: &'static ::core::primitive::str,
            ) -> ::core::result::Result<Self, ::std::string::String> {
                ::core::result::Result::Err(::std::string::String::new())
            }
        };
        (quote!(Form), items)
    };
    quote! {
        const _: () = {
            impl #generics #p::#name for #ident #arguments
            where
                Self: ::core::marker::Send + 'static,
                #bounds
            {
                #items
            }
        };
    }
}
