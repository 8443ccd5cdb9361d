use pmcp_tasks::prelude::*;

#[complete]
async fn paths(request: pmcp_tasks::offer::CompletionRequest) -> Vec<String> {
    vec![request.value]
}

fn main() {}
