use pmcp_tasks::prelude::*;

#[derive(FromRef, Clone)]
enum App {
    Started,
}

fn main() {}
