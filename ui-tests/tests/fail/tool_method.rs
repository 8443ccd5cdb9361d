use pmcp_tasks::prelude::*;

struct Warehouse;

impl Warehouse {
    #[task_tool]
    async fn import(&self, #[arg(default = 1)] _rows: u32) -> u32 {
        0
    }
}

fn main() {}
