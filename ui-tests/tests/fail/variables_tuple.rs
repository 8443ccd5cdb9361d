use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress(u8);

fn main() {}
