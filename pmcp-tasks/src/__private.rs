//! Names for generated code. No compatibility promise: the macro crate is pinned to this version.

#![expect(missing_debug_implementations, reason = "specs are function pointers, with nothing to show")]

mod answer;
mod argument;
mod arguments;
mod mapping;
mod meta;
mod offered;
mod output;
mod parameter;
mod step;
mod text;
mod values;
mod variable;

pub use futures_util::future::BoxFuture;
pub use schemars;
pub use serde;
pub use serde_json;

pub use self::{
    answer::{AnswerSpec, answer},
    argument::{Argument, ArgumentSpec, ObjectSchema, argument, to_owned},
    arguments::{
        ArgumentList, ArgumentObject, ObjectSpec, debug_list, decode_list, deserialize_list, input_schema, list_schema,
        named_schema, object, serialize_list,
    },
    mapping::{
        Absent, ArgumentsSpec, Expected, Fields, Reading, Shown, Together, encode_field, expected, no_step, not_run,
        ready, run_step, shown, step_arguments,
    },
    meta::object_of,
    offered::{
        CompletionInput, CompletionOutput, NamedCompletion, PromptOutput, ResourceOutput, completed, completion_input,
        completion_output, completion_result, prompt_output, prompt_result, resource_output, resource_result,
    },
    output::{AnyResult, OutputSpec, ToolFailure, failure, output, result},
    parameter::{ContextParameter, ContextSpec, StateParameter, StatePart, context, part, task_context, tool_context},
    step::{
        ClientOutput, Input, OutputOf, PromptObject, PromptSpec, SameVariables, StepSpec, VariablesSpec, client_output,
        output_of, prompt, result_of, same_variables, step_value, variables,
    },
    text::{TextSpec, TextsSpec, known, prompt_definition, resource_definition, text, texts, values},
    values::Values,
    variable::{HasNoSchema, HasSchema, SchemaOf, VariableSpec, default_of, variable},
};
pub use crate::{
    context::{Cells, Form, FromRef, RunContext, State, TaskContext, TaskVariables, ToolContext, Variable},
    offer::{
        Completion, CompletionFunction, CompletionRequest, Prompt, PromptFunction, PromptResult, Resource,
        ResourceContents, ResourceFunction, ResourceRead, Suggested,
    },
    schema::form::{
        FormChoice, FormField, FormFieldSpec, FormFields, FormLength, FormNumber, FormText, form_field, form_number,
        form_sized, form_text,
    },
    task::{FieldDefinition, VariableError, VariableValue},
    tool::{
        Annotations, ArgumentError, ArgumentField, Arguments, ArgumentsOf, Fallback, Gives, Icon, IconTheme, NamedTool,
        OnCrash, Prepared, Question, ResultOf, Role, TaskSupport, Tool, ToolAnnotations, ToolDefinition, ToolError,
        ToolResult, ToolTypes, ToolUi, ToolWidget, Visibility,
    },
    workflow::{
        By, OnError, Outputs, Resolved, Start, StepDefinition, StepFailure, Takes, Workflow, WorkflowDefinition,
        WorkflowTool,
    },
};
