use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

#[task_tool]
async fn query(_db: State<Option<Database>>) -> u32 {
    0
}

fn main() {}
