use pmcp_tasks::prelude::*;

#[task_tool]
async fn reveal(_secret: Sekret) -> u32 {
    0
}

fn main() {}
