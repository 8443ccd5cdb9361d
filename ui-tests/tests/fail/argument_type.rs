use pmcp_tasks::prelude::*;

struct Secret;

#[task_tool]
async fn reveal(_secret: Secret, _rows: u32) -> u32 {
    0
}

fn main() {}
