use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress {
    #[variable(client_writable)]
    done: u8,
}

fn main() {}
