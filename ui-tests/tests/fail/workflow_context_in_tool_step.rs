use pmcp_tasks::prelude::*;
use ui_tests::deploy::{BuildImageArgs, build_image};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Deploy {
    service: String,
}

#[workflow]
impl Deploy {
    #[step(tool = build_image)]
    fn build(&self, task: TaskContext) -> BuildImageArgs {
        BuildImageArgs { image: format!("{:?}", task.id()) }
    }
}

fn main() {}
