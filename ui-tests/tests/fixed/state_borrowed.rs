use pmcp_tasks::prelude::*;

type Database = u8;

#[task_tool]
async fn query(_db: State<Database>) -> u8 {
    0
}

fn main() {}
