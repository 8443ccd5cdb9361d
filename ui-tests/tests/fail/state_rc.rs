use pmcp_tasks::prelude::*;

#[task_tool]
async fn query(_db: State<std::rc::Rc<u32>>) -> u32 {
    0
}

fn main() {}
