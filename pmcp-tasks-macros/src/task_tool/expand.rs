//! The tokens of a tool.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

use super::{
    args::{Fallback, Hints, OnCrash, Support, Visibility},
    input::Input,
    model::TaskTool,
    parameter::{Answer, Argument, Context, ContextKind, Parameter},
};
use crate::{
    namesake,
    output::{Output, projected},
    owned::{Owned, lend},
    shown,
    values::{option, text, texts, time},
};

impl TaskTool {
    /// The function, the type that stands for it, its arguments, and how it is called.
    pub(super) fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let func = &self.func;
        let ident = &func.sig.ident;
        let cfgs = func.cfgs().collect::<Vec<_>>();
        let function = namesake::beside(func, "tool");
        let (arguments, impls) = match &self.input {
            Input::List(name) => (self.arguments_struct(name), self.arguments_impls(name)),
            Input::Object(owned) => (TokenStream::new(), object_spec(owned, &p)),
        };
        let definition = self.definition(&p);
        let prepare = self.prepare(&p);
        let specs = self.specs(&p);
        let named = self.named(&p);
        let bounds = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::State(state) => Some(state.bound(&p)),
            _ => None,
        });
        quote! {
            #function

            #arguments

            #(#cfgs)*
            #[allow(deprecated, non_snake_case)]
            const _: () = {
                #impls
                #specs
                #named

                impl<__PmcpState> #p::Tool<__PmcpState> for #ident
                where
                    #(#bounds,)*
                {
                    fn definition() -> #p::ToolDefinition {
                        #definition
                    }

                    fn prepare(
                        __pmcp_state: &__PmcpState,
                        __pmcp_arguments: #p::Arguments,
                    ) -> ::core::result::Result<#p::Prepared, #p::ArgumentError> {
                        #prepare
                    }
                }
            };
        }
    }

    fn definition(&self, p: &TokenStream) -> TokenStream {
        let name = &self.name;
        let (title, description) = (text(self.title.as_deref()), text(self.description.as_deref()));
        let support = match self.support {
            Support::Forbidden => quote!(Forbidden),
            Support::Optional => quote!(Optional),
            Support::Required => quote!(Required),
        };
        let on_crash = match self.on_crash {
            OnCrash::Fail => quote!(Fail),
            OnCrash::Restart => quote!(Restart),
        };
        let fallback = self.fallback.map(|fallback| match fallback {
            Fallback::Handle => quote!(fallback: #p::Fallback::Handle,),
            Fallback::None => quote!(fallback: #p::Fallback::None,),
        });
        let ui = self.ui(p);
        let scopes = (!self.scopes.is_empty()).then(|| {
            let scopes = texts(&self.scopes);
            quote!(scopes: #scopes,)
        });
        let (ttl, poll_interval, timeout) = (time(self.ttl), time(self.poll_interval), time(self.timeout));
        let inline = self.inline.map(|inline| {
            let inline = time(Some(inline));
            quote!(inline: #inline,)
        });
        let Hints { read_only, destructive, idempotent, open_world } = self.hints;
        let (read_only, destructive) = (flag(read_only), flag(destructive));
        let (idempotent, open_world) = (flag(idempotent), flag(open_world));
        let (icons, meta) = (shown::icons_field(&self.icons, p), shown::meta_field(self.meta.as_ref(), p));
        let (input_schema, arguments) = match &self.input {
            Input::List(name) => (quote!(#p::input_schema::<#name>()), quote!(#p::named_schema::<#name>)),
            Input::Object(_) => (quote!((__pmcp_object().schema)()), quote!(__pmcp_object().named)),
        };
        let questions = self.answers().map(|Answer { ident, .. }| {
            let spec = answer_spec(ident);
            quote!(#spec().question())
        });
        let variables =
            if self.context().is_some() { quote!((__pmcp_context().fields)()) } else { quote!(::std::vec::Vec::new()) };
        quote! {
            #p::ToolDefinition {
                name: ::core::convert::From::from(#name),
                title: #title,
                description: #description,
                support: #p::TaskSupport::#support,
                ttl: #ttl,
                poll_interval: #poll_interval,
                #inline
                timeout: #timeout,
                on_crash: #p::OnCrash::#on_crash,
                #fallback
                #ui
                #scopes
                #icons
                #meta
                annotations: #p::ToolAnnotations {
                    read_only: #read_only,
                    destructive: #destructive,
                    idempotent: #idempotent,
                    open_world: #open_world,
                },
                input_schema: #input_schema,
                output_schema: (__pmcp_output().schema)(),
                questions: ::core::convert::From::from([#(#questions),*]),
                variables: #variables,
                types: ::core::option::Option::Some(#p::ToolTypes {
                    arguments: #arguments,
                    result: __pmcp_output().named,
                }),
                ..::core::default::Default::default()
            }
        }
    }

    /// Its part in widgets, if it has one.
    fn ui(&self, p: &TokenStream) -> Option<TokenStream> {
        let visibility = match self.visibility {
            None => quote!(#p::Visibility::Both),
            Some(Visibility::Model) => quote!(#p::Visibility::Model),
            Some(Visibility::App) => quote!(#p::Visibility::App),
        };
        match (&self.widget, self.visibility) {
            (Some(widget), _) => Some(quote!(ui: #p::ToolUi::opening::<#widget>(#visibility),)),
            (None, Some(_)) => Some(quote!(ui: #p::ToolUi::visible(#visibility),)),
            (None, None) => None,
        }
    }

    /// The body of `prepare`: everything that can be refused happens before the run.
    fn prepare(&self, p: &TokenStream) -> TokenStream {
        let ident = &self.func.sig.ident;
        let decoded = match &self.input {
            Input::List(name) => quote!(#p::decode_list::<#name>(__pmcp_arguments.given)?),
            Input::Object(_) => quote!((__pmcp_object().decode)(__pmcp_arguments.given)?),
        };
        let answers = self.answers().map(|Answer { ident, .. }| {
            let (local, spec) = (answer_local(ident), answer_spec(ident));
            quote!(let #local = #spec().decode(&mut __pmcp_answers)?;)
        });
        let taken = self.answers().next().map(|_| quote!(let mut __pmcp_answers = __pmcp_arguments.answers;));
        let states = self.parameters.iter().enumerate().filter_map(|(at, parameter)| match parameter {
            Parameter::State(state) => Some(state.taken(at, p)),
            _ => None,
        });
        let parameters = self.parameters.iter().enumerate().map(|(at, parameter)| passed(at, parameter));
        let call = quote!(#ident(#(#parameters),*).await);
        let result = match &self.output {
            Output::Value(_) | Output::Alias(_) => quote!((__pmcp_output().convert)(#call)),
            Output::Result { .. } => quote! {
                match #call {
                    ::core::result::Result::Ok(__pmcp_value) => (__pmcp_output().convert)(__pmcp_value),
                    ::core::result::Result::Err(__pmcp_error) => {
                        ::core::result::Result::Err(__pmcp_failure()(__pmcp_error))
                    }
                }
            },
        };
        quote! {
            let __pmcp_args = #decoded;
            #taken
            #(#answers)*
            #(#states)*
            ::core::result::Result::Ok(#p::Prepared::new(move |__pmcp_run: #p::RunContext| async move { #result }))
        }
    }

    /// One function for each type that has a bound, which stands nowhere else.
    fn specs(&self, p: &TokenStream) -> TokenStream {
        let answers = self.answers().map(|Answer { ident, message, description, owned }| {
            let (function, ty, name) = (answer_spec(ident), &owned.ty, ident.unraw().to_string());
            let describe = description.iter().map(|text| quote!(.describe(#text)));
            quote! {
                fn #function() -> #p::AnswerSpec<#ty> {
                    #p::answer::<#ty>(#name, #message) #(#describe)*
                }
            }
        });
        let context = self.context().map(|Context { kind, .. }| {
            let (ty, make) = match kind {
                ContextKind::Task(variables) => {
                    (quote!(#p::TaskContext<#variables>), quote!(#p::task_context::<#variables>()))
                }
                ContextKind::Tool => (quote!(#p::ToolContext), quote!(#p::tool_context())),
                ContextKind::Alias(ty) => (ty.clone(), quote!(#p::context::<#ty>())),
            };
            quote! {
                fn __pmcp_context() -> #p::ContextSpec<#ty> {
                    #make
                }
            }
        });
        let (returned, make) = match &self.output {
            Output::Value(value) | Output::Result { value, .. } => (value, quote!(output::<#value, _>)),
            Output::Alias(result) => {
                let itself = projected(result, &quote!(#p::AnyResult), "Itself");
                (result, quote!(result::<#itself, _>))
            }
        };
        let failure = self.output.failure(p);
        quote! {
            #(#answers)*
            #context
            fn __pmcp_output() -> #p::OutputSpec<#returned> {
                #p::#make()
            }
            #failure
        }
    }

    /// Says what belongs to the tool, for steps of workflows and for widgets.
    fn named(&self, p: &TokenStream) -> TokenStream {
        let ident = &self.func.sig.ident;
        let (arguments, fields) = match &self.input {
            Input::List(name) => (name.to_token_stream(), self.fields(p)),
            Input::Object(owned) => (owned.ty.clone(), None),
        };
        let (name, result) = (&self.name, self.output.value(p));
        quote! {
            impl #p::NamedTool for #ident {
                const NAME: &'static ::core::primitive::str = #name;
                type Itself = Self;
            }
            impl #p::ArgumentsOf<#ident> for #arguments {
                #fields
            }
            impl #p::ResultOf<#ident> for #result {}
            impl #p::Gives<#result> for #ident {}
        }
    }

    /// The arguments one by one.
    fn fields(&self, p: &TokenStream) -> Option<TokenStream> {
        let fields = self.arguments().into_iter().map(|Argument { ident, .. }| {
            let name = ident.unraw().to_string();
            quote! {
                #p::ArgumentField {
                    field: #name,
                    encode: |__pmcp_value, __pmcp_encoded| {
                        #p::encode_field(&__pmcp_specs().#ident, __pmcp_value, __pmcp_encoded);
                    },
                }
            }
        });
        let fields: Vec<TokenStream> = fields.collect();
        (!fields.is_empty()).then(|| quote!(const FIELDS: &'static [#p::ArgumentField] = &[#(#fields),*];))
    }

    fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Answer(answer) => Some(answer),
            _ => None,
        })
    }

    fn context(&self) -> Option<&Context> {
        self.parameters.iter().find_map(|parameter| match parameter {
            Parameter::Context(context) => Some(context),
            _ => None,
        })
    }
}

fn object_spec(owned: &Owned, p: &TokenStream) -> TokenStream {
    let ty = &owned.ty;
    quote! {
        fn __pmcp_object() -> #p::ObjectSpec<#ty> {
            #p::object::<#ty>()
        }
    }
}

/// Writes what the function is called with.
fn passed(at: usize, parameter: &Parameter) -> TokenStream {
    match parameter {
        Parameter::Argument(Argument { ident, owned, .. }) => lend(owned.lent, &quote!(__pmcp_args.#ident)),
        Parameter::Arguments(whole) => lend(whole.owned.lent, &quote!(__pmcp_args)),
        Parameter::Answer(Answer { ident, owned, .. }) => lend(owned.lent, &answer_local(ident).to_token_stream()),
        Parameter::Context(Context { is_reference, .. }) => {
            let borrow = is_reference.then(|| quote!(&));
            quote!(#borrow (__pmcp_context().make)(&__pmcp_run))
        }
        Parameter::State(state) => state.passed(at),
    }
}

fn answer_spec(ident: &Ident) -> Ident {
    Ident::new(&format!("__pmcp_{}_question", ident.unraw()), Span::call_site())
}

fn answer_local(ident: &Ident) -> Ident {
    Ident::new(&format!("__pmcp_{}_answer", ident.unraw()), Span::call_site())
}

fn flag(value: Option<bool>) -> TokenStream {
    option(value.map(|value| quote!(#value)))
}
