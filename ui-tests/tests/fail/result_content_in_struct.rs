use pmcp_tasks::prelude::*;

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Drawing {
    picture: Content,
}

#[task_tool]
async fn draw() -> Drawing {
    Drawing { picture: Content::image([1], "image/png") }
}

fn main() {}
