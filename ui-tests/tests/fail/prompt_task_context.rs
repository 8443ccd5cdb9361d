use pmcp_tasks::prelude::*;

#[prompt]
async fn review(_task: TaskContext) -> String {
    String::new()
}

fn main() {}
