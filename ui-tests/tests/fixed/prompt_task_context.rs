use pmcp_tasks::prelude::*;

#[prompt]
async fn review(_task: ToolContext) -> String {
    String::new()
}

fn main() {}
