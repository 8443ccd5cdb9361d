use pmcp_tasks::prelude::*;

#[resource(uri = "note://{day}")]
async fn note(#[arg(default = 1)] day: u32) -> String {
    day.to_string()
}

fn main() {}
