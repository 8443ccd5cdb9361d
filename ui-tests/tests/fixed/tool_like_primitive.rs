use pmcp_tasks::prelude::*;

#[task_tool(name = "str")]
async fn text() -> u8 {
    0
}

fn main() {}
