use pmcp_tasks::prelude::*;

#[task_tool]
async fn import() -> u8 {
    let shared = std::rc::Rc::new(0);
    std::future::ready(()).await;
    *shared
}

fn main() {}
