use pmcp_tasks::prelude::*;

#[prompt(titel = "Review")]
async fn review(path: String) -> String {
    path
}

fn main() {}
