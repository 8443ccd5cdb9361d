use pmcp_tasks::prelude::*;

#[derive(serde::Serialize)]
struct Note;

#[resource(uri = "note://today")]
async fn note() -> Note {
    Note
}

fn main() {}
