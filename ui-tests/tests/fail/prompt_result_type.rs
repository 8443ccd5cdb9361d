use pmcp_tasks::prelude::*;

#[prompt]
async fn review(lines: u32) -> u32 {
    lines
}

fn main() {}
