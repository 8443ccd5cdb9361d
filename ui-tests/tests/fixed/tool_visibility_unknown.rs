use pmcp_tasks::prelude::*;

#[task_tool(visibility = "app")]
async fn move_piece() -> u32 {
    0
}

fn main() {}
