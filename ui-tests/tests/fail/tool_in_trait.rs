use pmcp_tasks::prelude::*;

trait Calculator {
    #[task_tool]
    async fn add(a: u32) -> u32;
}

fn main() {}
