//! The tokens of a workflow.

use pmcp_macro_support::ImplSigItem;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;

use super::{
    args::{OnError, Start},
    model::Workflow,
    parameter::Parameter,
    step::{Kind, Step},
};
use crate::{
    output::projected,
    shown,
    values::{option, text, texts, time},
};

impl Workflow {
    /// The `impl` as it was, and how its steps are run.
    pub(super) fn expand(&self) -> TokenStream {
        let p = self.krate.private();
        let (ty, cfgs) = (&self.block.self_ty, self.block.cfgs().collect::<Vec<_>>());
        let block = self.block.with_items(&self.items(&p));
        let mappings: TokenStream = self.steps.iter().map(|step| step.fields_function(&p)).collect();
        let mappings = (!mappings.is_empty()).then(|| quote!(impl #ty { #mappings }));
        let specs = self.specs(&p);
        let definition = self.definition(&p);
        let tools = self.tools(&p);
        let bounds = self.bounds(&p);
        let resolved = self.steps.iter().enumerate().map(|(at, step)| step.resolve(at, &p));
        let run = self.steps.iter().enumerate().filter_map(|(at, step)| step.run(at, &p));
        quote! {
            #block

            #(#cfgs)*
            #[allow(
                dead_code, deprecated, missing_debug_implementations, missing_docs, non_camel_case_types, non_snake_case,
                unreachable_pub
            )]
            const _: () = {
                #mappings
                #specs

                impl<__PmcpState> #p::Workflow<__PmcpState> for #ty
                where
                    #(#bounds,)*
                {
                    fn definition() -> #p::WorkflowDefinition {
                        #definition
                    }

                    fn tools() -> ::std::vec::Vec<#p::WorkflowTool<__PmcpState>> {
                        #tools
                    }

                    fn read(__pmcp_given: #p::Values) -> ::core::result::Result<Self, #p::ArgumentError> {
                        (__pmcp_prompt().read)(__pmcp_given)
                    }

                    fn resolve(
                        &self,
                        __pmcp_state: &__PmcpState,
                        __pmcp_step: ::core::primitive::usize,
                        __pmcp_outputs: &#p::Outputs,
                        __pmcp_variables: &#p::Values,
                    ) -> #p::Resolved {
                        match __pmcp_step {
                            #(#resolved)*
                            _ => #p::no_step(),
                        }
                    }

                    fn run<'__pmcp>(
                        &'__pmcp self,
                        __pmcp_state: &'__pmcp __PmcpState,
                        __pmcp_step: ::core::primitive::usize,
                        __pmcp_outputs: &'__pmcp #p::Outputs,
                        __pmcp_run: &'__pmcp #p::RunContext,
                    ) -> #p::BoxFuture<
                        '__pmcp,
                        ::core::result::Result<#p::serde_json::Value, #p::StepFailure>,
                    > {
                        match __pmcp_step {
                            #(#run)*
                            _ => #p::not_run(),
                        }
                    }
                }
            };
        }
    }

    /// The items of the `impl`. Mappings field by field have moved.
    fn items(&self, p: &TokenStream) -> TokenStream {
        let items = self.block.items.iter().map(|item| {
            let function = match item {
                ImplSigItem::Fn(function) => function,
                ImplSigItem::Other(..) => return item.to_token_stream(),
            };
            let step = self.steps.iter().find(|step| *step.ident() == function.sig.ident);
            step.map_or_else(|| function.to_token_stream(), |step| step.function(p))
        });
        items.collect()
    }

    fn definition(&self, p: &TokenStream) -> TokenStream {
        let name = &self.name;
        let title = text(self.title.as_deref());
        let description = self.description.as_ref().map_or_else(
            || quote!(__pmcp_prompt().description()),
            |text| quote!(::core::option::Option::Some(::core::convert::From::from(#text))),
        );
        let ttl = time(self.ttl);
        let start = option(self.start.map(|start| match start {
            Start::Both => quote!(#p::Start::Both),
            Start::Prompt => quote!(#p::Start::PromptOnly),
            Start::Tool => quote!(#p::Start::ToolOnly),
        }));
        let (scopes, finish_on_cancel) = (texts(&self.scopes), self.finish_on_cancel);
        let icons = shown::icons_field(&self.icons, p).unwrap_or_else(|| quote!(icons: ::std::vec::Vec::new(),));
        let meta = shown::meta_field(self.meta.as_ref(), p)
            .unwrap_or_else(|| quote!(meta: ::core::default::Default::default(),));
        let variables =
            self.variables().next().map_or_else(|| quote!(::std::vec::Vec::new()), |spec| quote!((#spec().fields)()));
        let steps = self.steps.iter().enumerate().map(|(at, step)| self.step_definition(at, step, p));
        quote! {
            #p::WorkflowDefinition {
                name: ::core::convert::From::from(#name),
                title: #title,
                description: #description,
                #icons
                ttl: #ttl,
                scopes: #scopes,
                start: #start,
                finish_on_cancel: #finish_on_cancel,
                #meta
                arguments: (__pmcp_prompt().schema)(),
                order: (__pmcp_prompt().order)(),
                variables: #variables,
                steps: ::core::convert::From::from([#(#steps),*]),
            }
        }
    }

    fn step_definition(&self, at: usize, step: &Step, p: &TokenStream) -> TokenStream {
        let Step { name, hidden, may_be_skipped, .. } = step;
        let literal = |text: Option<&str>| option(text.map(|text| quote!(#text)));
        let (title, guidance) = (literal(step.title.as_deref()), literal(step.guidance.as_deref()));
        let on_error = match step.on_error {
            OnError::Pause => quote!(Pause),
            OnError::Skip => quote!(Skip),
            OnError::Fail => quote!(Fail),
        };
        let timeout = time(step.timeout);
        let takes = step.taken().map(|taken| {
            let (step, may_be_skipped) = (&taken.name, taken.is_option);
            quote!(#p::Takes { step: #step, may_be_skipped: #may_be_skipped })
        });
        let (by, schema, check) = match &step.kind {
            Kind::Server(_) | Kind::Output { .. } => {
                let spec = step.function_name("value");
                let by = if matches!(step.kind, Kind::Server(_)) { quote!(Server) } else { quote!(ClientOutput) };
                let check = quote!(|__pmcp_value| #spec().check(__pmcp_value));
                (by, quote!((#spec().schema)()), check)
            }
            Kind::Tool { tool, is_client, .. } => {
                let by = if *is_client { quote!(ClientTool) } else { quote!(ServerTool) };
                let by = quote!(#by(<#tool as #p::Tool<__PmcpState>>::definition().name));
                let mut later = self.steps.iter().filter(|later| later.taken().any(|taken| taken.step == at));
                let check = later.next().map_or_else(
                    || quote!(|_| ::core::result::Result::Ok(::core::option::Option::None)),
                    |taker| {
                        let input = taker.input_name(name);
                        quote!(|__pmcp_value| #input().check(__pmcp_value))
                    },
                );
                (by, quote!(::core::option::Option::None), check)
            }
        };
        quote! {
            #p::StepDefinition {
                name: #name,
                title: #title,
                guidance: #guidance,
                by: #p::By::#by,
                hidden: #hidden,
                on_error: #p::OnError::#on_error,
                timeout: #timeout,
                may_be_skipped: #may_be_skipped,
                takes: ::core::convert::From::from([#(#takes),*]),
                output_schema: #schema,
                check: #check,
            }
        }
    }

    fn tools(&self, p: &TokenStream) -> TokenStream {
        let tools = self.steps.iter().filter(|step| matches!(step.kind, Kind::Tool { .. }));
        let tools = tools.map(|step| step.function_name("tool"));
        quote!(::core::convert::From::from([#(#p::WorkflowTool::of::<#tools>()),*]))
    }

    /// Bounds on the server's state.
    fn bounds(&self, p: &TokenStream) -> Vec<TokenStream> {
        let tools = self.steps.iter().filter_map(|step| match &step.kind {
            Kind::Tool { tool, .. } => Some(quote!(#tool: #p::Tool<__PmcpState>)),
            _ => None,
        });
        let states = self.steps.iter().flat_map(|step| &step.parameters).filter_map(|parameter| match parameter {
            Parameter::State(state) => Some(match &state.part {
                Ok(part) => quote!(#part: #p::FromRef<__PmcpState>),
                Err(alias) => quote!(#alias: #p::StateParameter<__PmcpState>),
            }),
            _ => None,
        });
        tools.chain(states).collect()
    }
}

impl Step {
    /// The name of a hidden function that belongs to the step.
    pub(super) fn function_name(&self, role: &str) -> Ident {
        Ident::new(&format!("__pmcp_{}_{role}", self.ident().unraw()), Span::call_site())
    }

    /// The name of the function that tells how it takes the result of a step.
    pub(super) fn input_name(&self, taken: &str) -> Ident {
        self.function_name(&format!("takes_{taken}"))
    }
}

/// The type of a tool, which is an error at its path where that names none.
pub(super) fn tool_type(tool: &TokenStream, p: &TokenStream) -> TokenStream {
    projected(tool, &quote!(#p::NamedTool), "Itself")
}
