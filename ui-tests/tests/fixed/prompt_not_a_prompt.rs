use pmcp_tasks::{offer::Offers, prelude::*};

#[prompt]
async fn review(path: String) -> String {
    path
}

fn main() {
    let _ = Offers::builder().prompt_function::<review, _>(&());
}
