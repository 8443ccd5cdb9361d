use pmcp_tasks::prelude::*;

#[derive(Clone)]
struct Database;

type Db = State<Database>;

#[task_tool]
async fn query(_db: Db) -> u32 {
    0
}

fn main() {}
