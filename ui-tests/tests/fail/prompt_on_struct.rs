use pmcp_tasks::prelude::*;

#[prompt]
struct Review;

fn main() {}
