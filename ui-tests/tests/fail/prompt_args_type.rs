use pmcp_tasks::prelude::*;

struct All;

#[prompt]
async fn review(#[args] _all: All) -> String {
    String::new()
}

fn main() {}
