use pmcp_tasks::prelude::*;

#[task_tool(support = "maybe", ttl = "soon")]
fn add(a: &mut u32, _b: Vec<&str>, #[arg(rename = 1)] _c: u32, _d: ToolContext, _e: ToolContext) {
}

fn main() {}
