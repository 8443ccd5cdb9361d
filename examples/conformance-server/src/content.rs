//! Tools that return every kind of content, and none of which becomes a task.

use std::time::Duration;

use pmcp_server::Server;
use pmcp_tasks::prelude::*;

use crate::App;

/// One red pixel.
pub(crate) const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49,
    0x44, 0x41, 0x54, 0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0x18, 0xdd, 0x8d, 0xb0,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// One silent sample of 8 bits at 8 kHz.
const WAV: &[u8] =
    b"RIFF\x25\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x01\0\0\0\x80";

pub(crate) fn add_to(server: Server<App>) -> Server<App> {
    server
        .tool::<test_simple_text>()
        .tool::<test_image_content>()
        .tool::<test_audio_content>()
        .tool::<test_embedded_resource>()
        .tool::<test_multiple_content_types>()
        .tool::<test_error_handling>()
        .tool::<test_tool_with_progress>()
        .tool::<test_reconnection>()
        .tool::<test_tool_with_logging>()
        .tool::<test_logging_tool>()
        .tool::<greet>()
}

/// Returns one text.
#[task_tool(support = "forbidden", read_only)]
async fn test_simple_text() -> String {
    "This is a simple text response for testing.".into()
}

/// Returns one image.
#[task_tool(support = "forbidden", read_only)]
async fn test_image_content() -> ToolResult {
    Content::image(PNG, "image/png").into()
}

/// Returns one audio clip.
#[task_tool(support = "forbidden", read_only)]
async fn test_audio_content() -> ToolResult {
    Content::audio(WAV, "audio/wav").into()
}

/// Returns one embedded resource.
#[task_tool(support = "forbidden", read_only)]
async fn test_embedded_resource() -> ToolResult {
    let text = "This is an embedded resource content.";
    Content::resource_text("test://embedded-resource", "text/plain", text).into()
}

/// Returns a text, an image and an embedded resource.
#[task_tool(support = "forbidden", read_only)]
async fn test_multiple_content_types() -> ToolResult {
    let json = r#"{"test":"data","value":123}"#;
    ToolResult::text("Multiple content types test:")
        .with(Content::image(PNG, "image/png"))
        .with(Content::resource_text("test://mixed-content-resource", "application/json", json))
}

/// Always fails, in a way the model may read about.
#[task_tool(support = "forbidden", read_only)]
async fn test_error_handling() -> Result<String, ToolError> {
    Err(ToolError::new("This tool intentionally returns an error for testing"))
}

/// Reports progress three times, then returns.
#[task_tool(support = "forbidden", read_only)]
async fn test_tool_with_progress(cx: ToolContext) -> Result<String, ToolError> {
    for done in [0, 50, 100] {
        cx.progress(done, 100).await;
        cx.sleep(Duration::from_millis(50)).await?;
    }
    Ok("Progress was reported three times.".into())
}

/// Lets the client go, which comes back for the result.
#[task_tool(support = "forbidden", read_only)]
async fn test_reconnection(cx: ToolContext) -> Result<String, ToolError> {
    cx.let_go();
    cx.sleep(Duration::from_millis(200)).await?;
    Ok("Reconnected.".into())
}

/// Writes to the client's log three times, then returns.
#[task_tool(support = "forbidden", read_only)]
async fn test_tool_with_logging(cx: ToolContext) -> Result<String, ToolError> {
    cx.log(LogLevel::Info, "Tool execution started");
    cx.sleep(Duration::from_millis(50)).await?;
    cx.log(LogLevel::Info, "Tool processing data");
    cx.sleep(Duration::from_millis(50)).await?;
    cx.log(LogLevel::Info, "Tool execution completed");
    Ok("Three messages were logged.".into())
}

/// Writes to the client's log, which a client sees only if it wants to.
#[task_tool(support = "forbidden", read_only)]
async fn test_logging_tool(cx: ToolContext) -> String {
    cx.log(LogLevel::Info, "The tool was called");
    "A message was logged.".into()
}

/// Greets somebody.
#[task_tool(support = "forbidden", read_only)]
async fn greet(
    /// Who is greeted.
    name: &str,
) -> String {
    format!("Hello, {name}!")
}
