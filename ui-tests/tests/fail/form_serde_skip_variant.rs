use pmcp_tasks::prelude::*;

#[derive(Form, serde::Serialize)]
enum Size {
    _Small,
    #[serde(skip)]
    _Large,
}

fn main() {}
