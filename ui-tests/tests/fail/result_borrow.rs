use pmcp_tasks::prelude::*;

#[task_tool]
async fn import(path: &str) -> &str {
    path
}

fn main() {}
