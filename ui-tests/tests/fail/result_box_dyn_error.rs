use pmcp_tasks::prelude::*;

#[task_tool]
async fn import() -> Result<u32, Box<dyn std::error::Error>> {
    Ok("1".parse()?)
}

fn main() {}
