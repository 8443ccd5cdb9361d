use pmcp_tasks::prelude::*;

struct Reviews;

impl Reviews {
    #[prompt]
    async fn review(&self, path: String) -> String {
        path
    }
}

fn main() {}
