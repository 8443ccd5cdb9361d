use pmcp_tasks::prelude::*;

struct Board;

#[task_tool(widget = Board)]
async fn show_board() -> u32 {
    0
}

fn main() {}
