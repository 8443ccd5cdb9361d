use pmcp_tasks::prelude::*;

#[complete]
async fn paths(typed: &str) -> Vec<String> {
    vec![typed.to_owned()]
}

#[prompt]
async fn review(_cx: ToolContext) -> String {
    String::new()
}

fn main() {}
