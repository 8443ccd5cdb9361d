use pmcp_tasks::prelude::*;

#[task_tool]
async fn find(_id: uuid::Uuid) -> u32 {
    0
}

fn main() {}
