use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable(hiden)]
    done: u8,
}

fn main() {}
