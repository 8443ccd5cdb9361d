use pmcp_tasks::prelude::*;

#[task_tool]
async fn add<T: Default>() -> u32 {
    drop(T::default());
    0
}

fn main() {}
