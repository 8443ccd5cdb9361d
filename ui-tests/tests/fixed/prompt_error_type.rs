use pmcp_tasks::prelude::*;

struct Broken;

#[prompt]
async fn review(path: String) -> Result<String, ToolError> {
    Ok(path)
}

fn main() {}
