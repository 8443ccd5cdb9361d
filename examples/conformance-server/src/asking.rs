//! Tools that ask the client inside the call: the user, its model, its roots.

use pmcp_server::Server;
use pmcp_tasks::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    App,
    answers::{Account, Agreement, Named, Painted, Profile, choices},
};

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server
        .tool::<test_sampling>()
        .tool::<test_elicitation>()
        .tool::<test_elicitation_sep1034_defaults>()
        .tool::<test_elicitation_sep1330_enums>()
        .tool::<test_missing_capability>()
        .tool::<test_streaming_elicitation>()
        .tool::<test_input_required_result_elicitation>()
        .tool::<test_input_required_result_sampling>()
        .tool::<test_input_required_result_list_roots>()
        .tool::<test_input_required_result_request_state>()
        .tool::<test_input_required_result_multiple_inputs>()
        .tool::<test_input_required_result_multi_round>()
        .tool::<test_input_required_result_tampered_state>()
        .tool::<test_input_required_result_capabilities>()
}

/// The parameters of `sampling/createMessage` for one question of the user.
fn question(text: &str, max_tokens: u32) -> Value {
    json!({
        "messages": [{ "role": "user", "content": { "type": "text", "text": text } }],
        "maxTokens": max_tokens,
    })
}

/// The text of a sampled message.
fn sampled_text(message: &Value) -> &str {
    message.pointer("/content/text").and_then(Value::as_str).unwrap_or("(no text)")
}

/// Asks the client's model.
#[task_tool(support = "forbidden")]
async fn test_sampling(
    /// What the model is asked.
    prompt: &str,
    cx: ToolContext,
) -> Result<String, ToolError> {
    let message = cx.sample(question(prompt, 100)).await?;
    Ok(format!("LLM response: {}", sampled_text(&message)))
}

/// What the user answered, or that the user did not, in words.
fn told(answer: Result<impl Serialize, AskError>) -> Result<String, ToolError> {
    match answer {
        Ok(content) => Ok(format!("action=accept, content={}", serde_json::to_string(&content)?)),
        Err(AskError::Declined) => Ok("action=decline".into()),
        Err(AskError::Cancelled) => Ok("action=cancel".into()),
        Err(error) => Err(error.into()),
    }
}

/// Asks the user for a name and an address.
#[task_tool(support = "forbidden")]
async fn test_elicitation(
    /// What the user is asked.
    message: &str,
    cx: ToolContext,
) -> Result<String, ToolError> {
    Ok(format!("User response: {}", told(cx.elicit::<Account>(message).await)?))
}

/// Asks the user with a default for every primitive type.
#[task_tool(support = "forbidden")]
async fn test_elicitation_sep1034_defaults(cx: ToolContext) -> Result<String, ToolError> {
    let answer = cx.elicit::<Profile>("Please check your profile").await;
    Ok(format!("Elicitation completed: {}", told(answer)?))
}

/// Asks the user to choose, in every way a form can.
#[task_tool(support = "forbidden")]
async fn test_elicitation_sep1330_enums(cx: ToolContext) -> Result<String, ToolError> {
    let answer = cx.elicit_schema("Please choose", choices()).await;
    Ok(format!("Elicitation completed: {}", told(answer)?))
}

/// Needs a client that samples.
#[task_tool(support = "forbidden")]
async fn test_missing_capability(cx: ToolContext) -> Result<String, ToolError> {
    let message = cx.sample(question("Say something.", 20)).await?;
    Ok(sampled_text(&message).into())
}

/// Asks the user while the client may be reading a stream.
#[task_tool(support = "forbidden")]
async fn test_streaming_elicitation(cx: ToolContext) -> Result<String, ToolError> {
    let Named { name } = cx.elicit("What is your name?").await?;
    Ok(format!("Hello, {name}!"))
}

/// Asks for a name under a key that is always the same.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_elicitation(#[ask("What is your name?")] user_name: Named) -> String {
    format!("Hello, {}!", user_name.name)
}

/// Asks the client's model and returns its answer.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_sampling(cx: ToolContext) -> Result<String, ToolError> {
    let message = cx.sample(question("What is the capital of France?", 100)).await?;
    Ok(sampled_text(&message).into())
}

/// Asks for the client's roots and returns them.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_list_roots(cx: ToolContext) -> Result<String, ToolError> {
    Ok(format!("Client roots: {}", cx.list_roots().await?))
}

/// Asks for a confirmation; the client gets a state to send back.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_request_state(cx: ToolContext) -> Result<String, ToolError> {
    let Agreement { ok } = cx.elicit("Please confirm").await?;
    Ok(format!("state-ok, answered {ok}"))
}

/// Asks the user, the model and for the roots, all at once.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_multiple_inputs(cx: ToolContext) -> Result<String, ToolError> {
    let (named, greeting, roots) = tokio::join!(
        cx.elicit::<Named>("What is your name?"),
        cx.sample(question("Generate a greeting", 50)),
        cx.list_roots(),
    );
    let (Named { name }, greeting, roots) = (named?, greeting?, roots?);
    Ok(format!("{} {name}, your roots are {roots}", sampled_text(&greeting)))
}

/// Asks twice, the second time knowing the first answer.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_multi_round(cx: ToolContext) -> Result<String, ToolError> {
    let Named { name } = cx.elicit("Step 1: What is your name?").await?;
    let Painted { color } = cx.elicit("Step 2: What is your favorite color?").await?;
    Ok(format!("{name} likes {color}"))
}

/// Asks for a confirmation; a state that was tampered with is refused.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_tampered_state(cx: ToolContext) -> Result<String, ToolError> {
    let Agreement { ok } = cx.elicit("Please confirm").await?;
    Ok(format!("answered {ok}"))
}

/// Asks for whatever the client can be asked for.
#[task_tool(support = "forbidden")]
async fn test_input_required_result_capabilities(cx: ToolContext) -> Result<String, ToolError> {
    let client = cx.client();
    let mut answers = Vec::new();
    if client.sampling {
        let message = cx.sample(question("What is the capital of France?", 100)).await?;
        answers.push(sampled_text(&message).to_owned());
    }
    if client.elicitation {
        answers.push(cx.elicit::<Named>("What is your name?").await?.name);
    }
    if client.roots {
        answers.push(cx.list_roots().await?.to_string());
    }
    Ok(format!("answers: {}", answers.join(", ")))
}
