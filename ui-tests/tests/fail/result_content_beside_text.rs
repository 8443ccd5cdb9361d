use pmcp_tasks::prelude::*;

#[task_tool]
async fn draw() -> (String, Content) {
    ("a dot".into(), Content::image([1], "image/png"))
}

fn main() {}
