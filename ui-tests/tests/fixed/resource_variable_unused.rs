use pmcp_tasks::prelude::*;

#[resource(uri = "note://{year}/{day}")]
async fn note(year: u32, day: String) -> String {
    year.to_string()
}

fn main() {}
