use pmcp_tasks::prelude::*;

#[derive(TaskVariables, Default)]
struct Progress<T> {
    done: T,
}

fn main() {}
