use pmcp_tasks::{offer::Offers, prelude::*};

#[derive(Clone)]
struct Database;

#[prompt]
async fn review(State(_db): State<Database>) -> String {
    String::new()
}

fn main() {
    let _ = Offers::builder().prompt_function::<review, ()>(&());
}
