use pmcp_tasks::prelude::*;

#[resource(uri = "notes/{id}")]
async fn note(id: u32) -> String {
    id.to_string()
}

fn main() {}
