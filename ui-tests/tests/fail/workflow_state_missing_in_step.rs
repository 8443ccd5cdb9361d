use pmcp_tasks::prelude::*;
use ui_tests::deploy::Database;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self, State(db): State<Database>) -> Result<u8, ToolError> {
        let _ = db;
        Ok(1)
    }
}

fn main() {
    let _ = pmcp_tasks::workflow::plan::<Deploy, ()>();
}
