use pmcp_tasks::prelude::*;

#[prompt]
#[task_tool]
async fn review(path: String) -> String {
    path
}

fn main() {}
