use pmcp_tasks::prelude::*;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Arguments {
    a: u32,
    #[schemars(range(min = 1))]
    b: u32,
}

#[task_tool]
async fn add(#[args] arguments: Arguments) -> u32 {
    arguments.a + arguments.b
}

fn main() {}
