use pmcp_tasks::prelude::*;

struct One;

#[async_trait::async_trait]
trait Calculator {
    async fn add(&self, a: u32) -> u32;
}

#[async_trait::async_trait]
impl Calculator for One {
    #[task_tool]
    async fn add(&self, a: u32) -> u32 {
        a + 1
    }
}

fn main() {}
