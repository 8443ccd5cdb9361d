//! One function for each type of a workflow that has a bound, which stands nowhere else.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{
    expand::tool_type,
    mapping::{MappingError, Returned},
    model::Workflow,
    parameter::{ContextKind, Parameter, Taken},
    step::{Kind, Step},
};
use crate::output::{Output, projected};

impl Workflow {
    /// All of them.
    pub(super) fn specs(&self, p: &TokenStream) -> TokenStream {
        let ty = &self.block.self_ty;
        let markers = self.steps.iter().filter(|step| !matches!(step.kind, Kind::Tool { .. })).map(Step::ident);
        let steps = self.steps.iter().map(|step| {
            let own = step.specs(p);
            let inputs = step.taken().map(|taken| self.input_spec(step, taken, p));
            quote!(#own #(#inputs)*)
        });
        let variables = self.same_variables(p);
        quote! {
            // Their names are what messages say of steps.
            mod __pmcp_steps {
                #(pub enum #markers {})*
            }

            fn __pmcp_prompt() -> #p::PromptSpec<#ty> {
                #p::prompt::<#ty>()
            }

            #(#steps)*
            #variables
        }
    }

    fn input_spec(&self, step: &Step, taken: &Taken, p: &TokenStream) -> TokenStream {
        let (function, ty, name) = (step.input_name(&taken.name), &taken.owned.ty, &taken.name);
        let producer = self.steps.get(taken.step);
        let make = match producer.map(|producer| (&producer.kind, producer.ident())) {
            Some((Kind::Tool { tool, .. }, _)) => {
                let tool = tool_type(tool, p);
                quote!(#p::result_of::<#tool, #ty>(#name))
            }
            Some((_, marker)) => quote!(#p::output_of::<__pmcp_steps::#marker, #ty>(#name)),
            None => TokenStream::new(),
        };
        quote! {
            fn #function() -> #p::Input<#ty> {
                #make
            }
        }
    }

    /// The functions that describe variables, of the first step that says which.
    pub(super) fn variables(&self) -> impl Iterator<Item = Ident> {
        self.steps.iter().flat_map(|step| {
            step.parameters.iter().filter_map(|parameter| match parameter {
                Parameter::Context(context) => match context.kind {
                    ContextKind::Task(_) => context.variables.as_ref().map(|_| step.function_name("context")),
                    ContextKind::Alias(_) => Some(step.function_name("context")),
                    ContextKind::Tool => None,
                },
                Parameter::Variables(_) => Some(step.function_name("variables")),
                _ => None,
            })
        })
    }

    /// Says that all steps have one type of variables.
    fn same_variables(&self, p: &TokenStream) -> TokenStream {
        let mut all = self.steps.iter().flat_map(|step| {
            step.parameters.iter().filter_map(move |parameter| match parameter {
                Parameter::Context(context) => context.variables.as_ref().map(|variables| (step, variables)),
                Parameter::Variables(variables) => Some((step, &variables.ty)),
                _ => None,
            })
        });
        let Some((_, first)) = all.next() else { return TokenStream::new() };
        let others = all.filter(|(_, variables)| variables.to_string() != first.to_string());
        let others = others.map(|(step, variables)| {
            let function = step.function_name("same_variables");
            quote! {
                fn #function() {
                    #p::same_variables::<#variables, #first>();
                }
            }
        });
        others.collect()
    }
}

impl Step {
    fn specs(&self, p: &TokenStream) -> TokenStream {
        let result = match &self.kind {
            Kind::Server(output) => {
                let value = output.value(p);
                let value = match output {
                    Output::Alias(_) => value,
                    Output::Value(value) | Output::Result { value, .. } => value.clone(),
                };
                let failure = match output {
                    Output::Value(_) => None,
                    Output::Result { error, .. } => Some(self.failure(error, p)),
                    Output::Alias(result) => Some(self.failure(&projected(result, &quote!(#p::AnyResult), "Error"), p)),
                };
                let result = self.result(&value, &quote!(step_value), p);
                quote!(#result #failure)
            }
            Kind::Output { ty, returned } => {
                let result = self.result(ty, &quote!(client_output), p);
                let shown = self.arguments(returned, &quote!(shown::<), p);
                quote!(#result #shown)
            }
            Kind::Tool { tool: path, returned, .. } => {
                let tool = tool_type(path, p);
                let arguments = self.arguments(returned, &quote!(step_arguments::<#tool,), p);
                // In an argument of a generic function the path of a value is another mistake than here.
                let alias = self.function_name("tool");
                quote! {
                    type #alias = #path;
                    #arguments
                }
            }
        };
        let contexts = self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Context(context) => {
                let (ty, make) = match &context.kind {
                    ContextKind::Task(variables) => {
                        (quote!(#p::TaskContext<#variables>), quote!(#p::task_context::<#variables>()))
                    }
                    ContextKind::Tool => (quote!(#p::ToolContext), quote!(#p::tool_context())),
                    ContextKind::Alias(ty) => (ty.clone(), quote!(#p::context::<#ty>())),
                };
                let function = self.function_name("context");
                Some(quote! {
                    fn #function() -> #p::ContextSpec<#ty> {
                        #make
                    }
                })
            }
            Parameter::Variables(variables) => {
                let (function, ty) = (self.function_name("variables"), &variables.ty);
                Some(quote! {
                    fn #function() -> #p::VariablesSpec<#ty> {
                        #p::variables::<#ty>()
                    }
                })
            }
            _ => None,
        });
        quote!(#result #(#contexts)*)
    }

    /// The result of a step that calls no tool.
    fn result(&self, ty: &TokenStream, make: &TokenStream, p: &TokenStream) -> TokenStream {
        let (function, marker) = (self.function_name("value"), self.ident());
        quote! {
            fn #function() -> #p::StepSpec<#ty> {
                #p::#make::<#ty>()
            }

            impl #p::OutputOf<__pmcp_steps::#marker> for #ty {
                fn read(
                    __pmcp_value: &#p::serde_json::Value,
                ) -> ::core::result::Result<Self, ::std::string::String> {
                    (#function().read)(__pmcp_value)
                }
            }
        }
    }

    /// The spec of what a mapping gives.
    fn arguments(&self, returned: &Returned, make: &TokenStream, p: &TokenStream) -> TokenStream {
        let (function, of) = (self.function_name("arguments"), &returned.of);
        let failure = match &returned.error {
            None => None,
            Some(MappingError::Known(error)) => Some(self.failure(error, p)),
            Some(MappingError::Of(result)) => {
                Some(self.failure(&projected(result, &quote!(#p::AnyResult), "Error"), p))
            }
        };
        quote! {
            fn #function() -> #p::ArgumentsSpec<#of> {
                #p::#make #of>()
            }
            #failure
        }
    }

    fn failure(&self, error: &TokenStream, p: &TokenStream) -> TokenStream {
        let function = self.function_name("failure");
        quote! {
            fn #function() -> fn(#error) -> #p::ToolError {
                #p::failure::<#error>()
            }
        }
    }
}
