//! The prompts, and suggestions for their arguments.

use pmcp_server::{PromptResult, Server};
use pmcp_tasks::{prelude::*, tool::Content};

use crate::{App, answers::Background, content::PNG};

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server
        .prompt::<test_simple_prompt>()
        .prompt::<test_prompt_with_arguments>()
        .prompt::<test_prompt_with_embedded_resource>()
        .prompt::<test_prompt_with_image>()
        .prompt::<test_input_required_result_prompt>()
}

/// One text.
#[prompt]
async fn test_simple_prompt() -> &'static str {
    "This is a simple prompt for testing."
}

/// One text with two arguments in it.
#[prompt]
async fn test_prompt_with_arguments(
    /// The first argument.
    #[complete(words)]
    arg1: &str,
    /// The second argument.
    #[complete(words)]
    arg2: &str,
) -> String {
    format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
}

#[complete]
async fn words(typed: &str) -> Vec<&'static str> {
    ["test", "testing", "tested", "other"].into_iter().filter(|word| word.starts_with(typed)).collect()
}

/// A resource and what to do with it.
#[prompt]
async fn test_prompt_with_embedded_resource(
    /// The URI of the resource.
    #[arg(rename = "resourceUri")]
    uri: &str,
) -> PromptResult {
    PromptResult::default()
        .with_user(Content::resource_text(uri, "text/plain", "Embedded resource content for testing."))
        .with_user(Content::text("Please process the embedded resource above."))
}

/// An image and what to do with it.
#[prompt]
async fn test_prompt_with_image() -> PromptResult {
    PromptResult::default()
        .with_user(Content::image(PNG, "image/png"))
        .with_user(Content::text("Please analyze the image above."))
}

/// A text the user is asked for first.
#[prompt]
async fn test_input_required_result_prompt(cx: ToolContext) -> Result<String, ToolError> {
    let Background { context } = cx.elicit("What context should the prompt use?").await?;
    Ok(format!("Use this context: {context}"))
}
