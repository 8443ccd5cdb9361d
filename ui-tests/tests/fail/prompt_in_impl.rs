use pmcp_tasks::prelude::*;

struct Reviews;

impl Reviews {
    #[prompt]
    async fn review(path: String) -> String {
        path
    }
}

fn main() {}
