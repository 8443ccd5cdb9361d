use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
enum Size {
    _Small,
}

fn main() {}
