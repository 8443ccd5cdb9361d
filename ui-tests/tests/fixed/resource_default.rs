use pmcp_tasks::prelude::*;

#[resource(uri = "note://{day}")]
async fn note(day: u32) -> String {
    day.to_string()
}

fn main() {}
