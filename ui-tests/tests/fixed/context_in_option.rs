use pmcp_tasks::prelude::*;

#[task_tool]
async fn render(_cx: TaskContext) -> u32 {
    0
}

fn main() {}
