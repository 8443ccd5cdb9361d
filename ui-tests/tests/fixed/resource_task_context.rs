use pmcp_tasks::prelude::*;

#[resource(uri = "note://today")]
async fn note(_task: ToolContext) -> String {
    String::new()
}

fn main() {}
