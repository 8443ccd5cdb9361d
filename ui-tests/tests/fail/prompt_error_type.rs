use pmcp_tasks::prelude::*;

struct Broken;

#[prompt]
async fn review(path: String) -> Result<String, Broken> {
    Ok(path)
}

fn main() {}
