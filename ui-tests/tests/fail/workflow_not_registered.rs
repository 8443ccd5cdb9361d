#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

fn main() {
    let _ = pmcp_tasks::workflow::plan::<Deploy, ()>();
}
