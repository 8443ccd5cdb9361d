use pmcp_tasks::prelude::*;

struct Secret;

#[task_tool]
async fn reveal(_secrets: &[Secret]) -> u32 {
    0
}

fn main() {}
