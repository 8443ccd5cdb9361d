use pmcp_tasks::prelude::*;

#[prompt]
async fn review(_one: ToolContext, _two: &ToolContext) -> String {
    String::new()
}

fn main() {}
