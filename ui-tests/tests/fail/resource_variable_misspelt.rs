use pmcp_tasks::prelude::*;

#[resource(uri = "note://{year}/{day}")]
async fn note(yaer: u32, day: u32) -> String {
    format!("{yaer} {day}")
}

fn main() {}
