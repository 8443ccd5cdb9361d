//! The tokens of an offer.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::{
    kind::Kind,
    model::{Offered, What},
    parameter::{Input, Parameter},
};
use crate::{
    namesake,
    output::{Output, projected},
    owned::lend,
    task_tool::{
        arguments::default_value,
        parameter::{Argument, Context, ContextKind},
    },
    values::option,
};

impl Offered {
    /// The function, the type that stands for it, and how it is called.
    pub(super) fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let func = &self.func;
        let cfgs = func.cfgs().collect::<Vec<_>>();
        let function = namesake::beside(func, self.kind().noun());
        let (specs, implementation) = (self.specs(&p), self.implementation(&p));
        quote! {
            #function

            #(#cfgs)*
            #[allow(deprecated, non_snake_case, unused_mut, unused_variables)]
            const _: () = {
                #specs
                #implementation
            };
        }
    }

    fn kind(&self) -> Kind {
        match self.what {
            What::Prompt { .. } => Kind::Prompt,
            What::Resource { .. } => Kind::Resource,
            What::Completion => Kind::Completion,
        }
    }

    fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.parameters.iter().filter_map(Parameter::input)
    }

    /// One function for each type that has a bound, which stands nowhere else.
    fn specs(&self, p: &TokenStream) -> TokenStream {
        let kind = self.kind();
        let texts = self.inputs().map(|Input { argument, .. }| {
            let Argument { ident, name, description, owned, .. } = argument;
            let (function, ty) = (text_spec(ident), &owned.ty);
            if kind == Kind::Completion {
                return quote! {
                    fn #function() -> fn(#p::CompletionRequest) -> #ty {
                        #p::completion_input::<#ty>()
                    }
                };
            }
            let variable = (kind == Kind::Resource).then(|| quote!(.variable()));
            let describe = description.iter().map(|text| quote!(.describe(#text)));
            let default = argument.default.as_ref().map(|default| {
                let value = default_value(argument, default, p);
                quote!(.default(#value))
            });
            quote! {
                fn #function() -> #p::TextSpec<#ty> {
                    #p::text::<#ty, _>(#name) #variable #(#describe)* #default
                }
            }
        });
        let whole = self.whole().map(|ty| {
            quote! {
                fn __pmcp_texts() -> #p::TextsSpec<#ty> {
                    #p::texts::<#ty>()
                }
            }
        });
        let completers = self.completers().map(|(Argument { ident, .. }, path)| {
            let (alias, itself) =
                (completer(ident, path), projected(&quote!(#path), &quote!(#p::NamedCompletion), "Itself"));
            // What names no completion is an error here, and nowhere else.
            quote! {
                type #alias = #path;
                const _: fn() = || {
                    let _: ::core::marker::PhantomData<#itself>;
                };
            }
        });
        let context = self.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Context(Context { kind: ContextKind::Alias(ty), .. }) => Some(quote! {
                fn __pmcp_context() -> #p::ContextSpec<#ty> {
                    #p::context::<#ty>()
                }
            }),
            _ => None,
        });
        let noun = kind.noun();
        let given = match kind {
            Kind::Prompt => quote!(#p::PromptResult),
            Kind::Resource => quote!(#p::ResourceContents),
            Kind::Completion => quote!(#p::Completion),
        };
        let (of_value, of_result) = (format_ident!("{noun}_output"), format_ident!("{noun}_result"));
        let (returned, make) = match &self.output {
            Output::Value(value) | Output::Result { value, .. } => (value, quote!(#of_value::<#value>)),
            Output::Alias(result) => {
                let itself = projected(result, &quote!(#p::AnyResult), "Itself");
                (result, quote!(#of_result::<#itself>))
            }
        };
        let failure = self.output.failure(p);
        quote! {
            #(#texts)*
            #whole
            #(#completers)*
            #context
            fn __pmcp_output() -> fn(#returned) -> ::core::result::Result<#given, #p::ToolError> {
                #p::#make()
            }
            #failure
        }
    }

    fn implementation(&self, p: &TokenStream) -> TokenStream {
        let ident = &self.func.sig.ident;
        let bounds = self.bounds(p);
        let (states, call) = (self.states(p), self.call());
        let inputs: Vec<&Argument> = self.inputs().map(|input| &input.argument).collect();
        let locals = inputs.iter().map(|argument| local(&argument.ident));
        let specs: Vec<Ident> = inputs.iter().map(|argument| text_spec(&argument.ident)).collect();
        let names: Vec<&str> = inputs.iter().map(|argument| argument.name.as_str()).collect();
        let decoded = if self.whole().is_some() {
            quote!(let __pmcp_args = __pmcp_texts().decode(__pmcp_given)?;)
        } else {
            let known =
                matches!(self.what, What::Prompt { .. }).then(|| quote!(#p::known(&__pmcp_given, &[#(#names),*])?;));
            quote! {
                #known
                #(let #locals = #specs().decode(&mut __pmcp_given)?;)*
            }
        };
        let (title, description) = (words(self.title.as_deref()), words(self.description.as_deref()));
        let more = self.more(p);
        let suggest = self.suggest(p);
        match &self.what {
            What::Prompt { name } => {
                let declared = if self.whole().is_some() {
                    quote!(__pmcp_texts().declare())
                } else {
                    quote!([#(#specs().declare()),*])
                };
                quote! {
                    impl<__PmcpState> #p::PromptFunction<__PmcpState> for #ident
                    where
                        #(#bounds,)*
                    {
                        fn definition() -> #p::Prompt {
                            #p::prompt_definition(#name, #title, #description, #declared) #more
                        }

                        fn prepare(
                            __pmcp_state: &__PmcpState,
                            mut __pmcp_given: #p::Values,
                        ) -> ::core::result::Result<#p::Prepared, #p::ArgumentError> {
                            #decoded
                            #states
                            ::core::result::Result::Ok(#p::Prepared::prompt(
                                move |__pmcp_run: #p::RunContext| async move { #call },
                            ))
                        }

                        #suggest
                    }
                }
            }
            What::Resource { uri, is_template, name, mime, .. } => {
                let mime = words(mime.as_deref());
                quote! {
                    impl<__PmcpState> #p::ResourceFunction<__PmcpState> for #ident
                    where
                        #(#bounds,)*
                    {
                        const IS_TEMPLATE: ::core::primitive::bool = #is_template;

                        fn definition() -> #p::Resource {
                            #p::resource_definition((#uri, #name), #title, #description, #mime) #more
                        }

                        fn prepare(
                            __pmcp_state: &__PmcpState,
                            __pmcp_variables: ::std::collections::BTreeMap<::std::string::String, ::std::string::String>,
                        ) -> ::core::result::Result<#p::ResourceRead, #p::ArgumentError> {
                            let mut __pmcp_given = #p::values(__pmcp_variables);
                            #decoded
                            #states
                            ::core::result::Result::Ok(#p::ResourceRead::new(
                                move |__pmcp_run: #p::RunContext| async move { #call },
                            ))
                        }

                        #suggest
                    }
                }
            }
            What::Completion => {
                let asked = inputs.first().map(|argument| {
                    let (local, spec) = (local(&argument.ident), text_spec(&argument.ident));
                    quote!(let #local = #spec()(__pmcp_request);)
                });
                quote! {
                    impl #p::NamedCompletion for #ident {
                        type Itself = Self;
                    }

                    impl<__PmcpState> #p::CompletionFunction<__PmcpState> for #ident
                    where
                        #(#bounds,)*
                    {
                        fn prepare(__pmcp_state: &__PmcpState, __pmcp_request: #p::CompletionRequest) -> #p::Prepared {
                            #asked
                            #states
                            #p::Prepared::completion(move |__pmcp_run: #p::RunContext| async move { #call })
                        }
                    }
                }
            }
        }
    }

    /// Everything that a definition says beside its words.
    fn more(&self, p: &TokenStream) -> TokenStream {
        let icons = (!self.icons.is_empty()).then(|| {
            let icons = self.icons.iter().map(|icon| icon.expand(p));
            quote!(.icons([#(#icons),*]))
        });
        let annotations = match &self.what {
            What::Resource { annotations, .. } => annotations.expand(p),
            What::Prompt { .. } | What::Completion => None,
        };
        let annotations = annotations.map(|annotations| quote!(.annotations(#annotations)));
        let scopes = (!self.scopes.is_empty()).then(|| {
            let scopes = &self.scopes;
            quote!(.scopes([#(#scopes),*]))
        });
        let meta = self.meta.as_ref().map(|meta| {
            let meta = meta.expand(p);
            quote!(.meta(#meta))
        });
        quote!(#icons #annotations #scopes #meta)
    }

    /// The values of arguments: those of a function that is named, else those that the type knows.
    fn suggest(&self, p: &TokenStream) -> TokenStream {
        let arms = self.inputs().map(|Input { argument: Argument { ident, name, .. }, complete }| {
            if let Some(path) = complete {
                let alias = completer(ident, path);
                return quote!(#name => #p::completed::<#alias, __PmcpState>(__pmcp_state, __pmcp_request));
            }
            let spec = text_spec(ident);
            quote!(#name => #spec().suggest(&__pmcp_request.value))
        });
        let suggested = if self.whole().is_some() {
            quote!(__pmcp_texts().suggest(&__pmcp_request.argument, &__pmcp_request.value))
        } else {
            quote! {
                match ::core::convert::AsRef::<::core::primitive::str>::as_ref(&__pmcp_request.argument) {
                    #(#arms,)*
                    _ => #p::Suggested::Unknown,
                }
            }
        };
        quote! {
            fn suggest(__pmcp_state: &__PmcpState, __pmcp_request: #p::CompletionRequest) -> #p::Suggested {
                #suggested
            }
        }
    }

    fn bounds(&self, p: &TokenStream) -> Vec<TokenStream> {
        let states = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::State(state) => Some(state.bound(p)),
            _ => None,
        });
        let completers = self.completers().map(|(Argument { ident, .. }, path)| {
            let alias = completer(ident, path);
            quote!(#alias: #p::CompletionFunction<__PmcpState>)
        });
        states.chain(completers).collect()
    }

    fn states(&self, p: &TokenStream) -> TokenStream {
        let states = self.parameters.iter().enumerate().filter_map(|(at, parameter)| match parameter {
            Parameter::State(state) => Some(state.taken(at, p)),
            _ => None,
        });
        states.collect()
    }

    /// The call of the function, and what is made of its result.
    fn call(&self) -> TokenStream {
        let ident = &self.func.sig.ident;
        let parameters = self.parameters.iter().enumerate().map(|(at, parameter)| match parameter {
            Parameter::Input(Input { argument, .. }) => {
                let local = local(&argument.ident);
                lend(argument.owned.lent, &quote!(#local))
            }
            Parameter::Arguments(whole) => lend(whole.owned.lent, &quote!(__pmcp_args)),
            Parameter::Context(Context { is_reference, kind, .. }) => {
                let borrow = is_reference.then(|| quote!(&));
                match kind {
                    ContextKind::Alias(_) => quote!(#borrow (__pmcp_context().make)(&__pmcp_run)),
                    ContextKind::Task(_) | ContextKind::Tool => quote!(#borrow __pmcp_run.tool()),
                }
            }
            Parameter::State(state) => state.passed(at),
        });
        let call = quote!(#ident(#(#parameters),*).await);
        match &self.output {
            Output::Value(_) | Output::Alias(_) => quote!(__pmcp_output()(#call)),
            Output::Result { .. } => quote! {
                match #call {
                    ::core::result::Result::Ok(__pmcp_value) => __pmcp_output()(__pmcp_value),
                    ::core::result::Result::Err(__pmcp_error) => {
                        ::core::result::Result::Err(__pmcp_failure()(__pmcp_error))
                    }
                }
            },
        }
    }

    /// The type of the parameter that has all arguments.
    fn whole(&self) -> Option<&TokenStream> {
        self.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Arguments(whole) => Some(&whole.owned.ty),
            _ => None,
        })
    }

    /// The arguments with functions that complete them.
    fn completers(&self) -> impl Iterator<Item = (&Argument, &syn::Path)> {
        self.inputs().filter_map(|Input { argument, complete }| Some((argument, complete.as_ref()?)))
    }
}

fn words(text: Option<&str>) -> TokenStream {
    option(text.map(|text| quote!(#text)))
}

fn text_spec(ident: &Ident) -> Ident {
    Ident::new(&format!("__pmcp_{}_text", ident.unraw()), Span::call_site())
}

fn local(ident: &Ident) -> Ident {
    Ident::new(&format!("__pmcp_{}_argument", ident.unraw()), Span::call_site())
}

/// The alias of the type that stands for a completion; what is said of it is said where the user names that.
fn completer(ident: &Ident, path: &syn::Path) -> Ident {
    let span = path.segments.last().map_or_else(Span::call_site, |segment| segment.ident.span());
    Ident::new(&format!("__pmcp_{}_completion", ident.unraw()), Span::call_site().located_at(span))
}
