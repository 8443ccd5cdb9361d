use pmcp_tasks::{TaskRouter, prelude::*};

#[task_tool(support = "required", inline = "1s")]
async fn add(a: u32) -> u32 {
    a
}

fn main() {
    let _ = TaskRouter::builder().tool::<add>();
}
