use pmcp_tasks::prelude::*;

#[resource(uri = "note://{year}/{day}")]
async fn note(year: u32, day: String) -> String {
    format!("{year} {day}")
}

fn main() {}
