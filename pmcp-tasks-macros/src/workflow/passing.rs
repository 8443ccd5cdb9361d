//! Calls of the functions of steps: what they take is read from earlier results, and what they give is handed on.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, FnArg, Meta};

use super::{
    literal::Literal,
    mapping::{MappingError, Returned},
    parameter::{Parameter, State, Taken, Variables},
    step::{Kind, Step, typed_inputs},
};
use crate::{output::Output, owned::Lent};

impl Step {
    /// The function as the user sees it. The fields of a literal have moved, and it asks for them.
    pub(super) fn function(&self, p: &TokenStream) -> TokenStream {
        let func = &self.func;
        let allowed = quote!(#[allow(clippy::unused_async, clippy::unused_self)]);
        let Kind::Tool { returned, literal: Some(_), .. } = &self.kind else {
            return quote!(#allowed #func);
        };
        let mut sig = func.sig.clone();
        let mut passed = Vec::new();
        let typed = sig.inputs.iter_mut().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        for ((at, parameter), typed) in self.parameters.iter().enumerate().zip(typed) {
            if let Parameter::Result(Taken { ident, .. }) = parameter {
                passed.push(quote!(::core::result::Result::Ok(#ident)));
            } else {
                let local = local(at);
                *typed.pat = syn::Pat::Verbatim(local.to_token_stream());
                passed.push(local.to_token_stream());
            }
        }
        let fields = self.function_name("fields");
        let (attrs, lints) = (func.attrs.iter().filter(|attr| !is_lint(attr)), self.lints());
        let vis = &func.vis;
        let whole = returned.wrapped(&quote!(__pmcp_arguments));
        quote! {
            #allowed
            #[allow(dead_code, clippy::used_underscore_binding)]
            #(#lints)*
            #(#attrs)* #vis #sig {
                let __pmcp_mapped =
                    self.#fields::<::core::convert::Infallible>(&mut #p::Fields::none(), #(#passed),*);
                match __pmcp_mapped {
                    ::core::result::Result::Ok(__pmcp_arguments) => #whole,
                    ::core::result::Result::Err(__pmcp_never) => match __pmcp_never {},
                }
            }
        }
    }

    /// The function with a closure a field, which is all there is of them.
    pub(super) fn fields_function(&self, p: &TokenStream) -> TokenStream {
        let Kind::Tool { returned, literal: Some(literal), .. } = &self.kind else { return TokenStream::new() };
        let function = self.function_name("fields");
        let receiver = self.func.sig.receiver();
        let inputs = typed_inputs(&self.func);
        let inputs =
            self.parameters.iter().zip(inputs).zip(self.types()).map(|((parameter, input), ty)| match parameter {
                Parameter::Result(Taken { ident, .. }) => {
                    quote!(#ident: ::core::result::Result<#ty, __PmcpAbsent>)
                }
                _ => input,
            });
        let Literal { path, fields } = literal;
        let of = &returned.of;
        let locals: Vec<Ident> = (0..fields.len()).map(local).collect();
        let pattern = nested(locals.iter().map(ToTokens::to_token_stream));
        let types = nested(locals.iter().map(|_| quote!(::core::result::Result<_, __PmcpAbsent>)));
        let members = fields.iter().zip(&locals).map(|(field, local)| {
            let name = &field.name;
            quote!(#name: #local?)
        });
        let given = fields.iter().zip(&locals).map(|(field, local)| {
            let (name, value) = (field.name.to_string(), &field.value);
            let name = name.strip_prefix("r#").unwrap_or(&name);
            let needs = self.taken().map(|taken| &taken.ident).filter(|ident| field.names(ident));
            let needs = nested(needs.map(ToTokens::to_token_stream));
            quote! {
                let (#local, __pmcp_expected) = __pmcp_expected.field(
                    __pmcp_fields,
                    #name,
                    #needs,
                    |#[allow(unused_variables)] #needs| #value,
                );
            }
        });
        let lints = self.lints();
        quote! {
            #[doc(hidden)]
            #(#lints)*
            fn #function<__PmcpAbsent: ::core::marker::Copy>(
                #receiver,
                __pmcp_fields: &mut #p::Fields,
                #(#inputs),*
            ) -> ::core::result::Result<#of, __PmcpAbsent> {
                let __pmcp_make = |#pattern: #types| -> ::core::result::Result<#of, __PmcpAbsent> {
                    ::core::result::Result::Ok(#path { #(#members),* })
                };
                let __pmcp_expected = #p::expected(&__pmcp_make);
                #(#given)*
                __pmcp_make(#pattern)
            }
        }
    }

    /// The levels of lints that the user gave the function, which is two now: what is expected of one is allowed in both.
    fn lints(&self) -> Vec<Attribute> {
        let lints = self.func.attrs.iter().filter(|attr| is_lint(attr)).cloned().map(|mut attr| {
            if let Meta::List(list) = &mut attr.meta
                && list.path.is_ident("expect")
            {
                list.path = syn::parse_quote!(allow);
            }
            attr
        });
        lints.collect()
    }

    /// The types of its parameters, as they are written.
    fn types(&self) -> Vec<TokenStream> {
        let types = self.func.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed.ty.to_token_stream()),
            FnArg::Receiver(_) => None,
        });
        types.collect()
    }

    /// The arm that tells what is known of the step.
    pub(super) fn resolve(&self, at: usize, p: &TokenStream) -> TokenStream {
        let (returned, literal) = match &self.kind {
            Kind::Server(_) => {
                let takes = self.taken().map(|taken| &taken.name);
                return quote!(#at => #p::ready(__pmcp_outputs, &[#(#takes),*]),);
            }
            Kind::Tool { returned, literal, .. } => (returned, literal.as_ref()),
            Kind::Output { returned, .. } => (returned, None),
        };
        let read = self.taken().map(|taken| self.read(taken, p));
        let states = self.states(p);
        let variables = self.parameters.iter().enumerate().filter_map(|(at, parameter)| {
            let Parameter::Variables(_) = parameter else { return None };
            let (local, spec) = (local(at), self.function_name("variables"));
            Some(quote! {
                let #local = match (#spec().read)(__pmcp_variables) {
                    ::core::result::Result::Ok(__pmcp_variables) => __pmcp_variables,
                    ::core::result::Result::Err(__pmcp_error) => {
                        return #p::Resolved::Refused(::core::convert::From::from(__pmcp_error));
                    }
                };
            })
        });
        let spec = self.function_name("arguments");
        let mapped = match literal {
            Some(_) => self.mapped_by_fields(),
            None => self.mapped_whole(returned, p),
        };
        quote! {
            #at => {
                let mut __pmcp_reading = #p::Reading::new(__pmcp_outputs);
                #(#read)*
                #(#states)*
                #(#variables)*
                let mut __pmcp_fields = #spec().fields();
                let __pmcp_mapped = #mapped;
                #spec().resolved(__pmcp_reading, __pmcp_fields, __pmcp_mapped)
            }
        }
    }

    fn mapped_by_fields(&self) -> TokenStream {
        let function = self.function_name("fields");
        let passed = self.parameters.iter().enumerate().map(|(at, parameter)| match parameter {
            Parameter::Result(taken) => {
                let local = result_local(taken);
                let lent = taken.lend(&quote!(__pmcp_value));
                quote! {
                    match &#local {
                        ::core::result::Result::Ok(__pmcp_value) => ::core::result::Result::Ok(#lent),
                        ::core::result::Result::Err(__pmcp_absent) => ::core::result::Result::Err(*__pmcp_absent),
                    }
                }
            }
            parameter => pass(parameter, at),
        });
        quote! {
            self.#function(&mut __pmcp_fields, #(#passed),*).map(|__pmcp_arguments| {
                ::core::result::Result::Ok(::core::option::Option::Some(__pmcp_arguments))
            })
        }
    }

    fn mapped_whole(&self, returned: &Returned, p: &TokenStream) -> TokenStream {
        let function = self.ident();
        let there = self.taken().map(|taken| {
            let local = result_local(taken);
            quote!(let #local = #local?;)
        });
        let passed = self.parameters.iter().enumerate().map(|(at, parameter)| pass(parameter, at));
        let failure = self.function_name("failure");
        let called = quote!(Self::#function(self, #(#passed),*));
        let given =
            if returned.is_option { quote!(__pmcp_given) } else { quote!(::core::option::Option::Some(__pmcp_given)) };
        let parts = match &returned.error {
            Some(MappingError::Of(_)) => quote!(#p::AnyResult::parts(#called)),
            _ => called.clone(),
        };
        let mapped = if returned.error.is_some() {
            quote! {
                match #parts {
                    ::core::result::Result::Ok(__pmcp_given) => ::core::result::Result::Ok(#given),
                    ::core::result::Result::Err(__pmcp_error) => {
                        ::core::result::Result::Err(#failure()(__pmcp_error))
                    }
                }
            }
        } else {
            quote! {
                let __pmcp_given = #called;
                ::core::result::Result::Ok(#given)
            }
        };
        quote! {
            (|| {
                #(#there)*
                ::core::result::Result::Ok({ #mapped })
            })()
        }
    }

    /// The arm that runs the step, if it is the server's.
    pub(super) fn run(&self, at: usize, p: &TokenStream) -> Option<TokenStream> {
        let Kind::Server(output) = &self.kind else { return None };
        let function = self.ident();
        let read = self.taken().map(|taken| self.read(taken, p));
        let states = self.states(p);
        let there = self.taken().map(|taken| {
            let local = result_local(taken);
            quote!(let #local = #local?;)
        });
        let contexts = self.parameters.iter().enumerate().filter_map(|(at, parameter)| {
            let Parameter::Context(_) = parameter else { return None };
            let (local, spec) = (local(at), self.function_name("context"));
            Some(quote!(let #local = (#spec().make)(__pmcp_run);))
        });
        let passed = self.parameters.iter().enumerate().map(|(at, parameter)| pass(parameter, at));
        let called = quote!(Self::#function(self, #(#passed),*).await);
        let (spec, failure) = (self.function_name("value"), self.function_name("failure"));
        let value = match output {
            Output::Value(_) => called,
            Output::Result { .. } | Output::Alias(_) => {
                let parts = match output {
                    Output::Alias(_) => quote!(#p::AnyResult::parts(#called)),
                    _ => called,
                };
                quote! {
                    match #parts {
                        ::core::result::Result::Ok(__pmcp_given) => __pmcp_given,
                        ::core::result::Result::Err(__pmcp_error) => {
                            return ::core::result::Result::Err(#p::StepFailure::Failed(#failure()(__pmcp_error)));
                        }
                    }
                }
            }
        };
        let mut body = Group::new(
            Delimiter::Brace,
            quote! {
                __pmcp_checked?;
                #(#there)*
                let __pmcp_value = #value;
                (#spec().record)(&__pmcp_value).map_err(#p::StepFailure::Failed)
            },
        );
        // A future that cannot be sent is a mistake in the step, told of the call that sends it.
        let span = Span::call_site().located_at(function.span());
        body.set_span(span);
        let mut boxed = respanned(&quote!(#p::run_step), span);
        boxed.extend(quote_spanned!(span=> (async move #body)));
        Some(quote! {
            #at => {
                let mut __pmcp_reading = #p::Reading::new(__pmcp_outputs);
                #(#read)*
                #(#states)*
                #(#contexts)*
                let __pmcp_checked = __pmcp_reading.checked();
                #boxed
            }
        })
    }

    /// Reads a result.
    fn read(&self, taken: &Taken, _: &TokenStream) -> TokenStream {
        let (local, input) = (result_local(taken), self.input_name(&taken.name));
        let take = Ident::new(if taken.is_option { "take_skippable" } else { "take" }, Span::call_site());
        quote!(let #local = __pmcp_reading.#take(&#input());)
    }

    fn states(&self, p: &TokenStream) -> Vec<TokenStream> {
        let states = self.parameters.iter().enumerate().filter_map(|(at, parameter)| {
            let Parameter::State(State { part, .. }) = parameter else { return None };
            let local = local(at);
            Some(match part {
                Ok(ty) => {
                    quote!(let #local = #p::State(<#ty as #p::FromRef<__PmcpState>>::from_ref(__pmcp_state));)
                }
                Err(ty) => quote!(let #local = <#ty as #p::StateParameter<__PmcpState>>::from_state(__pmcp_state);),
            })
        });
        states.collect()
    }
}

impl Taken {
    /// Makes the parameter of a reference to what was read.
    fn lend(&self, read: &TokenStream) -> TokenStream {
        let is_slice = self.owned.ty.to_string() != self.owned.target.to_string();
        match self.owned.lent {
            Lent::OptionOfSlice => quote!(::core::option::Option::as_deref(#read)),
            Lent::Reference if self.is_option && is_slice => quote!(::core::option::Option::as_deref(#read)),
            Lent::OptionOfReference => quote!(::core::option::Option::as_ref(#read)),
            Lent::Reference if self.is_option => quote!(::core::option::Option::as_ref(#read)),
            Lent::Reference | Lent::Value => read.clone(),
        }
    }
}

/// Writes what the function is called with, of what has been read.
fn pass(parameter: &Parameter, at: usize) -> TokenStream {
    let (is_reference, local) = match parameter {
        Parameter::Result(taken) => {
            let local = result_local(taken);
            return match taken.owned.lent {
                Lent::Value => local.to_token_stream(),
                _ => taken.lend(&quote!(&#local)),
            };
        }
        Parameter::Context(context) => (context.is_reference, local(at)),
        Parameter::State(State { is_reference, .. }) | Parameter::Variables(Variables { is_reference, .. }) => {
            (*is_reference, local(at))
        }
    };
    if is_reference { quote!(&#local) } else { local.to_token_stream() }
}

impl Returned {
    /// Writes what the function returns, of the arguments alone.
    fn wrapped(&self, arguments: &TokenStream) -> TokenStream {
        let given = if self.is_option { quote!(::core::option::Option::Some(#arguments)) } else { arguments.clone() };
        if self.error.is_some() { quote!(::core::result::Result::Ok(#given)) } else { given }
    }
}

/// A parameter may have a pattern instead of a name: it goes by its position.
fn local(at: usize) -> Ident {
    Ident::new(&format!("__pmcp_{at}"), Span::call_site())
}

fn result_local(taken: &Taken) -> Ident {
    Ident::new(&format!("__pmcp_{}_result", taken.name), Span::call_site())
}

/// Tells whether an attribute is the level of a lint.
fn is_lint(attr: &Attribute) -> bool {
    ["allow", "deny", "expect", "forbid", "warn"].iter().any(|level| attr.path().is_ident(level))
}

/// The same tokens at another place.
fn respanned(tokens: &TokenStream, span: Span) -> TokenStream {
    let tokens = tokens.clone().into_iter().map(|mut token| {
        token.set_span(span);
        token
    });
    tokens.collect()
}

/// Pairs inside each other: a tuple of any length.
fn nested(items: impl DoubleEndedIterator<Item = TokenStream>) -> TokenStream {
    items.rev().fold(quote!(()), |rest, item| quote!((#item, #rest)))
}
