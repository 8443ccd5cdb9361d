use pmcp_tasks::prelude::*;
use ui_tests::deploy::{StatefulArgs, Validated, stateful};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step]
    async fn validate(&self) -> Result<Validated, ToolError> {
        Ok(Validated { image: self.service.clone() })
    }

    #[step(tool = stateful)]
    fn build(&self, validate: &Validated) -> StatefulArgs {
        StatefulArgs { image: validate.image.clone() }
    }
}

fn main() {
    let _ = pmcp_tasks::workflow::plan::<Deploy, ()>();
}
