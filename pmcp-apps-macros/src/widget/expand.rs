//! The tokens of a widget.

use pmcp_apps_bundle::{Csp, Permissions};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::{model::Widget, read::Read};

/// Has the compiler track the files that were read, whether or not there were mistakes in them.
pub(super) fn files(read: Option<&Read>) -> TokenStream {
    let files = read.into_iter().flat_map(|read| &read.files).map(|file| {
        let path = format!("/{file}");
        quote! {
            const _: &[::core::primitive::u8] =
                ::core::include_bytes!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #path));
        }
    });
    files.collect()
}

impl Widget {
    /// The struct, and what it is to a server and to tools.
    pub(super) fn expand(&self, item: &TokenStream) -> TokenStream {
        let p = self.krate.private();
        let Self { ident, carried, dir, .. } = self;
        let (tools, warnings) = (self.tools(&p), self.warnings());
        let definition = self.definition(&p);
        quote! {
            #item

            #(#carried)*
            const _: () = {
                #tools
                #warnings

                #[cfg(debug_assertions)]
                const __PMCP_SOURCE: ::core::option::Option<#p::WidgetSource> =
                    ::core::option::Option::Some(#p::WidgetSource {
                        crate_dir: ::core::env!("CARGO_MANIFEST_DIR"),
                        dir: #dir,
                    });
                #[cfg(not(debug_assertions))]
                const __PMCP_SOURCE: ::core::option::Option<#p::WidgetSource> = ::core::option::Option::None;

                static __PMCP_WIDGET: #p::WidgetDefinition = #definition;

                impl #p::ToolWidget for #ident {
                    fn fill(__pmcp_meta: &mut #p::Map<::std::string::String, #p::Value>) {
                        __PMCP_WIDGET.fill_tool(__pmcp_meta);
                    }
                }

                impl #p::Widget for #ident {
                    fn definition() -> &'static #p::WidgetDefinition {
                        &__PMCP_WIDGET
                    }
                }
            };
        }
    }

    fn definition(&self, p: &TokenStream) -> TokenStream {
        let Self { name, document, bridge, budget, modes, .. } = self;
        let (title, description) = (text(self.title.as_deref()), text(self.description.as_deref()));
        let (invoking, invoked) = (text(self.invoking.as_deref()), text(self.invoked.as_deref()));
        let domain = text(self.domain.as_deref());
        let border = option(self.border.map(|border| quote!(#border)));
        let Csp { connect, resource, frame, base_uri, redirect } = &self.csp;
        let Permissions { camera, microphone, geolocation, clipboard_write } = self.permissions;
        let tools = self.tools.iter().map(|tool| &tool.name);
        quote! {
            #p::WidgetDefinition {
                package: ::core::env!("CARGO_PKG_NAME"),
                version: ::core::env!("CARGO_PKG_VERSION"),
                name: #name,
                title: #title,
                description: #description,
                csp: #p::Csp {
                    connect: &[#(#connect),*],
                    resource: &[#(#resource),*],
                    frame: &[#(#frame),*],
                    base_uri: &[#(#base_uri),*],
                    redirect: &[#(#redirect),*],
                },
                permissions: #p::Permissions {
                    camera: #camera,
                    microphone: #microphone,
                    geolocation: #geolocation,
                    clipboard_write: #clipboard_write,
                },
                domain: #domain,
                border: #border,
                tools: &[#(#tools),*],
                modes: &[#(#modes),*],
                invoking: #invoking,
                invoked: #invoked,
                bridge: #bridge,
                budget: #budget,
                document: #document,
                source: __PMCP_SOURCE,
            }
        }
    }

    /// Has the compiler compare the names of the tools, which are types, with those that the page calls.
    fn tools(&self, p: &TokenStream) -> TokenStream {
        let compared = self.tools.iter().map(|tool| {
            let (path, name) = (&tool.path, &tool.name);
            let shown = quote!(#path).to_string().replace(' ', "");
            let message = format!(
                "the tool `{shown}` has another name for clients\nhelp: write `tools({shown} = \"…\")` with the `name` of its `#[task_tool]`"
            );
            // Located at the token and resolved here: what is wrong is underlined, and the name stays the user's.
            let at = Span::mixed_site().located_at(path.span());
            let compared = quote!(#p::same(#p::tool_name::<#path>(), #name));
            quote_spanned!(at=> const _: () = ::core::assert!(#compared, #message);)
        });
        compared.collect()
    }

    /// Advice. A macro's warning is the use of something deprecated.
    fn warnings(&self) -> TokenStream {
        let warnings = self.warnings.iter().map(|warning| {
            let advice = Ident::new("ADVICE", self.dir.span());
            quote! {
                const _: () = {
                    #[deprecated(note = #warning)]
                    const ADVICE: () = ();
                    #advice
                };
            }
        });
        warnings.collect()
    }
}

fn text(value: Option<&str>) -> TokenStream {
    option(value.map(|value| quote!(#value)))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(::core::option::Option::None), |value| quote!(::core::option::Option::Some(#value)))
}
