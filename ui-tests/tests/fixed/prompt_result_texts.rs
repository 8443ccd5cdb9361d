use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: String) -> Result<String, ToolError> {
    Ok(path)
}

fn main() {}
