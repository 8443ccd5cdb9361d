use pmcp_tasks::prelude::*;

#[task_tool]
async fn create() -> uuid::Uuid {
    uuid::Uuid::nil()
}

fn main() {}
