use pmcp_tasks::prelude::*;

struct Board;

#[task_tool(visibility = "app")]
async fn show_board() -> u32 {
    0
}

fn main() {}
