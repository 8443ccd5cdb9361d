use pmcp_tasks::prelude::*;

struct Day;

#[resource(uri = "note://{day}")]
async fn note(day: Day) -> String {
    let _ = day;
    String::new()
}

fn main() {}
