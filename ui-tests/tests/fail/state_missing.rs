use pmcp_tasks::{TaskRouter, prelude::*};

#[derive(Clone)]
struct Database;

#[derive(Clone)]
struct Cache;

#[derive(FromRef, Clone)]
struct App {
    cache: Cache,
}

#[task_tool]
async fn query(State(_db): State<Database>) -> u8 {
    0
}

fn main() {
    let _ = TaskRouter::builder().state(App { cache: Cache }).tool::<query>();
}
