use pmcp_tasks::prelude::*;

#[prompt]
async fn review(path: String) -> Result<Vec<String>, ToolError> {
    Ok(vec![path])
}

fn main() {}
