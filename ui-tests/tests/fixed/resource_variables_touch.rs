use pmcp_tasks::prelude::*;

#[resource(uri = "note://{year}/{day}")]
async fn note(year: u32, day: u32) -> String {
    format!("{year} {day}")
}

fn main() {}
