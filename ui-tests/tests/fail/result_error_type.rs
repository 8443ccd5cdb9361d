use pmcp_tasks::prelude::*;

struct Failure;

#[task_tool]
async fn import() -> Result<u8, Failure> {
    Ok(0)
}

fn main() {}
