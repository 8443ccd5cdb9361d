use pmcp_tasks::prelude::*;

#[resource(uri = "note:{id}")]
async fn note(id: u32) -> String {
    id.to_string()
}

fn main() {}
