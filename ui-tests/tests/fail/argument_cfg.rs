use pmcp_tasks::prelude::*;

#[task_tool]
async fn add(_a: u32, #[cfg(unix)] _b: u32) -> u32 {
    0
}

fn main() {}
