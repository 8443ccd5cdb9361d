use pmcp_tasks::{offer::Offers, prelude::*};

#[task_tool]
async fn review(path: String) -> String {
    path
}

fn main() {
    let _ = Offers::builder().prompt_function::<review, _>(&());
}
