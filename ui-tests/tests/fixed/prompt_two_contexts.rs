use pmcp_tasks::prelude::*;

#[prompt]
async fn review(_one: ToolContext) -> String {
    String::new()
}

fn main() {}
