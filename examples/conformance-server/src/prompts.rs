//! The prompts, and suggestions for their arguments.

use pmcp_server::{Completion, Prompt, PromptArgument, PromptResult, Server};
use pmcp_tasks::tool::Content;

use crate::{App, answers::Background, content::PNG};

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server
        .prompt(Prompt::new("test_simple_prompt").description("One text."), |_, _| async {
            Ok(PromptResult::user("This is a simple prompt for testing."))
        })
        .prompt(
            Prompt::new("test_prompt_with_arguments")
                .description("One text with two arguments in it.")
                .argument(PromptArgument::required("arg1").description("The first argument."))
                .argument(PromptArgument::required("arg2").description("The second argument.")),
            |arguments, _| async move {
                let (first, second) = (arguments.text("arg1"), arguments.text("arg2"));
                Ok(PromptResult::user(format!("Prompt with arguments: arg1='{first}', arg2='{second}'")))
            },
        )
        .prompt(
            Prompt::new("test_prompt_with_embedded_resource")
                .description("A resource and what to do with it.")
                .argument(PromptArgument::required("resourceUri").description("The URI of the resource.")),
            |arguments, _| async move {
                let text = "Embedded resource content for testing.";
                let resource = Content::resource_text(arguments.text("resourceUri"), "text/plain", text);
                Ok(PromptResult::default()
                    .with_user(resource)
                    .with_user(Content::text("Please process the embedded resource above.")))
            },
        )
        .prompt(Prompt::new("test_prompt_with_image").description("An image and what to do with it."), |_, _| async {
            Ok(PromptResult::default()
                .with_user(Content::image(PNG, "image/png"))
                .with_user(Content::text("Please analyze the image above.")))
        })
        .prompt(
            Prompt::new("test_input_required_result_prompt").description("A text the user is asked for first."),
            |_, cx| async move {
                let Background { context } = cx.elicit("What context should the prompt use?").await?;
                Ok(PromptResult::user(format!("Use this context: {context}")))
            },
        )
        .complete(|request, _| async move {
            let known = ["test", "testing", "tested", "other"];
            Ok(known.into_iter().filter(|known| known.starts_with(&request.value)).collect::<Completion>())
        })
}
