use pmcp_tasks::prelude::*;

type Files = State<u8>;

#[prompt]
async fn review(_files: Files) -> String {
    String::new()
}

fn main() {}
