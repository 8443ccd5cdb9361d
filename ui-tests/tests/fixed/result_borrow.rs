use pmcp_tasks::prelude::*;

#[task_tool]
async fn import(path: &str) -> String {
    path.to_owned()
}

fn main() {}
