use pmcp_tasks::prelude::*;

#[task_tool]
struct Import;

fn main() {
    let _ = Import;
}
