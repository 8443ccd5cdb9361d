use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[task_tool]
async fn query(_db: &State<std::sync::Arc<Database>>) -> u32 {
    0
}

fn main() {}
