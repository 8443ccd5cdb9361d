use pmcp_tasks::prelude::*;

#[derive(Form, serde::Deserialize, schemars::JsonSchema)]
enum Size {
    #[schemars(title = "As small as can be")]
    _Small,
    _Large,
}

fn main() {}
