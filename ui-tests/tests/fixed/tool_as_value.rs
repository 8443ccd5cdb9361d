use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(a: u32) -> u32 {
    a
}

fn main() {
    let _ = pmcp_tasks::TaskRouter::builder().tool::<add>();
}
